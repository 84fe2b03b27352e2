package volume

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"time"

	"github.com/clinker-io/clinker/volume/driver"
)

const (
	copyChunk   = 1 << 20  // bytes read at once
	copyPiece   = 64 << 10 // what is zero in such a piece is left out
	reportEvery = 10 * time.Second
)

// source is what is copied from.
type source interface {
	io.ReaderAt
	Size() int64
	driver.HoleFinder
}

// copier copies a volume to an empty one that is at least as large. It holds
// one chunk in memory.
type copier struct {
	log *slog.Logger
	src source
	dst destination
	// zeroes writes zeroes too, and holes: under an encryption what nobody has
	// written is not zeroes.
	zeroes bool
	// skipHoles leaves the holes of the source out all the same.
	skipHoles bool
}

// destination is what is copied to.
type destination interface {
	io.ReaderAt
	io.WriterAt
	Size() int64
	Flush() error
}

var (
	zeroPiece  [copyPiece]byte
	errDiffers = errors.New("the copy differs from what was read")
)

// run copies, makes it durable and reads it back.
func (c *copier) run(ctx context.Context) error {
	sent, err := c.scan(ctx, "copying", c.sourceHole, c.readSource, func(p []byte, off int64) error {
		if _, err := c.dst.WriteAt(p, off); err != nil {
			return fmt.Errorf("write the copy: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.dst.Flush(); err != nil {
		return fmt.Errorf("flush the copy: %w", err)
	}
	got, err := c.scan(ctx, "comparing", c.copyHole, c.readCopy, nil)
	if err != nil {
		return err
	}
	if got != sent {
		return errDiffers
	}
	return nil
}

// readSource fills p; beyond the end of the source there are zeroes.
func (c *copier) readSource(p []byte, off int64) error {
	n := max(0, min(int64(len(p)), c.src.Size()-off))
	clear(p[n:])
	if n == 0 {
		return nil
	}
	if _, err := c.src.ReadAt(p[:n], off); err != nil {
		return fmt.Errorf("%w: %w", errSourceLost, err)
	}
	return nil
}

// sourceHole is how many bytes from off on hold nothing in the source.
func (c *copier) sourceHole(off int64) (int64, error) {
	if c.zeroes && !c.skipHoles {
		return 0, nil
	}
	if off >= c.src.Size() {
		return c.dst.Size() - off, nil
	}
	n, hole, err := c.src.Extent(off)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errSourceLost, err)
	}
	if !hole {
		return 0, nil
	}
	return n, nil
}

// copyHole is the same of the copy, where its driver can tell.
func (c *copier) copyHole(off int64) (int64, error) {
	d, ok := c.dst.(driver.HoleFinder)
	if !ok || c.zeroes && !c.skipHoles {
		return 0, nil
	}
	n, hole, err := d.Extent(off)
	if err != nil || !hole {
		return 0, err
	}
	return n, nil
}

func (c *copier) readCopy(p []byte, off int64) error {
	if _, err := c.dst.ReadAt(p, off); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the copy: %w", err)
	}
	return nil
}

// scan reads as much as the copy holds but for whole chunks of holes, gives what
// is not zero to visit and sums it up: two volumes with the same sum hold the
// same bytes at the same places.
func (c *copier) scan(ctx context.Context, doing string, hole func(int64) (int64, error), read, visit func([]byte, int64) error) (sum [sha256.Size]byte, err error) {
	h, buf, size, last := sha256.New(), make([]byte, copyChunk), c.dst.Size(), time.Now()
	for off := int64(0); off < size; off += copyChunk {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		empty, err := hole(off)
		if err != nil {
			return sum, err
		}
		if off += empty / copyChunk * copyChunk; off >= size {
			break
		}
		p := buf[:min(copyChunk, size-off)]
		if err := read(p, off); err != nil {
			return sum, err
		}
		if err := pieces(h, p, off, c.zeroes, visit); err != nil {
			return sum, err
		}
		if time.Since(last) >= reportEvery {
			c.log.Info(doing, "bytes", off, "of", size)
			last = time.Now()
		}
	}
	h.Sum(sum[:0])
	return sum, nil
}

// pieces adds each piece that is not zero to the sum, with its place. zeroes are
// visited when they are wanted.
func pieces(h hash.Hash, p []byte, off int64, zeroes bool, visit func([]byte, int64) error) error {
	var place [8]byte
	for len(p) > 0 {
		n := min(copyPiece, len(p))
		piece := p[:n]
		zero := bytes.Equal(piece, zeroPiece[:n])
		if !zero {
			binary.BigEndian.PutUint64(place[:], uint64(off))
			_, _ = h.Write(place[:])
			_, _ = h.Write(piece)
		}
		if visit != nil && (zeroes || !zero) {
			if err := visit(piece, off); err != nil {
				return err
			}
		}
		p, off = p[n:], off+int64(n)
	}
	return nil
}
