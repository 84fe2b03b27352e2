package image

import (
	"bytes"
	"context"
	"fmt"

	"github.com/clinker-io/clinker/volume/driver"
)

// pieceSize is the unit in which zeroes are left out.
const pieceSize = 64 << 10

var zeroPiece [pieceSize]byte

// sink writes to a volume; what is zero becomes a hole.
type sink struct {
	ctx context.Context
	dst driver.Device
}

// write writes p, its zeroes as holes.
func (s *sink) write(p []byte, off int64) error {
	for len(p) > 0 {
		n, zero := run(p)
		if err := s.put(p[:n], off, zero); err != nil {
			return err
		}
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// run measures the pieces at the start of p that are all zero or all not.
func run(p []byte) (n int, zero bool) {
	for n < len(p) {
		piece := p[n:min(n+pieceSize, len(p))]
		if z := bytes.Equal(piece, zeroPiece[:len(piece)]); n == 0 {
			zero = z
		} else if z != zero {
			break
		}
		n += len(piece)
	}
	return n, zero
}

func (s *sink) put(p []byte, off int64, zero bool) error {
	if zero {
		return s.zero(off, int64(len(p)))
	}
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if _, err := s.dst.WriteAt(p, off); err != nil {
		return fmt.Errorf("write the volume: %w", err)
	}
	return nil
}

// zero makes sure that a range reads as zeroes: what is a hole stays untouched.
func (s *sink) zero(off, n int64) error {
	holes, _ := s.dst.(driver.HoleFinder)
	for n > 0 {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		part, hole := n, false
		if holes != nil {
			var err error
			if part, hole, err = holes.Extent(off); err != nil {
				return fmt.Errorf("look at the volume: %w", err)
			}
			part = min(part, n)
		}
		if !hole {
			if err := s.wipe(off, part); err != nil {
				return fmt.Errorf("zero the volume: %w", err)
			}
		}
		off, n = off+part, n-part
	}
	return nil
}

func (s *sink) wipe(off, n int64) error {
	if z, ok := s.dst.(driver.ZeroWriter); ok {
		return z.WriteZeroes(off, n)
	}
	return s.dst.Discard(off, n)
}

func (s *sink) flush() error {
	if err := s.dst.Flush(); err != nil {
		return fmt.Errorf("flush the volume: %w", err)
	}
	return nil
}
