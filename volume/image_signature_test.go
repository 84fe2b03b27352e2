package volume

import (
	"errors"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
	"github.com/clinker-io/clinker/openstack/glance/signature"
)

// What the worker finds must be what the user asked for.
func TestASignatureIsTheOneThatWasAskedFor(t *testing.T) {
	t.Parallel()
	signed := func(value, certificate string) map[string]string {
		return map[string]string{"img_signature": value, "img_signature_hash_method": "SHA-256", "img_signature_key_type": "RSA-PSS",
			"img_signature_certificate_uuid": certificate}
	}
	asked := &db.SignedImage{Signature: "AAAA", CertificateID: "c", Certificate: []byte("none")}
	for name, c := range map[string]struct {
		properties map[string]string
		asked      *db.SignedImage
		want       error
		says       string
	}{
		"none":                       {nil, nil, nil, ""},
		"taken away":                 {nil, asked, signature.ErrUnusable, "not the one"},
		"added":                      {signed("AAAA", "c"), nil, signature.ErrUnusable, "was not signed when"},
		"another":                    {signed("BBBB", "c"), asked, signature.ErrUnusable, "not the one"},
		"of another certificate":     {signed("AAAA", "d"), asked, signature.ErrUnusable, "not the one"},
		"a part":                     {map[string]string{"img_signature": "AAAA"}, nil, signature.ErrIncomplete, "incomplete"},
		"a certificate that is none": {signed("AAAA", "c"), asked, signature.ErrUnusable, "certificate c"},
		"no certificate": {signed("AAAA", "c"), &db.SignedImage{Signature: "AAAA", CertificateID: "c", Missing: "Certificate not found"},
			signature.ErrUnusable, "Certificate not found"},
	} {
		v, err := verifierOf(&glance.Image{Properties: c.properties}, c.asked)
		if v != nil || !errors.Is(err, c.want) || err != nil && (!strings.Contains(err.Error(), c.says) || !badSignature(err) || !hopeless(err)) {
			t.Errorf("%s: %v %v", name, v, err)
		}
	}
}
