package luks

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
)

// What we choose when we format.
const (
	hashName = "sha256"
	stripes  = 4000
	// iterations are few, as the passphrases are keys: nobody guesses 128 random bits.
	iterations = 10000
	align      = 1 << 20 // of the payload; cryptsetup does the same
	slotAlign  = 4096
)

// Device is what LUKS is on.
type Device interface {
	io.ReaderAt
	Size() int64
}

// WritableDevice is what can be formatted.
type WritableDevice interface {
	Device
	io.WriterAt
	Flush() error
}

// Open reads the header of d and opens its payload with a passphrase.
func Open(d Device, passphrase string) (*Volume, error) {
	h, err := readHeader(d, d.Size())
	if err != nil {
		return nil, err
	}
	if _, err := newSectors(h.cipher(), make([]byte, h.KeySize)); err != nil {
		return nil, err
	}
	key, _, err := h.findKey(d, passphrase)
	if err != nil {
		return nil, err
	}
	return newVolume(d, &h, key)
}

// Format describes a new header.
type Format struct {
	Cipher  string // as aes-xts-plain64
	KeyBits int
}

// check says whether such a volume can be made.
func (f Format) check() error {
	if f.KeyBits <= 0 || f.KeyBits%8 != 0 || f.KeyBits > 8*maxKeySize {
		return fmt.Errorf("%w: a key of %d bits", ErrUnsupported, f.KeyBits)
	}
	_, err := newSectors(f.Cipher, make([]byte, f.KeyBits/8))
	return err
}

// Payload is where the payload of a device that is formatted so begins.
func (f Format) Payload() (int64, error) {
	if err := f.check(); err != nil {
		return 0, err
	}
	return f.slotOffset(keySlots, align), nil
}

// slotOffset is where the material of a slot begins, in bytes; that of the one
// after the last is where the payload may begin.
func (f Format) slotOffset(i int, to int64) int64 {
	one := roundUp(int64(f.KeyBits/8)*stripes, slotAlign)
	return roundUp(slotAlign+int64(i)*one, to)
}

func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }

// Create formats d, whatever it holds, with a random key that the
// passphrase opens.
func Create(d WritableDevice, f Format, passphrase string) (*Volume, error) {
	payload, err := f.Payload()
	if err != nil {
		return nil, err
	}
	if payload >= d.Size() {
		return nil, fmt.Errorf("%w: a device of %d bytes is too small", ErrUnsupported, d.Size())
	}
	h := header{Magic: magic, Version: 1, PayloadOffset: uint32(payload / sector), KeySize: uint32(f.KeyBits / 8), DigestIter: iterations}
	name, mode, _ := strings.Cut(f.Cipher, "-")
	copy(h.CipherName[:31], name)
	copy(h.CipherMode[:31], mode)
	copy(h.Hash[:], hashName)
	copy(h.UUID[:], uuid.NewString())
	for i := range h.Slots {
		h.Slots[i] = slot{Active: slotInactive, Offset: uint32(f.slotOffset(i, sector) / sector), Stripes: stripes}
	}
	key := make([]byte, h.KeySize)
	_, _ = rand.Read(key) // never fails
	_, _ = rand.Read(h.DigestSalt[:])
	newHash, err := h.hash()
	if err != nil {
		return nil, err
	}
	digest, err := h.digest(newHash, key)
	if err != nil {
		return nil, err
	}
	copy(h.Digest[:], digest)
	material, err := h.fillSlot(&h.Slots[0], passphrase, key)
	if err != nil {
		return nil, err
	}
	if err := h.write(d, 0, material); err != nil {
		return nil, err
	}
	return newVolume(d, &h, key)
}

// write makes the material of a slot durable before the header that tells of it.
func (h *header) write(d WritableDevice, slot int, material []byte) error {
	raw, err := h.encode()
	if err != nil {
		return err
	}
	_, err = d.WriteAt(material, int64(h.Slots[slot].Offset)*sector)
	if err == nil {
		err = d.Flush()
	}
	if err == nil {
		_, err = d.WriteAt(raw, 0)
	}
	if err == nil {
		err = d.Flush()
	}
	if err != nil {
		return fmt.Errorf("write the LUKS header: %w", err)
	}
	return nil
}

var errUnaligned = errors.New("a LUKS volume is read and written in whole sectors")
