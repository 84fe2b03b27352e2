package glance

import (
	"os"
	"os/exec"
	"path/filepath"
)

// fromRaw: the bytes, the states, what is remembered of the image.
func fromRaw(c *cloud) {
	data := contents(3<<20 + 512)
	image := c.glance.Upload(c.member.token, "blocks", "raw", data, map[string]any{"hw_disk_bus": "scsi", "min_disk": 1})
	id := c.from(c.member, image, nil)
	v := c.becomes(c.member, id, "available")
	c.holds("plain", id, data)
	shown := c.glance.Show(c.member.token, image)
	want := map[string]string{"image_id": image, "image_name": "blocks", "checksum": shown.Text("checksum"), "disk_format": "raw",
		"container_format": "bare", "min_disk": "1", "min_ram": "0", "size": "3146240", "hw_disk_bus": "scsi", "signature_verified": "False"}
	for k, w := range want {
		if got := v.text("volume_image_metadata." + k); got != w {
			c.t.Errorf("%s is %q, want %q", k, got, w)
		}
	}
	if v.text("bootable") != "true" {
		c.t.Errorf("bootable is %v", v["bootable"])
	}
	named := c.from(c.member, "blocks", nil)
	c.becomes(c.member, named, "available")
	c.remove(c.member, id)
	c.remove(c.member, named)
}

// refusals are answered before anything is made.
func refusals(c *cloud) {
	invalid := "Invalid image identifier or unable to access requested image."
	data := contents(1 << 10)
	private := c.glance.Upload(c.stranger.token, "private", "raw", data, map[string]any{"visibility": "private"})
	queued := c.glance.Create(c.member.token, map[string]any{"name": "queued", "disk_format": "raw", "container_format": "bare"})
	big := c.glance.Upload(c.member.token, "big", "raw", data, map[string]any{"min_disk": 5})
	for range 2 {
		c.glance.Create(c.member.token, map[string]any{"name": "twin", "disk_format": "raw", "container_format": "bare"})
	}
	typed := c.glance.Upload(c.member.token, "typed", "raw", data, map[string]any{"cinder_img_volume_type": "nonsense"})
	before := c.count("SELECT count(*) FROM volumes")
	for _, r := range []struct {
		image  string
		more   object
		status int
		words  string
	}{
		{private, nil, 400, invalid},
		{"11111111-2222-3333-4444-555555555555", nil, 400, invalid},
		{"nonsense", nil, 400, invalid},
		{"twin", nil, 409, "Multiple matches found for 'twin', use an ID to be more specific."},
		{queued, nil, 400, "Invalid input received: Image " + queued + " is not active."},
		{big, nil, 400, "Invalid input received: Volume size 1GB cannot be smaller than the image minDisk size 5GB."},
		{typed, object{"volume_type": nil}, 404, "Volume type with name nonsense could not be found."},
		{big, object{"size": nil}, 400, "Invalid input received: Volume size 'None' must be an integer and greater than 0"},
	} {
		c.refused(c.member, "/volumes", object{"volume": volumeFrom(r.image, r.more)}, r.status, r.words)
	}
	if after := c.count("SELECT count(*) FROM volumes"); after != before {
		c.t.Errorf("%d volumes were made", after-before)
	}
}

// fromQCOW2 takes an image apart and leaves no file behind.
func fromQCOW2(c *cloud) {
	data := contents(5 << 20)
	image := c.glance.Upload(c.member.token, "packed", "qcow2", c.qcow2(data), nil)
	id := c.from(c.member, image, nil)
	c.becomes(c.member, id, "available")
	c.holds("plain", id, data)
	c.remove(c.member, id)
	c.nothingLeft("plain", id)
}

// qcow2 makes an image of data with qemu-img.
func (c *cloud) qcow2(data []byte) []byte {
	c.t.Helper()
	raw, out := filepath.Join(c.t.TempDir(), "raw"), filepath.Join(c.t.TempDir(), "qcow2")
	if err := os.WriteFile(raw, data, 0o600); err != nil {
		c.t.Fatal(err)
	}
	if said, err := exec.CommandContext(c.t.Context(), "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, out).CombinedOutput(); err != nil {
		c.t.Fatalf("qemu-img: %v %s", err, said)
	}
	packed, err := os.ReadFile(out)
	if err != nil {
		c.t.Fatal(err)
	}
	return packed
}
