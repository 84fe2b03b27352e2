package luks

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

var hashes = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

func (h *header) hash() (func() hash.Hash, error) {
	f := hashes[text(h.Hash[:])]
	if f == nil {
		return nil, fmt.Errorf("%w: hash %.32q", ErrUnsupported, text(h.Hash[:]))
	}
	return f, nil
}

// openSlot is the key of the volume as the passphrase gives it, from a slot.
func (h *header) openSlot(r io.ReaderAt, s *slot, passphrase string) ([]byte, error) {
	newHash, err := h.hash()
	if err != nil {
		return nil, err
	}
	material := make([]byte, h.material(s))
	if _, err := r.ReadAt(material, int64(s.Offset)*sector); err != nil {
		return nil, fmt.Errorf("read the key material: %w", err)
	}
	if err := h.cryptMaterial(newHash, s, passphrase, material, sectors.decrypt); err != nil {
		return nil, err
	}
	key := merge(newHash, material[:int(h.KeySize)*int(s.Stripes)], int(h.KeySize))
	digest, err := h.digest(newHash, key)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(digest, h.Digest[:]) != 1 {
		return nil, ErrPassphrase
	}
	return key, nil
}

// cryptMaterial encrypts or decrypts the material of a slot with what the passphrase makes.
func (h *header) cryptMaterial(newHash func() hash.Hash, s *slot, passphrase string, material []byte, do func(sectors, []byte, uint64)) error {
	derived, err := pbkdf2.Key(newHash, passphrase, s.Salt[:], int(s.Iterations), int(h.KeySize))
	if err != nil {
		return fmt.Errorf("derive a key: %w", err)
	}
	c, err := newSectors(h.cipher(), derived)
	if err != nil {
		return err
	}
	do(c, material, 0)
	return nil
}

func (h *header) digest(newHash func() hash.Hash, key []byte) ([]byte, error) {
	d, err := pbkdf2.Key(newHash, string(key), h.DigestSalt[:], int(h.DigestIter), digestSize)
	if err != nil {
		return nil, fmt.Errorf("digest of the key: %w", err)
	}
	return d, nil
}

// findKey tries the slots in their order.
func (h *header) findKey(r io.ReaderAt, passphrase string) (key []byte, slot int, err error) {
	for i := range h.Slots {
		if h.Slots[i].Active != slotActive {
			continue
		}
		key, err := h.openSlot(r, &h.Slots[i], passphrase)
		if err == nil {
			return key, i, nil
		}
		if !errors.Is(err, ErrPassphrase) {
			return nil, 0, err
		}
	}
	return nil, 0, ErrPassphrase
}

// fillSlot makes a slot that the passphrase opens, and its material.
func (h *header) fillSlot(s *slot, passphrase string, key []byte) ([]byte, error) {
	newHash, err := h.hash()
	if err != nil {
		return nil, err
	}
	s.Active, s.Iterations = slotActive, iterations
	_, _ = rand.Read(s.Salt[:]) // never fails
	material := make([]byte, h.material(s))
	split(newHash, material[:len(key)*int(s.Stripes)], key)
	return material, h.cryptMaterial(newHash, s, passphrase, material, sectors.encrypt)
}

// split spreads a key over the stripes of out, so that it is gone when a few
// bytes of them are: section 2.4 of the specification.
func split(newHash func() hash.Hash, out, key []byte) {
	last := len(out) - len(key)
	_, _ = rand.Read(out[:last]) // never fails
	subtle.XORBytes(out[last:], mix(newHash, out[:last], len(key)), key)
}

// merge is the key that split has spread.
func merge(newHash func() hash.Hash, stripes []byte, size int) []byte {
	last := len(stripes) - size
	d := mix(newHash, stripes[:last], size)
	subtle.XORBytes(d, d, stripes[last:])
	return d
}

func mix(newHash func() hash.Hash, stripes []byte, size int) []byte {
	d, h := make([]byte, size), newHash()
	for ; len(stripes) > 0; stripes = stripes[size:] {
		subtle.XORBytes(d, d, stripes[:size])
		diffuse(h, d)
	}
	return d
}

// diffuse replaces each piece of d, as long as the hash is, by its hash.
func diffuse(h hash.Hash, d []byte) {
	var number [4]byte
	for i := uint32(0); len(d) > 0; i++ {
		n := min(h.Size(), len(d))
		h.Reset()
		binary.BigEndian.PutUint32(number[:], i)
		_, _ = h.Write(number[:])
		_, _ = h.Write(d[:n])
		copy(d[:n], h.Sum(nil))
		d = d[n:]
	}
}
