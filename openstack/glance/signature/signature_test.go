package signature

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var data = bytes.Repeat([]byte("a block "), 40<<10)

// signer is a key pair of OpenSSL with a certificate.
type signer struct {
	t    *testing.T
	dir  string
	cert []byte // DER
}

func newSigner(t *testing.T, newKey ...string) *signer {
	t.Helper()
	s := &signer{t: t, dir: t.TempDir()}
	s.openssl(append([]string{newKey[0], "-out", s.in("key")}, newKey[1:]...)...)
	s.openssl("req", "-new", "-x509", "-key", s.in("key"), "-subj", "/CN=signer", "-out", s.in("cert"))
	raw, err := os.ReadFile(s.in("cert"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	s.cert = block.Bytes
	return s
}

func (s *signer) in(name string) string { return filepath.Join(s.dir, name) }

func (s *signer) openssl(args ...string) {
	s.t.Helper()
	if out, err := exec.CommandContext(s.t.Context(), "openssl", args...).CombinedOutput(); err != nil {
		s.t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
}

// sign is what the documentation of Glance tells users to do.
func (s *signer) sign(keyType, hash string, more ...string) *Signature {
	s.t.Helper()
	if err := os.WriteFile(s.in("data"), data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	name := strings.ToLower(strings.ReplaceAll(hash, "-", ""))
	args := append([]string{"dgst", "-" + name, "-sign", s.in("key")}, more...)
	s.openssl(append(args, "-out", s.in("signature"), s.in("data"))...)
	raw, err := os.ReadFile(s.in("signature"))
	if err != nil {
		s.t.Fatal(err)
	}
	return &Signature{Value: base64.StdEncoding.EncodeToString(raw), Hash: hash, KeyType: keyType, CertificateID: "some"}
}

// reads passes what r gives through a verifier.
func reads(s *Signature, cert []byte, r io.Reader) error {
	v, err := s.Verifier(cert)
	if err == nil {
		_, err = io.Copy(io.Discard, v.Reader(r))
	}
	return err
}

var pssOptions = []string{"-sigopt", "rsa_padding_mode:pss"} // the salt is as long as can be

func TestSignaturesOfOpenSSL(t *testing.T) {
	t.Parallel()
	changed := bytes.Clone(data)
	changed[len(changed)-1] ^= 1
	for _, c := range []struct {
		keyType string
		key     []string
		options []string
	}{
		{"RSA-PSS", []string{"genrsa", "2048"}, pssOptions},
		{"RSA-PSS", []string{"genrsa", "1025"}, pssOptions}, // its modulus has one bit more than whole bytes
		{"DSA", []string{"dsaparam", "-genkey", "1024"}, nil},
		{"ECC_SECP384R1", []string{"ecparam", "-name", "secp384r1", "-genkey", "-noout"}, nil},
		{"ECC_SECP521R1", []string{"ecparam", "-name", "secp521r1", "-genkey", "-noout"}, nil},
	} {
		s := newSigner(t, c.key...)
		for _, hash := range []string{"SHA-224", "SHA-256", "SHA-384", "SHA-512"} {
			if hash == "SHA-512" && c.key[len(c.key)-1] == "1025" {
				continue // it leaves no room for a salt
			}
			sig := s.sign(c.keyType, hash, c.options...)
			if err := reads(sig, s.cert, bytes.NewReader(data)); err != nil {
				t.Errorf("%s %v %s: %v", c.keyType, c.key, hash, err)
			}
			for what, r := range map[string]io.Reader{"changed": bytes.NewReader(changed), "cut": bytes.NewReader(data[:len(data)-1]),
				"longer": io.MultiReader(bytes.NewReader(data), strings.NewReader("x"))} {
				if err := reads(sig, s.cert, r); !errors.Is(err, ErrWrong) {
					t.Errorf("%s %s, data that is %s: %v", c.keyType, hash, what, err)
				}
			}
		}
	}
}

func TestSignaturesThatDoNotHold(t *testing.T) {
	t.Parallel()
	s, other := newSigner(t, "genrsa", "2048"), newSigner(t, "genrsa", "2048")
	ec := newSigner(t, "ecparam", "-name", "secp384r1", "-genkey", "-noout")
	good := s.sign("RSA-PSS", "SHA-256", pssOptions...)
	short := s.sign("RSA-PSS", "SHA-256", append(pssOptions, "-sigopt", "rsa_pss_saltlen:20")...)
	change := func(f func(*Signature)) *Signature {
		c := *good
		f(&c)
		return &c
	}
	for name, c := range map[string]struct {
		sig  *Signature
		cert []byte
		want error
		says string
	}{
		"another certificate":    {good, other.cert, ErrWrong, ""},
		"a shorter salt":         {short, s.cert, ErrWrong, ""},
		"PKCS #1 v1.5":           {s.sign("RSA-PSS", "SHA-256"), s.cert, ErrWrong, ""},
		"another hash":           {change(func(c *Signature) { c.Hash = "SHA-512" }), s.cert, ErrWrong, ""},
		"a key of another type":  {good, ec.cert, ErrUnusable, "Invalid public key type for signature key type: RSA-PSS"},
		"an unknown hash":        {change(func(c *Signature) { c.Hash = "MD5" }), s.cert, ErrUnusable, `Invalid signature hash method: "MD5"`},
		"an unknown key type":    {change(func(c *Signature) { c.KeyType = "ROT13" }), s.cert, ErrUnusable, `Invalid signature key type: "ROT13"`},
		"a curve over GF(2^m)":   {change(func(c *Signature) { c.KeyType = "ECC_SECT571K1" }), s.cert, ErrUnusable, "the curve is not supported"},
		"no base64":              {change(func(c *Signature) { c.Value = "%%" }), s.cert, ErrUnusable, "base64"},
		"nothing":                {change(func(c *Signature) { c.Value = "" }), s.cert, ErrUnusable, "base64"},
		"no certificate":         {good, nil, ErrUnusable, "certificate some"},
		"half a certificate":     {good, s.cert[:200], ErrUnusable, "certificate some"},
		"garbage as a signature": {&Signature{Value: "AAAA", Hash: "SHA-256", KeyType: "ECC_SECP384R1"}, ec.cert, ErrWrong, ""},
	} {
		if err := reads(c.sig, c.cert, bytes.NewReader(data)); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The dates of a certificate do not matter, and a signature may have been
// wrapped into lines.
func TestWhatIsAcceptedBeside(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	expired := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1000, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, expired, expired, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(data)
	value, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(value)
	s := &Signature{Value: text[:64] + "\n " + text[64:] + "\n", Hash: "SHA-256", KeyType: "RSA-PSS"}
	if err := reads(s, cert, bytes.NewReader(data)); err != nil {
		t.Error(err)
	}
}

func TestPropertiesOfASignature(t *testing.T) {
	t.Parallel()
	whole := map[string]string{"img_signature": "v", "img_signature_hash_method": "h", "img_signature_key_type": "k",
		"img_signature_certificate_uuid": "c", "os_type": "linux"}
	got, err := Of(whole)
	if err != nil || *got != (Signature{Value: "v", Hash: "h", KeyType: "k", CertificateID: "c"}) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := Of(map[string]string{"os_type": "linux"}); got != nil || err != nil {
		t.Errorf("%+v %v", got, err)
	}
	delete(whole, "img_signature")
	if _, err := Of(whole); !errors.Is(err, ErrIncomplete) {
		t.Error(err)
	}
}

func FuzzVerifier(f *testing.F) {
	f.Add("AAAA", "SHA-256", "DSA", []byte{0x30})
	f.Fuzz(func(_ *testing.T, value, hash, kind string, cert []byte) {
		s := &Signature{Value: value, Hash: hash, KeyType: kind}
		_ = reads(s, cert, strings.NewReader("x")) // must not panic
	})
}
