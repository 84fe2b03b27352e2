package glance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// signer is who signs images, with a certificate in Barbican.
type signer struct {
	t       testing.TB
	key     crypto.Signer
	keyType string
	cert    string // its id
}

func (c *cloud) signer(key crypto.Signer, keyType string, until time.Time) *signer {
	c.t.Helper()
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		c.t.Fatal(err)
	}
	id := c.barbican.Certificate(c.member.token, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return &signer{c.t, key, keyType, id}
}

func (c *cloud) rsaSigner(until time.Time) *signer {
	c.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.signer(key, "RSA-PSS", until)
}

func tomorrow() time.Time { return time.Now().AddDate(0, 0, 1) }

// sign makes the properties of an image with that data.
func (s *signer) sign(data []byte) map[string]any {
	s.t.Helper()
	hash, name := crypto.SHA256, "SHA-256"
	sum := sha256.Sum256(data)
	digest, options := sum[:], crypto.SignerOpts(&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: hash})
	if s.keyType != "RSA-PSS" {
		name, options = "SHA-512", crypto.SHA512
		sum := sha512.Sum512(data)
		digest = sum[:]
	}
	value, err := s.key.Sign(rand.Reader, digest, options)
	if err != nil {
		s.t.Fatal(err)
	}
	return map[string]any{"img_signature": base64.StdEncoding.EncodeToString(value), "img_signature_hash_method": name,
		"img_signature_key_type": s.keyType, "img_signature_certificate_uuid": s.cert}
}

// patch sets properties of an image that has its data, which Glance does not
// check any more.
func (c *cloud) patch(image string, properties map[string]any) {
	c.t.Helper()
	var changes []map[string]any
	for k, v := range properties {
		changes = append(changes, map[string]any{"op": "add", "path": "/" + k, "value": v})
	}
	raw, err := json.Marshal(changes)
	if err != nil {
		c.t.Fatal(err)
	}
	status, text := c.glance.Call(c.member.token, "PATCH", "/images/"+image, "application/openstack-images-v2.1-json-patch", strings.NewReader(string(raw)))
	if status != 200 {
		c.t.Fatalf("patch image: %d %s", status, text)
	}
}

func (c *cloud) verified(id, want string) {
	c.t.Helper()
	if got := c.volume(c.member, id).text("volume_image_metadata.signature_verified"); got != want {
		c.t.Errorf("signature_verified of volume %s is %q, want %q", id, got, want)
	}
}

// signedImages become volumes in every way, and Glance agrees to the signatures.
func signedImages(c *cloud) {
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	s := c.rsaSigner(tomorrow())
	data := contents(3 << 20)
	packed := c.qcow2(data)
	images := map[string]string{
		"raw":     c.glance.Upload(c.member.token, "signed raw", "raw", data, s.sign(data)),
		"qcow2":   c.glance.Upload(c.member.token, "signed qcow2", "qcow2", packed, s.sign(packed)),
		"curve":   c.glance.Upload(c.member.token, "signed with a curve", "raw", data, c.signer(curve, "ECC_SECP384R1", tomorrow()).sign(data)),
		"expired": c.glance.Upload(c.member.token, "signed long ago", "raw", data, c.rsaSigner(time.Unix(1000, 0)).sign(data)),
	}
	for _, image := range images {
		id := c.from(c.member, image, nil)
		c.becomes(c.member, id, "available")
		c.verified(id, "True")
		c.holds("plain", id, data)
		c.remove(c.member, id)
	}
	claims := c.glance.Upload(c.member.token, "claims", "raw", data, map[string]any{"signature_verified": "True"})
	id := c.from(c.member, claims, nil)
	c.becomes(c.member, id, "available")
	c.verified(id, "False")
	c.action(c.member, id, object{"os-reimage": object{"image_id": images["qcow2"]}})
	c.becomes(c.member, id, "available")
	c.verified(id, "True")
	c.remove(c.member, id)
	c.signedCopies(images["raw"], data)
}

// signedCopies are clones of what was checked, or are checked themselves.
func (c *cloud) signedCopies(image string, data []byte) {
	c.t.Helper()
	var made []string
	for range 2 {
		id := c.from(c.member, image, object{"volume_type": "cache"})
		made = append(made, id)
		c.becomes(c.member, id, "available")
		c.verified(id, "True")
		c.holds("cache", id, data)
	}
	if n := c.count("SELECT count(*) FROM image_volume_cache_entries WHERE image_id = $1", image); n != 1 {
		c.t.Errorf("%d entries in the cache", n)
	}
	// An entry from when nobody checked signatures is of no use.
	c.exec(`UPDATE volumes SET image_metadata = image_metadata || '{"signature_verified": "False"}' WHERE id =
		(SELECT volume_id FROM image_volume_cache_entries WHERE image_id = $1)`, image)
	id := c.from(c.member, image, object{"volume_type": "cache"})
	c.becomes(c.member, id, "available")
	c.verified(id, "True")
	c.holds("cache", id, data)
	for _, id := range append(made, id) {
		c.remove(c.member, id)
	}
}

