package barbican

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// retypes change how a volume is encrypted while nothing is on it.
func retypes(t *testing.T, c *cloud) {
	c.ask(t, c.admin, "3.0", "POST", "/types", `{"volume_type": {"name": "open"}}`, 200)
	wider := c.ask(t, c.admin, "3.0", "POST", "/types", `{"volume_type": {"name": "same"}}`, 200).get("volume_type.id")
	c.ask(t, c.admin, "3.0", "POST", "/types/"+wider+"/encryption",
		`{"encryption": {"provider": "luks", "cipher": "aes-xts-plain64", "key_size": 256, "control_location": "front-end"}}`, 200)
	id := c.volume(t, c.ann, `"size": 1, "volume_type": "open"`)
	retype := func(who caller, to, policy string, status int) {
		t.Helper()
		c.ask(t, who, "3.0", "POST", "/volumes/"+id+"/action", `{"os-retype": {"new_type": "`+to+`", "migration_policy": "`+policy+`"}}`, status)
	}
	is := func(kind string, encrypted bool) string {
		t.Helper()
		c.status(t, c.ann, "volumes", id, "available")
		a := c.ask(t, c.ann, "3.64", "GET", "/volumes/"+id, "", 200)
		if a.get("volume.volume_type") != kind || a.get("volume.encrypted") != fmt.Sprint(encrypted) {
			t.Fatalf("the volume is %s", a.body)
		}
		return a.get("volume.encryption_key_id")
	}
	retype(c.guest, "secret", "on-demand", 400)
	retype(c.admin, "secret", "on-demand", 400)
	retype(c.ann, "secret", "never", 202)
	is("open", false)
	retype(c.ann, "secret", "on-demand", 202)
	key := is("secret", true)
	if c.barbican.ProjectOf(key) != c.ann.project {
		t.Error("the key is not the owner's")
	}
	retype(c.ann, "same", "never", 202) // the blocks look the same: nothing moves
	if got := is("same", true); got != key {
		t.Errorf("the key is %s, want %s as before", got, key)
	}
	if err := os.WriteFile(c.file(c.nameID(t, id)), []byte("this is no LUKS"), 0o600); err != nil {
		t.Fatal(err)
	}
	retype(c.ann, "open", "on-demand", 202) // its contents can be read by nobody
	if got := is("same", true); got != key {
		t.Errorf("the key is %s, want %s as before", got, key)
	}
	blank := c.volume(t, c.ann, `"size": 1, "volume_type": "secret"`)
	c.remove(t, c.ann, id)
	id = blank
	retype(c.admin, "open", "on-demand", 400) // who may not read the key
	retype(c.ann, "open", "on-demand", 202)
	is("open", false)
	c.remove(t, c.ann, id) // and the key that it had
}

// encryptedType makes a type whose volumes are under LUKS.
func (c *cloud) encryptedType(t *testing.T, name, cipher string, bits int) {
	t.Helper()
	id := c.ask(t, c.admin, "3.0", "POST", "/types", `{"volume_type": {"name": "`+name+`"}}`, 200).get("volume_type.id")
	c.ask(t, c.admin, "3.0", "POST", "/types/"+id+"/encryption",
		fmt.Sprintf(`{"encryption": {"provider": "luks", "cipher": %q, "key_size": %d, "control_location": "front-end"}}`, cipher, bits), 200)
}

