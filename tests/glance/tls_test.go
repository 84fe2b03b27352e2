package glance

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/clinker-io/clinker/internal/tlstest"
)

// overTLS reaches Glance and Barbican through TLS with a private authority, the
// first of which asks for a certificate of ours.
func overTLS(c *cloud) {
	ca, stranger := tlstest.NewAuthority(c.t), tlstest.NewAuthority(c.t)
	images, keys := ca.Front(c.glance.URL, true), ca.Front(c.barbican.URL, false)
	cert, key := ca.Issue("clinker")
	was, err := os.ReadFile(c.in("cinder.conf"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { c.reconfigure(string(was), "api", "volume") })
	with := func(options, barbican string) string {
		text := strings.Replace(string(was), "[DEFAULT]\n", fmt.Sprintf("[DEFAULT]\nglance_api_servers = %s\nglance_certfile = %s\nglance_keyfile = %s\n%s",
			images, cert, key, options), 1)
		return text + fmt.Sprintf("\n[barbican]\nbarbican_endpoint = %s\n%s", keys, barbican)
	}
	data := contents(1 << 20)
	image := c.glance.Upload(c.member.token, "signed, over TLS", "raw", data, c.rsaSigner(tomorrow()).sign(data))
	const unknown = "certificate signed by unknown authority"

	c.reconfigure(with("glance_ca_certificates_file = "+stranger.File+"\n", "verify_ssl_path = "+ca.File+"\n"), "api")
	c.refused(c.member, "/volumes", object{"volume": volumeFrom(image, nil)}, 400, "Invalid image identifier or unable to access requested image.")
	if !c.logs("api", "cannot ask for an image", image, unknown) {
		c.t.Error("the log does not say what is wrong with Glance's certificate")
	}
	c.reconfigure(with("glance_api_insecure = true\n", "verify_ssl_path = "+stranger.File+"\n"), "api", "volume")
	id := c.from(c.member, image, nil)
	c.becomes(c.member, id, "error")
	if !c.logs("api", "the certificate of a signed image cannot be had", unknown) || !c.logs("volume", id, "Unable to retrieve certificate") {
		c.t.Error("the logs do not say what is wrong with Barbican's certificate")
	}
	c.remove(c.member, id)
	c.reconfigure(with("glance_ca_certificates_file = "+ca.File+"\n", "verify_ssl = false\n"), "api", "volume")
	id = c.from(c.member, image, nil)
	c.becomes(c.member, id, "available")
	c.verified(id, "True")
	c.holds("plain", id, data)
	c.remove(c.member, id)
}

// reconfigure starts roles again with another configuration.
func (c *cloud) reconfigure(conf string, which ...string) {
	c.t.Helper()
	if err := os.WriteFile(c.in("cinder.conf"), []byte(conf), 0o600); err != nil {
		c.t.Fatal(err)
	}
	for _, role := range which {
		if err := c.running[role].Terminate(30 * time.Second); err != nil {
			c.t.Fatal(err)
		}
		c.run(role)
	}
	c.await("the API to be back", c.answers)
}
