package luks

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// Volume is what LUKS protects: the payload in clear. Reads and writes are of
// whole sectors of 512 bytes. It may be used by many at once.
type Volume struct {
	// Sparse takes sectors that nobody has written, which are zeroes under the
	// encryption, for zeroes; without it they are what dm-crypt makes of them.
	// To a sector that somebody has written that never happens.
	Sparse bool

	under   Device
	payload int64
	size    int64
	cipher  sectors
}

func newVolume(d Device, h *header, key []byte) (*Volume, error) {
	c, err := newSectors(h.cipher(), key)
	if err != nil {
		return nil, err
	}
	payload := int64(h.PayloadOffset) * sector
	return &Volume{under: d, payload: payload, size: (d.Size() - payload) / sector * sector, cipher: c}, nil
}

// Size is that of the payload in bytes.
func (v *Volume) Size() int64 { return v.size }

// ReadAt decrypts.
func (v *Volume) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off%sector != 0 || len(p)%sector != 0 {
		return 0, errUnaligned
	}
	inside := max(0, min(int64(len(p)), v.size-off))
	p, passes := p[:inside], inside < int64(len(p))
	if n, err := v.under.ReadAt(p, v.payload+off); n < len(p) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, fmt.Errorf("read under LUKS: %w", err)
	}
	v.decrypt(p, uint64(off/sector))
	if passes {
		return len(p), io.EOF
	}
	return len(p), nil
}

var zeroSector [sector]byte

func (v *Volume) decrypt(p []byte, number uint64) {
	if !v.Sparse {
		v.cipher.decrypt(p, number)
		return
	}
	for ; len(p) > 0; p, number = p[sector:], number+1 {
		if !bytes.Equal(p[:sector], zeroSector[:]) {
			v.cipher.decrypt(p[:sector], number)
		}
	}
}

// WriteAt encrypts.
func (v *Volume) WriteAt(p []byte, off int64) (int, error) {
	w, ok := v.under.(io.WriterAt)
	switch {
	case !ok:
		return 0, os.ErrPermission
	case off < 0 || off%sector != 0 || len(p)%sector != 0:
		return 0, errUnaligned
	case off+int64(len(p)) > v.size:
		return 0, io.ErrShortWrite
	}
	b := bytes.Clone(p)
	v.cipher.encrypt(b, uint64(off/sector))
	if _, err := w.WriteAt(b, v.payload+off); err != nil {
		return 0, fmt.Errorf("write under LUKS: %w", err)
	}
	return len(p), nil
}

// Flush makes durable what was written.
func (v *Volume) Flush() error {
	if f, ok := v.under.(interface{ Flush() error }); ok {
		return f.Flush()
	}
	return nil
}

// Extent says where nobody has written.
func (v *Volume) Extent(off int64) (n int64, hole bool, err error) {
	h, ok := v.under.(interface {
		Extent(off int64) (int64, bool, error)
	})
	if !ok {
		return v.size - off, false, nil
	}
	n, hole, err = h.Extent(v.payload + off)
	return min(n, v.size-off), hole, err
}