// retypesWithContents copies through the encryptions, and servers read on.
func retypesWithContents(t *testing.T, c *cloud) {
	c.encryptedType(t, "chained", "aes-cbc-essiv:sha256", 128)
	var secrets []string
	retype := func(id, to string, keysAfter int) (key string) {
		t.Helper()
		c.ask(t, c.ann, "3.0", "POST", "/volumes/"+id+"/action", `{"os-retype": {"new_type": "`+to+`", "migration_policy": "on-demand"}}`, 202)
		return c.retyped(t, id, to, keysAfter)
	}
	// with does as a server that has the volume.
	with := func(id, pass string, commands ...string) {
		t.Helper()
		if pass != "" {
			secrets = append(secrets, pass)
		}
		d := c.attach(t, c.ann, id, pass != "")
		if err := d.io(pass, commands...); err != nil {
			t.Errorf("%q: %v", commands, err)
		}
		c.detach(t, c.ann, d, id)
	}

	// Under LUKS, then under another LUKS, then without.
	id := c.volume(t, c.ann, `"size": 1, "volume_type": "secret"`)
	first := c.passphrase(t, c.ann, c.key(t, c.ann, id))
	c.format(t, id, first)
	with(id, first, "write -P 171 0 4M", "write -P 7 1021M 1M", "write -P 0 10M 1M", "flush")
	// Barbican is away when the worker needs the keys.
	if err := c.running["volume"].Terminate(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	c.ask(t, c.ann, "3.0", "POST", "/volumes/"+id+"/action", `{"os-retype": {"new_type": "chained", "migration_policy": "on-demand"}}`, 202)
	asked := make(chan struct{}, 100)
	mend := c.line.set(func(w http.ResponseWriter, _ *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		http.Error(w, "later", http.StatusServiceUnavailable)
	})
	c.run("volume")
	select {
	case <-asked:
	case <-time.After(limit):
		t.Error("the worker asks for no key")
	}
	mend()
	key := c.retyped(t, id, "chained", 2) // the old one goes with the next request
	second := c.passphrase(t, c.ann, key)
	if second == first {
		t.Error("the key is the old one")
	}
	with(id, second, "read -P 171 0 4M", "read -P 7 1021M 1M", "read -P 0 10M 1M")
	d := c.attach(t, c.ann, id, true)
	if d.io(first, "read 0 1M") == nil || d.io("", "read -P 171 2M 4M") == nil {
		t.Error("the volume opens with the old key, or without one")
	}
	c.detach(t, c.ann, d, id)
	retype(id, "open", 1)
	with(id, "", "read -P 171 0 4M", "read -P 0 4M 6M", "read -P 7 1021M 1M", "read -P 0 1022M 2M")
	c.remove(t, c.ann, id)
	c.keys(t)

	// The header takes room that somebody uses.
	id = c.volume(t, c.ann, `"size": 1, "volume_type": "open"`)
	with(id, "", "write -P 171 0 4M", "write -P 7 1023M 1M", "flush")
	c.ask(t, c.ann, "3.0", "POST", "/volumes/"+id+"/action", `{"os-retype": {"new_type": "secret", "migration_policy": "on-demand"}}`, 202)
	c.retyped(t, id, "open", 1)
	if got := c.ask(t, c.ann, "3.3", "GET", "/messages?resource_uuid="+id, "", 200).get("messages.0.user_message"); !strings.Contains(got, "Volume status is invalid") {
		t.Errorf("the user is told %q", got)
	}
	with(id, "", "read -P 7 1023M 1M", "write -P 0 1022M 2M", "flush")

	// Without that it is encrypted, though the worker is killed meanwhile.
	name := c.nameID(t, id)
	c.ask(t, c.ann, "3.0", "POST", "/volumes/"+id+"/action", `{"os-retype": {"new_type": "secret", "migration_policy": "on-demand"}}`, 202)
	c.await("the copy", func() bool {
		files, err := filepath.Glob(filepath.Join(c.dir, "one", "volume-*"))
		return err == nil && len(files) > 1 || c.nameID(t, id) != name
	})
	c.running["volume"].Kill9()
	c.run("volume")
	pass := c.passphrase(t, c.ann, c.retyped(t, id, "secret", 1))
	with(id, pass, "read -P 171 0 4M", "read -P 0 4M 1018M")
	c.remove(t, c.ann, id)

	log, err := os.ReadFile(c.log("volume"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets {
		if strings.Contains(string(log), secret) {
			t.Error("a key is in the log")
		}
	}
}

// retyped waits for the end of a retype, which leaves so many keys at Barbican;
// it returns that of the volume.
func (c *cloud) retyped(t *testing.T, id, kind string, keys int) string {
	t.Helper()
	c.status(t, c.ann, "volumes", id, "available")
	a := c.ask(t, c.ann, "3.64", "GET", "/volumes/"+id, "", 200)
	if got := a.get("volume.volume_type"); got != kind {
		t.Fatalf("the volume is %q, want %q", got, kind)
	}
	c.await("only the keys that are needed", func() bool { return len(c.barbican.Keys()) == keys })
	return a.get("volume.encryption_key_id")
}
