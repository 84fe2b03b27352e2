package image

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Images whose container_format is "compressed" are gzip files of images.

// Unpack decompresses what r gives into a file as Temp makes it, and says how
// many bytes that are. *TooBig when it is more than an image can have that
// fits in a volume of volumeSize bytes: a small file may hold terabytes.
func (c *Converter) Unpack(ctx context.Context, r io.Reader, volumeSize int64) (f *os.File, size int64, err error) {
	if !c.opts.AllowCompressed {
		return nil, 0, unsafef("Image compression disallowed, but container_format is compressed.")
	}
	in := bufio.NewReaderSize(r, 64<<10)
	z, err := gzip.NewReader(in)
	if errors.Is(err, gzip.ErrHeader) {
		return nil, 0, unsafef("Unsupported compressed image format found. Only gzip is supported currently")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the image: %w", err)
	}
	most := largestImage(volumeSize)
	f, size, err = c.spool(io.LimitReader(&untilDone{ctx, z}, most+1), 0)
	if err == nil && size > most {
		err = errors.Join(&TooBig{Image: size, Volume: volumeSize}, f.Close())
	}
	if err != nil {
		return nil, 0, err
	}
	return f, size, nil
}

// Pack makes a gzip file of an image, whose own space it gives back.
func (c *Converter) Pack(ctx context.Context, e *Export) (*Export, error) {
	defer e.Close()
	if !c.opts.AllowCompressed {
		return nil, &NotAllowed{"Image compression upload disallowed, but container_format is compressed"}
	}
	packed, out := io.Pipe()
	go func() {
		z, _ := gzip.NewWriterLevel(out, gzip.BestSpeed)
		_, err := io.Copy(z, &untilDone{ctx, e})
		_ = out.CloseWithError(errors.Join(err, z.Close()))
	}()
	f, size, err := c.spool(packed, 0)
	_ = packed.Close() // ends the goroutine if the file could not take it
	if err != nil {
		return nil, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return &Export{ReadSeekCloser: f, Size: size}, err
}

// largestImage is what an image of a volume of that size cannot pass: tables,
// and what formats reserve.
func largestImage(volumeSize int64) int64 { return volumeSize + volumeSize/8 + 256<<20 }

// untilDone reads until the context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}
