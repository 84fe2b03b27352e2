package barbican

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	initiator = "iqn.2026-11.io.clinker:compute1"
	server    = "8ed1a1c4-3ab7-4b9a-9f0c-0f3f5d1f0001"
)

// disk is a volume as a compute host has it: a logical unit with LUKS on it.
type disk struct {
	t          *testing.T
	attachment string
	dir        string // of the files with the secrets
	opts       string // of the unit itself
}

// attach connects a volume and insists that the compute host is told to decrypt.
func (c *cloud) attach(t *testing.T, who caller, volume string, encrypted bool) disk {
	t.Helper()
	a := c.ask(t, who, "3.44", "POST", "/attachments", `{"attachment": {"volume_uuid": "`+volume+`", "instance_uuid": "`+server+`", "connector": {"initiator": "`+initiator+`", "host": "compute1", "ip": "127.0.0.1"}}}`, 200)
	if got := a.get("attachment.connection_info.encrypted"); got != fmt.Sprint(encrypted) {
		t.Errorf("the compute host is told encrypted: %s, want %t", got, encrypted)
	}
	d := disk{t: t, attachment: a.get("attachment.id"), dir: t.TempDir()}
	info := func(name string) string { return a.get("attachment.connection_info." + name) }
	d.secret("chap", info("auth_password"))
	d.opts = fmt.Sprintf("driver=iscsi,transport=tcp,portal=%s,target=%s,lun=%s,user=%s,password-secret=chap,initiator-name=%s",
		info("target_portal"), info("target_iqn"), info("target_lun"), info("auth_username"), initiator)
	return d
}

func (d disk) secret(id, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, id), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// io runs commands of qemu-io behind LUKS with a passphrase, or without one on
// the blocks as they are.
func (d disk) io(passphrase string, commands ...string) error {
	d.t.Helper()
	args, opts := []string{"--object", "secret,id=chap,file=" + filepath.Join(d.dir, "chap")}, d.opts
	if passphrase != "" {
		d.secret("luks", passphrase)
		args = append(args, "--object", "secret,id=luks,file="+filepath.Join(d.dir, "luks"))
		opts = "driver=luks,key-secret=luks,file." + strings.ReplaceAll(d.opts, ",", ",file.")
	}
	args = append(args, "--image-opts", opts)
	for _, cmd := range commands {
		args = append(args, "-c", cmd)
	}
	out, err := exec.CommandContext(d.t.Context(), "qemu-io", args...).CombinedOutput()
	if err == nil && strings.Contains(string(out), "Pattern verification failed") {
		err = fmt.Errorf("other data")
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func (c *cloud) detach(t *testing.T, who caller, d disk, volume string) {
	t.Helper()
	// As Nova would: with its own token.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, c.url+"/attachments/"+d.attachment, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", who.token)
	req.Header.Set("X-Service-Token", c.nova)
	req.Header.Set("OpenStack-API-Version", "volume 3.44")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("delete the attachment: %d", resp.StatusCode)
	}
	c.status(t, who, "volumes", volume, "available")
}

// format does on the volume's blocks what os-brick does on a compute host at the
// first attachment. The number of iterations is small for speed.
func (c *cloud) format(t *testing.T, volume, passphrase string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/sbin/cryptsetup", "--batch-mode", "luksFormat", "--type", "luks1", "--key-file=-",
		"--cipher", "aes-xts-plain64", "--key-size", "256", "--pbkdf-force-iterations", "1000", c.file(volume))
	cmd.Stdin = strings.NewReader(passphrase)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cryptsetup luksFormat: %v\n%s", err, out)
	}
}

func (c *cloud) file(volume string) string { return filepath.Join(c.dir, "one", "volume-"+volume) }

func dataUnderLUKS(t *testing.T, c *cloud) {
	id := c.volume(t, c.ann, `"size": 1, "volume_type": "secret"`)
	pass := c.passphrase(t, c.ann, c.key(t, c.ann, id))
	d := c.attach(t, c.ann, id, true)
	c.format(t, id, pass)
	if err := d.io(pass, "write -P 171 0 4M", "flush", "read -P 171 0 4M"); err != nil {
		t.Fatal(err)
	}
	// The header takes room of the volume, so a disk under LUKS is smaller than it.
	if err := d.io(pass, "write -P 7 1021M 1M"); err != nil {
		t.Error(err)
	}
	if err := d.io(pass, "write -P 7 1023M 1M"); err == nil {
		t.Error("the header takes no room")
	}
	if err := d.io(strings.Repeat("0", len(pass)), "read 0 1M"); err == nil {
		t.Error("another key opens the volume")
	}
	if err := d.io("", "read -P 171 2M 4M"); err == nil {
		t.Error("the data can be read without the key")
	}
	c.detach(t, c.ann, d, id)
	twin := c.volume(t, c.ann, `"source_volid": "`+id+`"`)
	e := c.attach(t, c.ann, twin, true)
	own := c.passphrase(t, c.ann, c.key(t, c.ann, twin))
	if err := e.io(own, "read -P 171 0 4M"); err != nil {
		t.Errorf("the copy with its own key: %v", err)
	}
	if own == pass || e.io(pass, "read 0 1M") == nil {
		t.Error("the source's key opens the copy")
	}
	c.detach(t, c.ann, e, twin)
	grown := c.volume(t, c.ann, `"source_volid": "`+id+`", "size": 2`)
	f := c.attach(t, c.ann, grown, true)
	if err := f.io(c.passphrase(t, c.ann, c.key(t, c.ann, grown)), "read -P 171 0 4M", "write -P 9 2045M 1M", "read -P 9 2045M 1M"); err != nil {
		t.Errorf("the bigger copy: %v", err)
	}
	c.detach(t, c.ann, f, grown)
	c.remove(t, c.ann, id, twin, grown)
}

// nameID is the id that a volume bears in its pool after it has moved.
func (c *cloud) nameID(t *testing.T, volume string) (id string) {
	t.Helper()
	if err := c.conn.QueryRow(t.Context(), "SELECT coalesce(name_id, id)::text FROM volumes WHERE id = $1", volume).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}
