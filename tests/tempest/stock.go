package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"

	"github.com/clinker-io/clinker/internal/keystonetest"
)

// imageSize is enough to see that data arrives.
const imageSize = 4 << 20

// stock is what servers are made of: two images and two flavors, by id.
type stock struct{ images, flavors [2]string }

// stockUp makes public images, raw and qcow2, and flavors with a disk: without
// one only administrators may boot from an image.
func (c *cloud) stockUp() *stock {
	token := c.keystone.Token(c.keystone.Admin, keystonetest.OfProject(c.keystone.Find("/projects?name=admin", "projects")))
	have := new(stock)
	for i, format := range []string{"raw", "qcow2"} {
		have.images[i] = c.glance.Upload(token, "tempest-"+format, format, c.image(format), map[string]any{"visibility": "public"})
		have.flavors[i] = c.flavor(fmt.Sprintf("tempest-%d", i+1), 64*(i+1))
	}
	return have
}

// image is a disk of bytes that do not compress.
func (c *cloud) image(format string) []byte {
	raw := make([]byte, imageSize)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(raw) // never fails
	from, to := c.in("image.raw"), c.in("image."+format)
	if err := os.WriteFile(from, raw, 0o600); err != nil {
		c.p.Fatal(err)
	}
	if format == "raw" {
		return raw
	}
	if out, err := exec.CommandContext(c.p.Context(), "qemu-img", "convert", "-f", "raw", "-O", format, from, to).CombinedOutput(); err != nil {
		c.p.Fatalf("qemu-img: %v\n%s", err, out)
	}
	converted, err := os.ReadFile(to)
	if err != nil {
		c.p.Fatal(err)
	}
	return converted
}

func (c *cloud) flavor(name string, ram int) string {
	var out struct{ Flavor struct{ ID string } }
	c.compute(c.nova.Admin(), http.MethodPost, "/flavors", map[string]any{"flavor": map[string]any{"name": name, "ram": ram, "vcpus": 1, "disk": 1}}, &out)
	return out.Flavor.ID
}
