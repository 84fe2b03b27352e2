package glance

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clinker-io/clinker/internal/glancetest"
)

// uploads: raw and qcow2, the record, what is handed down, the states.
func uploads(c *cloud) {
	data := contents(2 << 20)
	image := c.glance.Upload(c.member.token, "origin", "raw", data, map[string]any{"hw_disk_bus": "scsi", "os_type": "linux"})
	id := c.from(c.member, image, nil)
	c.becomes(c.member, id, "available")
	defer c.remove(c.member, id)
	for _, format := range []string{"raw", "qcow2"} {
		got := c.action(c.member, id, object{"os-volume_upload_image": object{"image_name": "copy", "disk_format": format, "protected": true}})
		for k, want := range map[string]string{"id": id, "status": "uploading", "size": "1", "disk_format": format, "container_format": "bare",
			"image_name": "copy", "protected": "true", "visibility": "private", "volume_type.name": "plain"} {
			if g := got.text("os-volume_upload_image." + k); g != want {
				c.t.Errorf("%s is %q, want %q", k, g, want)
			}
		}
		v := c.becomes(c.member, id, "available")
		copied := got.text("os-volume_upload_image.image_id")
		shown := c.glance.Show(c.member.token, copied)
		c.isCopy(shown, v.text("volume_image_metadata.hw_disk_bus"))
		c.fileHolds(copied, format, data)
	}
}

func (c *cloud) isCopy(shown glancetest.Image, bus string) {
	c.t.Helper()
	if shown.Text("status") != "active" || shown.Text("owner") != c.member.project || shown["protected"] != true ||
		shown.Text("hw_disk_bus") != bus || shown.Text("os_type") != "linux" || shown["signature_verified"] != nil || shown["image_id"] != nil {
		c.t.Errorf("image: %v", shown)
	}
}

// fileHolds reads what Glance has stored.
func (c *cloud) fileHolds(image, format string, data []byte) {
	c.t.Helper()
	path := c.glance.File(image)
	if format != "raw" {
		raw := filepath.Join(c.t.TempDir(), "raw")
		if said, err := exec.CommandContext(c.t.Context(), "qemu-img", "convert", "-f", format, "-O", "raw", path, raw).CombinedOutput(); err != nil {
			c.t.Fatalf("qemu-img: %v %s", err, said)
		}
		path = raw
	}
	f, err := os.Open(path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	got := make([]byte, len(data))
	if _, err := io.ReadFull(f, got); err != nil || !bytes.Equal(got, data) {
		c.t.Errorf("image %s (%s) does not hold the volume: %v", image, format, err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != 1<<30 {
		c.t.Errorf("image %s has %v, want 1 GiB", image, info)
	}
}

// uploadRefusals leave no record behind.
func uploadRefusals(c *cloud) {
	id := c.must(c.member, "POST", "/volumes", object{"volume": object{"size": 1, "volume_type": "plain"}}).text("volume.id")
	c.becomes(c.member, id, "available")
	defer c.remove(c.member, id)
	path := "/volumes/" + id + "/action"
	upload := func(more object) object {
		u := object{"image_name": "refused"}
		for k, v := range more {
			u[k] = v
		}
		return object{"os-volume_upload_image": u}
	}
	c.refused(c.member, path, upload(object{"disk_format": "iso"}), 400, "disk_format")
	c.refused(c.member, path, upload(object{"visibility": "public"}), 403, "volume_extension:volume_actions:upload_public")
	c.refused(c.member, path, upload(object{"container_format": "compressed"}), 400, "Image compression upload disallowed, but container_format is compressed")
	c.refused(c.member, path, upload(object{"container_format": "nonsense"}), 400, "HTTP 400")
	c.refused(c.stranger, path, upload(nil), 404, "could not be found")
	c.action(c.admin, id, object{"os-reset_status": object{"status": "error"}})
	c.refused(c.member, path, upload(nil), 400, "Invalid volume: Volume "+id+" status must be available")
	c.refused(c.member, path, upload(object{"force": true}), 400, "Invalid volume: Volume "+id+" status must be available or in-use")
	_, list := c.glance.Call(c.member.token, http.MethodGet, "/images?name=refused", "", nil)
	if !strings.Contains(string(list), `"images": []`) {
		c.t.Errorf("records of refused uploads: %s", list)
	}
}

// reimage writes over what is there, and what it remembers is the new image's.
func reimage(c *cloud) {
	first := c.glance.Upload(c.member.token, "first", "raw", contents(6<<20), nil)
	data := append(bytes.Repeat([]byte("x"), 1<<20), make([]byte, 1<<20)...)
	second := c.glance.Upload(c.member.token, "second", "qcow2", c.qcow2(data), nil)
	id := c.from(c.member, first, nil)
	c.becomes(c.member, id, "available")
	defer c.remove(c.member, id)
	path := "/volumes/" + id + "/action"
	body := func(image string, reserved bool) object {
		return object{"os-reimage": object{"image_id": image, "reimage_reserved": reserved}}
	}
	big := c.glance.Upload(c.member.token, "wide", "raw", contents(512), map[string]any{"min_disk": 2})
	c.refused(c.member, path, body("11111111-2222-3333-4444-555555555555", false), 404, "could not be found")
	c.refused(c.member, path, body(big, false), 400, "minDisk")
	c.action(c.admin, id, object{"os-reset_status": object{"status": "reserved"}})
	c.refused(c.member, path, body(second, false), 400, "status must be available or error, but current status is reserved.")
	c.action(c.member, id, body(second, true))
	v := c.becomes(c.member, id, "reserved")
	if v.text("volume_image_metadata.image_id") != second {
		c.t.Errorf("metadata: %v", v["volume_image_metadata"])
	}
	c.holds("plain", id, data)
	c.action(c.admin, id, object{"os-reset_status": object{"status": "error"}})
	c.action(c.member, id, body(first, false))
	c.becomesAgain(id, "error")
	c.holds("plain", id, contents(6<<20))
}

// becomesAgain waits for a volume to come out of downloading.
func (c *cloud) becomesAgain(id, status string) {
	c.t.Helper()
	c.await("volume "+id+" "+status+" again", func() bool { return c.volume(c.member, id).text("status") == status })
}
