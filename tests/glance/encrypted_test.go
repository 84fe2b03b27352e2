package glance

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// encryptedImages go from volume to image and back, each with a key of its own
// that opens the same data, and no key is left in the end.
func encryptedImages(c *cloud) {
	s := c.rsaSigner(tomorrow()) // its certificate is in Barbican too
	before := c.barbican.Keys()
	kind := c.must(c.admin, "POST", "/types", object{"volume_type": object{"name": "secret", "extra_specs": object{"volume_backend_name": "plain"}}}).text("volume_type.id")
	c.must(c.admin, "POST", "/types/"+kind+"/encryption", object{"encryption": object{"provider": "luks", "cipher": "aes-xts-plain64", "key_size": 256,
		"control_location": "front-end"}})
	first := c.secret(nil)
	c.format(first)
	up := c.action(c.member, first, object{"os-volume_upload_image": object{"image_name": "secret"}}).text("os-volume_upload_image.image_id")
	c.becomes(c.member, first, "available")
	image := c.glance.Show(c.member.token, up)
	imageKey := image.Text("cinder_encryption_key_id")
	if image.Text("status") != "active" || image["size"] != float64(1<<30) || image.Text("cinder_encryption_key_deletion_policy") != "on_image_deletion" ||
		imageKey == c.keyOf(first) || c.barbican.ProjectOf(imageKey) != c.member.project {
		c.t.Fatalf("image %v of a volume with the key %s", image, c.keyOf(first))
	}
	second := c.secret(object{"imageRef": up, "size": 2})
	c.opens(second)
	if key := c.keyOf(second); key == imageKey || key == c.keyOf(first) {
		c.t.Error("the volume has the key of another")
	}
	c.encryptedRefusals(up, second)
	c.reimageEncrypted(up, s)
	if status, text := c.glance.Call(c.member.token, http.MethodDelete, "/images/"+up, "", nil); status != http.StatusNoContent {
		c.t.Fatalf("delete the image: %d %s", status, text)
	}
	if slices.Contains(c.barbican.Keys(), imageKey) {
		c.t.Error("Glance has left the key of the image")
	}
	for _, id := range []string{first, second} {
		c.remove(c.member, id)
	}
	if now := c.barbican.Keys(); !slices.Equal(now, before) {
		c.t.Errorf("keys: %v, want %v", now, before)
	}
	if n := c.count("SELECT count(*) FROM loose_keys"); n != 0 {
		c.t.Errorf("%d loose keys", n)
	}
}

// secret is an encrypted volume.
func (c *cloud) secret(more object) string {
	c.t.Helper()
	v := object{"size": 1, "volume_type": "secret"}
	for k, val := range more {
		v[k] = val
	}
	id := c.must(c.member, "POST", "/volumes", object{"volume": v}).text("volume.id")
	c.becomes(c.member, id, "available")
	return id
}

func (c *cloud) keyOf(volume string) string {
	c.t.Helper()
	return c.volume(c.member, volume).text("encryption_key_id")
}

// format does on the volume's blocks what os-brick does on a compute host at the
// first attachment. The number of iterations is small for speed.
func (c *cloud) format(volume string) {
	c.t.Helper()
	c.cryptsetup(volume, "--batch-mode", "luksFormat", "--type", "luks1", "--key-file=-", "--cipher", "aes-xts-plain64", "--key-size", "256",
		"--pbkdf-force-iterations", "1000")
}

// opens sees that the volume's own key opens what is on it.
func (c *cloud) opens(volume string) {
	c.t.Helper()
	c.cryptsetup(volume, "open", "--test-passphrase", "--key-file=-")
}

func (c *cloud) cryptsetup(volume string, args ...string) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "/sbin/cryptsetup", append(args, filepath.Join(c.pool("plain"), "volume-"+volume))...)
	cmd.Stdin = strings.NewReader(c.barbican.Passphrase(c.member.token, c.keyOf(volume)))
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("cryptsetup %v: %v\n%s", args, err, out)
	}
}

