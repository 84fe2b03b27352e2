// Package signature checks the signatures of images, which their owners make
// and Glance keeps among the properties, as the library cursive does for the
// rest of OpenStack. Which certificate is to be trusted is the owner's choice:
// its dates and issuer are not looked at.
package signature

import (
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

var (
	// ErrIncomplete is an image that has some of the properties of a signature.
	ErrIncomplete = errors.New("signature metadata is incomplete")
	// ErrUnusable is a signature that cannot be checked: the text says why.
	ErrUnusable = errors.New("the signature cannot be checked")
	// ErrWrong is a signature of something else than the image.
	ErrWrong = errors.New("the signature is not the image's")
)

// Signature is what the properties of an image say of it.
type Signature struct {
	Value         string // in base64
	Hash          string // as SHA-256
	KeyType       string // as RSA-PSS
	CertificateID string // of the secret in the key manager
}

// properties of an image, in the order of the fields.
func (s *Signature) properties() map[string]*string {
	return map[string]*string{"img_signature": &s.Value, "img_signature_hash_method": &s.Hash, "img_signature_key_type": &s.KeyType,
		"img_signature_certificate_uuid": &s.CertificateID}
}

// Of returns the signature of an image with those properties, nil when it has
// none, ErrIncomplete when it has a part of one.
func Of(properties map[string]string) (*Signature, error) {
	var s Signature
	given, all := 0, s.properties()
	for name, to := range all {
		value, ok := properties[name]
		if ok {
			given++
		}
		*to = value
	}
	switch given {
	case 0:
		return nil, nil
	case len(all):
		return &s, nil
	}
	return nil, ErrIncomplete
}

// hashes by the names that properties have.
var hashes = map[string]crypto.Hash{"SHA-224": crypto.SHA224, "SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}

// maxValue bounds a signature; one with RSA of 16384 bits has 2 KiB.
const maxValue = 8 << 10

// decode reads what the properties say, as far as no certificate is needed.
func (s *Signature) decode() (value []byte, hash crypto.Hash, kind keyType, err error) {
	hash, ok := hashes[s.Hash]
	if !ok {
		return nil, 0, nil, fmt.Errorf("%w: Invalid signature hash method: %.40q", ErrUnusable, s.Hash)
	}
	if slices.Contains(binaryCurves, s.KeyType) {
		return nil, 0, nil, fmt.Errorf("%w: signatures of key type %s cannot be checked here: the curve is not supported", ErrUnusable, s.KeyType)
	}
	if kind, ok = keyTypes[s.KeyType]; !ok {
		return nil, 0, nil, fmt.Errorf("%w: Invalid signature key type: %.40q", ErrUnusable, s.KeyType)
	}
	value, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s.Value), ""))
	if err != nil || len(value) == 0 || len(value) > maxValue {
		return nil, 0, nil, fmt.Errorf("%w: The signature data was not properly encoded using base64", ErrUnusable)
	}
	return value, hash, kind, nil
}