// badSignatures end in the state error, with a message and a reason in the log.
func badSignatures(c *cloud) {
	s, other := c.rsaSigner(tomorrow()), c.rsaSigner(tomorrow())
	data := contents(2 << 20)
	changed := slices.Clone(data)
	changed[len(changed)-1] ^= 1
	with := func(key string, value any) map[string]any {
		p := s.sign(data)
		p[key] = value
		return p
	}
	if status, text := c.uploadSigned(s.sign(changed), data); status < 400 {
		c.t.Errorf("Glance itself takes a wrong signature: %d %s", status, text)
	}
	const gone = "11111111-2222-3333-4444-555555555555"
	unreadable := c.barbican.Certificate(c.stranger.token, []byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"))
	reasons := make(map[string]string)
	for reason, properties := range map[string]map[string]any{
		"the signature is not the image's":                      s.sign(changed),
		"Invalid signature hash method":                         with("img_signature_hash_method", "MD5"),
		"the curve is not supported":                            with("img_signature_key_type", "ECC_SECT571K1"),
		"Invalid public key type for signature key type":        with("img_signature_key_type", "DSA"),
		"Certificate not found with ID: " + gone:                with("img_signature_certificate_uuid", gone),
		"Certificate not found with ID: ../orders":              with("img_signature_certificate_uuid", "../orders"),
		"Unable to retrieve certificate with ID: " + unreadable: with("img_signature_certificate_uuid", unreadable),
	} {
		image := c.glance.Upload(c.member.token, "badly signed", "raw", data, nil)
		c.patch(image, properties)
		reasons[image] = reason
	}
	wrong := c.glance.Upload(c.member.token, "signed by another", "raw", data, nil)
	c.patch(wrong, with("img_signature_certificate_uuid", other.cert))
	reasons[wrong] = "the signature is not the image's"
	c.refuseSigned(reasons)
	id := c.from(c.member, wrong, object{"volume_type": "cache"})
	c.becomes(c.member, id, "error")
	if n := c.count("SELECT count(*) FROM image_volume_cache_entries WHERE image_id = $1", wrong); n != 0 {
		c.t.Errorf("the cache has an image with a wrong signature")
	}
	c.nothingLeft("cache", id)
	c.remove(c.member, id)
	c.reimageBadly(wrong)
}

// refuseSigned makes a volume of each image, which fails for a reason in the log.
func (c *cloud) refuseSigned(reasons map[string]string) {
	c.t.Helper()
	made := make(map[string]string)
	for image := range reasons {
		made[image] = c.from(c.member, image, nil)
	}
	for image, id := range made {
		c.becomes(c.member, id, "error")
		if got := c.events(c.member, id); !slices.Equal(got, []string{"VOLUME_VOLUME_005_011"}) {
			c.t.Errorf("%s: messages %v", reasons[image], got)
		}
		if !c.logs("volume", id, reasons[image]) {
			c.t.Errorf("no line of the log says %q of %s", reasons[image], id)
		}
		c.nothingLeft("plain", id)
		c.remove(c.member, id)
	}
}

// logs reports whether a line of a role's log has all the words.
func (c *cloud) logs(role string, words ...string) bool {
	raw, _ := os.ReadFile(c.in(role + ".log"))
	for line := range strings.Lines(string(raw)) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			return true
		}
	}
	return false
}

func (c *cloud) reimageBadly(image string) {
	c.t.Helper()
	id := c.must(c.member, "POST", "/volumes", object{"volume": object{"size": 1, "volume_type": "plain"}}).text("volume.id")
	c.becomes(c.member, id, "available")
	c.action(c.member, id, object{"os-reimage": object{"image_id": image}})
	c.becomes(c.member, id, "error")
	if got := c.volume(c.member, id); got.text("volume_image_metadata.image_id") == image {
		c.t.Errorf("volume %v", got)
	}
	c.remove(c.member, id)
}

// uploadSigned is an upload that Glance may refuse.
func (c *cloud) uploadSigned(properties map[string]any, data []byte) (int, []byte) {
	c.t.Helper()
	record := map[string]any{"name": "refused by Glance", "disk_format": "raw", "container_format": "bare"}
	for k, v := range properties {
		record[k] = v
	}
	id := c.glance.Create(c.member.token, record)
	return c.glance.Call(c.member.token, "PUT", "/images/"+id+"/file", "application/octet-stream", strings.NewReader(string(data)))
}