// encryptedRefusals make no key and change nothing.
func (c *cloud) encryptedRefusals(encrypted, volume string) {
	c.t.Helper()
	keys := c.barbican.Keys()
	odd := c.glance.Upload(c.member.token, "odd", "raw", contents(1<<10), map[string]any{"cinder_encryption_key_id": "../secrets"})
	gone := c.glance.Upload(c.member.token, "gone", "raw", contents(1<<10), map[string]any{"cinder_encryption_key_id": "11111111-2222-3333-4444-555555555555"})
	secret := object{"volume_type": "secret"}
	c.refused(c.member, "/volumes", object{"volume": volumeFrom(encrypted, nil)}, 400, "Image "+encrypted+" is encrypted: it needs an encrypted volume.")
	c.refused(c.member, "/volumes", object{"volume": volumeFrom(odd, secret)}, 400, "Key manager error")
	c.refused(c.member, "/volumes", object{"volume": volumeFrom(gone, secret)}, 400, "Key manager error")
	path := "/volumes/" + volume + "/action"
	upload := func(format string) object {
		return object{"os-volume_upload_image": object{"image_name": "refused too", "disk_format": format}}
	}
	c.refused(c.member, path, upload("qcow2"), 400, "An encrypted volume uploaded as an image must use 'raw' disk_format and 'bare' container_format")
	c.action(c.admin, volume, object{"os-reset_status": object{"status": "error"}})
	c.refused(c.member, path, upload("raw"), 400, "status must be available")
	c.action(c.admin, volume, object{"os-reset_status": object{"status": "reserved"}})
	c.refused(c.member, path, object{"os-reimage": object{"image_id": encrypted}}, 400, "status must be available or error")
	c.action(c.admin, volume, object{"os-reset_status": object{"status": "available"}})
	if now := c.barbican.Keys(); !slices.Equal(now, keys) {
		c.t.Errorf("keys: %v, want %v", now, keys)
	}
	_, list := c.glance.Call(c.member.token, http.MethodGet, "/images?name=refused%20too", "", nil)
	if !strings.Contains(string(list), `"images": []`) {
		c.t.Errorf("records of refused uploads: %s", list)
	}
}

// reimageEncrypted: the volume gets a copy of the image's key with its data.
func (c *cloud) reimageEncrypted(image string, s *signer) {
	c.t.Helper()
	id := c.secret(nil)
	old := c.keyOf(id)
	data := contents(1 << 20)
	plain := c.glance.Upload(c.member.token, "open", "raw", data, s.sign(data))
	c.action(c.member, id, object{"os-reimage": object{"image_id": plain}})
	c.becomes(c.member, id, "available")
	c.verified(id, "True")
	c.opens(id)
	if key := c.keyOf(id); key != old {
		c.t.Error("an image without a key has changed the volume's")
	}
	c.action(c.member, id, object{"os-reimage": object{"image_id": image}})
	c.becomes(c.member, id, "available")
	key := c.keyOf(id)
	if key == old {
		c.t.Error("the volume has its old key")
	}
	c.opens(id)
	c.copiesNoKeyID(id)
	if err := os.Truncate(c.glance.File(image), 1<<20); err != nil {
		c.t.Fatal(err)
	}
	c.action(c.member, id, object{"os-reimage": object{"image_id": image}})
	c.becomes(c.member, id, "error")
	if now := c.keyOf(id); now != key {
		c.t.Errorf("after a failure the key is %s, want %s", now, key)
	}
	c.remove(c.member, id)
}

// copiesNoKeyID: what a volume knows of its image's key is no other image's, nor
// of one whose data never arrives.
func (c *cloud) copiesNoKeyID(volume string) {
	c.t.Helper()
	known := c.volume(c.member, volume).text("volume_image_metadata.cinder_encryption_key_id")
	up := c.action(c.member, volume, object{"os-volume_upload_image": object{"image_name": "doomed secret"}}).text("os-volume_upload_image.image_id")
	key := c.glance.Show(c.member.token, up).Text("cinder_encryption_key_id")
	if key == "" || key == known || !slices.Contains(c.barbican.Keys(), key) {
		c.t.Errorf("the key of the image is %s, the volume knows %s", key, known)
	}
	c.await("data to arrive", func() bool { return c.arrives(up) })
	if status, text := c.glance.Call(c.member.token, http.MethodDelete, "/images/"+up, "", nil); status != http.StatusNoContent {
		c.t.Fatalf("delete the image: %d %s", status, text)
	}
	c.becomes(c.member, volume, "available")
	if slices.Contains(c.barbican.Keys(), key) {
		c.t.Error("the key of an image without data is left")
	}
	if log, _ := os.ReadFile(c.in("api.log")); bytes.Contains(log, []byte(c.barbican.Passphrase(c.member.token, c.keyOf(volume)))) {
		c.t.Error("the log has a key")
	}
}
