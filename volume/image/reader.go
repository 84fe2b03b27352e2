package image

import (
	"context"
	"errors"
	"io"

	"github.com/clinker-io/clinker/volume/driver"
)

// reader reads a volume from its start to its end, holes without asking the
// storage for them.
type reader struct {
	*io.SectionReader
	p Progress
}

// newReader reads src for as long as ctx lasts. Closing it leaves src open.
func newReader(ctx context.Context, src Source, p Progress) *reader {
	holes, _ := src.(driver.HoleFinder)
	return &reader{p: p, SectionReader: io.NewSectionReader(&holeReader{ctx: ctx, src: src, holes: holes}, 0, src.Size())}
}

func (r *reader) Read(b []byte) (int, error) {
	n, err := r.SectionReader.Read(b)
	if done, seekErr := r.Seek(0, io.SeekCurrent); seekErr == nil {
		r.p.tell(done, r.Size())
	}
	return n, err
}

func (r *reader) Close() error { return nil }

// holeReader remembers the last extent that it was told of.
type holeReader struct {
	ctx       context.Context
	src       Source
	holes     driver.HoleFinder
	from, end int64 // of a hole
	looked    int64 // up to here there is none
}

// ReadAt is for one reader that mostly goes on where it was.
func (h *holeReader) ReadAt(b []byte, off int64) (int, error) {
	if err := h.ctx.Err(); err != nil {
		return 0, err
	}
	if h.holes != nil && (off < h.from || off >= h.end) && (off >= h.looked || off < h.from) {
		if err := h.look(off); err != nil {
			return 0, err
		}
	}
	if off >= h.from && off+int64(len(b)) <= h.end {
		clear(b)
		return len(b), nil
	}
	n, err := h.src.ReadAt(b, off)
	if n == len(b) && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (h *holeReader) look(off int64) error {
	n, hole, err := h.holes.Extent(off)
	if err != nil {
		return err
	}
	if hole {
		h.from, h.end, h.looked = off, off+n, off+n
	} else {
		h.from, h.end, h.looked = off, off, off+n
	}
	return nil
}
