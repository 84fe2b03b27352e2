package glance

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/clinker-io/clinker/internal/keystonetest"
)

// openstack runs the real command as the member.
func (c *cloud) openstack(args ...string) object {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "/usr/bin/openstack", append(args, "-f", "json")...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + c.dir, "OS_IDENTITY_API_VERSION=3", "OS_VOLUME_API_VERSION=3",
		"OS_AUTH_URL=" + c.keystone.URL, "OS_USERNAME=" + c.member.Name, "OS_PASSWORD=" + c.member.Password, "OS_USER_DOMAIN_ID=default",
		"OS_PROJECT_ID=" + c.member.project, "OS_REGION_NAME=" + keystonetest.Region}
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("openstack %v: %v\n%s%s", args, err, out, said.Bytes())
	}
	o := object{}
	if err := json.Unmarshal(out, &o); err != nil {
		c.t.Fatalf("openstack %v: %v\n%s", args, err, out)
	}
	return o
}

// commands goes round: image, volume, image, file.
func commands(c *cloud) {
	data := contents(4 << 20)
	file := filepath.Join(c.t.TempDir(), "disk.qcow2")
	if err := os.WriteFile(file, c.qcow2(data), 0o600); err != nil {
		c.t.Fatal(err)
	}
	image := c.openstack("image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", file, "disk").text("id")
	id := c.openstack("volume", "create", "--size", "1", "--image", image, "--type", "plain", "boot").text("id")
	c.becomes(c.member, id, "available")
	c.holds("plain", id, data)
	up := c.openstack("image", "create", "--volume", "boot", "--disk-format", "raw", "back")
	if up.text("volume_type") != "plain" || up.text("status") != "uploading" {
		c.t.Errorf("image create --volume: %v", up)
	}
	c.becomes(c.member, id, "available")
	c.fileHolds(up.text("image_id"), "raw", data)
	c.remove(c.member, id)
}
