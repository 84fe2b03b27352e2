package barbican

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// images are written under the encryption of the volume, and servers find them there.
func images(t *testing.T, c *cloud) {
	data := append(bytes.Repeat([]byte{171}, 3<<20), make([]byte, 2<<20)...)
	data = append(data, bytes.Repeat([]byte{7}, 1<<20+100)...) // no whole sector
	holds := func(id string) {
		t.Helper()
		pass := c.passphrase(t, c.ann, c.key(t, c.ann, id))
		d := c.attach(t, c.ann, id, true)
		if err := d.io(pass, "read -P 171 0 3M", "read -P 0 3M 2M", fmt.Sprint("read -P 7 5M ", 1<<20+100)); err != nil {
			t.Error(err)
		}
		if d.io("", "read -P 171 2M 1M") == nil {
			t.Error("the image can be read without the key")
		}
		c.detach(t, c.ann, d, id)
	}
	raw := filepath.Join(t.TempDir(), "raw")
	if err := os.WriteFile(raw, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, raw+".qcow2").CombinedOutput(); err != nil {
		t.Fatalf("qemu-img: %v\n%s", err, out)
	}
	packed, err := os.ReadFile(raw + ".qcow2")
	if err != nil {
		t.Fatal(err)
	}
	for format, content := range map[string][]byte{"raw": data, "qcow2": packed} {
		image := c.glance.Upload(c.ann.token, format, format, content, nil)
		id := c.volume(t, c.ann, `"size": 1, "volume_type": "secret", "imageRef": "`+image+`"`)
		c.keysAfterClones(t, c.key(t, c.ann, id)) // the service has read its copy
		holds(id)
		c.ask(t, c.ann, "3.68", "POST", "/volumes/"+id+"/action", `{"os-reimage": {"image_id": "`+image+`"}}`, 202)
		c.status(t, c.ann, "volumes", id, "available")
		c.keysAfterClones(t, c.key(t, c.ann, id))
		holds(id)
		c.remove(t, c.ann, id)
	}
}
