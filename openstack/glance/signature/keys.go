package signature

import (
	"crypto"
	"crypto/ecdsa"
	//lint:ignore SA1019 images that were signed with DSA are still there
	"crypto/dsa"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of signatures
	_ "crypto/sha512"
	"encoding/asn1"
	"math/big"
)

// keyType makes the check of a signature with a public key, nil when the key is
// of another type or too large.
type keyType func(public any, h crypto.Hash, value []byte) func(digest []byte) bool

var keyTypes = map[string]keyType{"RSA-PSS": pss, "DSA": dsaKey, "ECC_SECP384R1": ecc, "ECC_SECP521R1": ecc}

// binaryCurves are key types that OpenSSL knows and Go does not.
var binaryCurves = []string{"ECC_SECT571K1", "ECC_SECT409K1", "ECC_SECT571R1", "ECC_SECT409R1"}

// maxKey bounds what a certificate can make us reckon; larger keys are nobody's.
const maxKey = 16384 // bits

// pss is RSA-PSS with MGF1 of the same hash and the longest salt that fits.
func pss(public any, h crypto.Hash, value []byte) func([]byte) bool {
	key, ok := public.(*rsa.PublicKey)
	if !ok || key.N.BitLen() > maxKey {
		return nil
	}
	salt := (key.N.BitLen()-1+7)/8 - 2 - h.Size()
	return func(digest []byte) bool {
		return salt > 0 && rsa.VerifyPSS(key, h, digest, value, &rsa.PSSOptions{SaltLength: salt, Hash: h}) == nil
	}
}

// ecc takes any curve that the certificate has, as cursive does.
func ecc(public any, _ crypto.Hash, value []byte) func([]byte) bool {
	key, ok := public.(*ecdsa.PublicKey)
	if !ok {
		return nil
	}
	return func(digest []byte) bool { return ecdsa.VerifyASN1(key, digest, value) }
}

func dsaKey(public any, _ crypto.Hash, value []byte) func([]byte) bool {
	key, ok := public.(*dsa.PublicKey)
	if !ok || key.P.BitLen() > maxKey || key.Q.BitLen() > maxKey {
		return nil
	}
	return func(digest []byte) bool {
		var v struct{ R, S *big.Int }
		rest, err := asn1.Unmarshal(value, &v)
		digest = digest[:min(len(digest), key.Q.BitLen()/8)]
		return err == nil && len(rest) == 0 && dsa.Verify(key, digest, v.R, v.S)
	}
}
