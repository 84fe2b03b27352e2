package luks

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What the specification fixes.
const (
	sector       = 512
	headerSize   = 592
	keySlots     = 8
	digestSize   = 20
	saltSize     = 32
	slotActive   = 0x00ac71f3
	slotInactive = 0x0000dead
)

var magic = [6]byte{'L', 'U', 'K', 'S', 0xba, 0xbe}

// What we take of a header that somebody else wrote.
const (
	maxKeySize    = 64
	maxStripes    = 8000
	maxIterations = 1 << 25 // cryptsetup makes as many as its processor does in two seconds
)

var (
	// ErrNoHeader says that the device holds no LUKS header.
	ErrNoHeader = errors.New("no LUKS header")
	// ErrUnsupported says that a header is one which this package does not read.
	ErrUnsupported = errors.New("this kind of LUKS is not supported")
	// ErrPassphrase says that a passphrase opens no key slot.
	ErrPassphrase = errors.New("the key does not open the volume")
)

// header is the start of the device; offsets are in sectors.
type header struct {
	Magic         [6]byte
	Version       uint16
	CipherName    [32]byte
	CipherMode    [32]byte
	Hash          [32]byte
	PayloadOffset uint32
	KeySize       uint32 // in bytes
	Digest        [digestSize]byte
	DigestSalt    [saltSize]byte
	DigestIter    uint32
	UUID          [40]byte
	Slots         [keySlots]slot
}

type slot struct {
	Active     uint32
	Iterations uint32
	Salt       [saltSize]byte
	Offset     uint32 // of the key material
	Stripes    uint32
}

// readHeader reads and checks the header of a device of so many bytes.
func readHeader(r io.ReaderAt, size int64) (h header, err error) {
	if size < 2*sector {
		return h, ErrNoHeader
	}
	raw := make([]byte, 2*sector)
	if _, err := r.ReadAt(raw, 0); err != nil && !errors.Is(err, io.EOF) {
		return h, fmt.Errorf("read the LUKS header: %w", err)
	}
	if !bytes.Equal(raw[:len(magic)], magic[:]) {
		return h, ErrNoHeader
	}
	if v := binary.BigEndian.Uint16(raw[len(magic):]); v != 1 {
		return h, fmt.Errorf("%w: version %d", ErrUnsupported, v)
	}
	if _, err := binary.Decode(raw[:headerSize], binary.BigEndian, &h); err != nil {
		return h, fmt.Errorf("decode the LUKS header: %w", err)
	}
	return h, h.check(size)
}

func (h *header) check(size int64) error {
	payload := int64(h.PayloadOffset) * sector
	if payload < headerSize || payload >= size {
		return fmt.Errorf("%w: its payload begins at byte %d of %d", ErrUnsupported, payload, size)
	}
	if h.KeySize == 0 || h.KeySize > maxKeySize {
		return fmt.Errorf("%w: its key has %d bytes", ErrUnsupported, h.KeySize)
	}
	if h.DigestIter == 0 || h.DigestIter > maxIterations {
		return fmt.Errorf("%w: %d iterations", ErrUnsupported, h.DigestIter)
	}
	for i := range h.Slots {
		s := &h.Slots[i]
		if s.Active != slotActive {
			continue
		}
		if s.Iterations == 0 || s.Iterations > maxIterations || s.Stripes < 2 || s.Stripes > maxStripes {
			return fmt.Errorf("%w: key slot %d has %d iterations and %d stripes", ErrUnsupported, i, s.Iterations, s.Stripes)
		}
		if begin := int64(s.Offset) * sector; begin < headerSize || begin+h.material(s) > payload {
			return fmt.Errorf("%w: key slot %d lies outside of the header", ErrUnsupported, i)
		}
	}
	return nil
}

// material is how many bytes the key material of a slot takes, whole sectors.
func (h *header) material(s *slot) int64 {
	return (int64(h.KeySize)*int64(s.Stripes) + sector - 1) / sector * sector
}

func (h *header) encode() ([]byte, error) {
	raw := make([]byte, 2*sector)
	if _, err := binary.Encode(raw, binary.BigEndian, h); err != nil {
		return nil, fmt.Errorf("encode the LUKS header: %w", err)
	}
	return raw, nil
}

// cipher is the cipher as cryptsetup names it, such as aes-xts-plain64.
func (h *header) cipher() string { return text(h.CipherName[:]) + "-" + text(h.CipherMode[:]) }

func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}
