package signature

import (
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Verifier hashes an image as it passes and compares it with the signature.
type Verifier struct {
	hash  hash.Hash
	check func(digest []byte) bool
}

// Verifier returns one for the certificate, in DER, that the signature names;
// ErrUnusable when they do not fit or one cannot be read.
func (s *Signature) Verifier(certificate []byte) (*Verifier, error) {
	value, h, kind, err := s.decode()
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate %s: %w", ErrUnusable, s.CertificateID, err)
	}
	check := kind(cert.PublicKey, h, value)
	if check == nil {
		return nil, fmt.Errorf("%w: Invalid public key type for signature key type: %s", ErrUnusable, s.KeyType)
	}
	return &Verifier{hash: h.New(), check: check}, nil
}

// Reader gives what r gives, and at its end ErrWrong instead of io.EOF when that
// is not what was signed.
func (v *Verifier) Reader(r io.Reader) io.Reader { return &reader{v, r} }

type reader struct {
	v *Verifier
	r io.Reader
}

func (r *reader) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	_, _ = r.v.hash.Write(b[:n])
	if errors.Is(err, io.EOF) && !r.v.check(r.v.hash.Sum(nil)) {
		err = ErrWrong
	}
	return n, err
}
