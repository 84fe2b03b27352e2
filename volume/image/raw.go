package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/clinker-io/clinker/volume/driver"
)

// chunkSize is how much of a raw image is in memory.
const chunkSize = 1 << 20

// Raw writes the size bytes that r gives to dst: a raw image (or iso, ami, …) as
// it is downloaded. What comes first is inspected before a byte is written. dst
// ends up with the image and zeroes behind it whatever was there, with its
// zeroes as holes, and flushed. r may end with an error, such as that of
// [Checked]: then dst is not what it should be, and the error is returned.
func (c *Converter) Raw(ctx context.Context, r io.Reader, size int64, declared string, dst driver.Device, p Progress) (Info, error) {
	switch {
	case size < 0:
		return Info{}, errNoSize
	case size > dst.Size():
		return Info{}, &TooBig{Image: size, Volume: dst.Size()}
	}
	if !Streams(declared) {
		return Info{}, unsafef("its disk format %.20q is not raw", declared)
	}
	start := make([]byte, min(size, headerSize))
	if err := readFull(r, start); err != nil {
		return Info{}, err
	}
	info, err := c.inspect(&header{size: size, start: start}, strings.ToLower(declared))
	if err != nil {
		return Info{}, err
	}
	return info, copyRaw(&sink{ctx: ctx, dst: dst}, io.MultiReader(bytes.NewReader(start), r), size, p)
}

// copyRaw writes all that r gives, and zeroes behind it.
func copyRaw(s *sink, r io.Reader, size int64, p Progress) error {
	w := newBehind(s, min(size, chunkSize))
	err := readChunks(w, r, size, p)
	if failed := w.end(); err == nil {
		err = failed
	}
	if err == nil {
		err = atEnd(r)
	}
	if err == nil {
		err = s.zero(size, s.dst.Size()-size)
	}
	if err == nil {
		err = s.flush()
	}
	return err
}

func readChunks(w *behind, r io.Reader, size int64, p Progress) error {
	for off := int64(0); off < size; {
		b := w.buffer(min(size-off, chunkSize))
		if err := readFull(r, b); err != nil {
			return err
		}
		if err := w.put(b, off); err != nil {
			return err
		}
		off += int64(len(b))
		p.tell(off, size)
	}
	return nil
}

func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("read the image: %w", err)
	}
	return nil
}

// atEnd makes sure that r has no more; a reader that checks says now what it found.
func atEnd(r io.Reader) error {
	var more [1]byte
	n, err := io.ReadFull(r, more[:])
	switch {
	case n > 0:
		return errors.New("read the image: it goes on behind its size")
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("read the image: %w", err)
	}
	return nil
}

func (p Progress) tell(done, total int64) {
	if p != nil {
		p(done, total)
	}
}
