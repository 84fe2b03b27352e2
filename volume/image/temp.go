package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Temp makes a file without a name in image_conversion_dir, for an image of
// need bytes; its space is free once it is closed. ErrNoRoom when it would not fit.
func (c *Converter) Temp(need int64) (*os.File, error) {
	dir := c.opts.Dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("image_conversion_dir: %w", err)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return nil, fmt.Errorf("image_conversion_dir %s: %w", dir, err)
	}
	if free := int64(fs.Bavail) * fs.Bsize; free <= need {
		return nil, fmt.Errorf("%w: There is no space on %s to convert image. Requested: %d, available: %d", ErrNoRoom, dir, need, free)
	}
	f, err := os.CreateTemp(dir, "image-")
	if err != nil {
		return nil, noRoom(fmt.Errorf("image_conversion_dir: %w", err))
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("image_conversion_dir: %w", err)
	}
	return f, nil
}

// Download writes the size bytes that r gives to a file as Temp makes it, and
// inspects them. What the first bytes already tell is refused before the rest
// is read.
func (c *Converter) Download(ctx context.Context, r io.Reader, size int64, declared string) (f *os.File, info Info, err error) {
	declared = strings.ToLower(declared)
	if size < 0 {
		return nil, Info{}, errNoSize
	}
	start := make([]byte, min(size, headerSize))
	if err := readFull(r, start); err != nil {
		return nil, Info{}, err
	}
	if _, err := agree(start, declared); err != nil {
		return nil, Info{}, err
	}
	rest := io.LimitReader(&untilDone{ctx, r}, size-int64(len(start)))
	f, n, err := c.spool(io.MultiReader(bytes.NewReader(start), rest), size)
	if err != nil {
		return nil, Info{}, err
	}
	if n < size {
		err = fmt.Errorf("read the image: %w", io.ErrUnexpectedEOF)
	} else if err = atEnd(r); err == nil {
		info, err = c.Inspect(f, size, declared)
	}
	if err != nil {
		_ = f.Close()
		return nil, Info{}, err
	}
	return f, info, nil
}

// spool copies r, of about need bytes, to a file as Temp makes it.
func (c *Converter) spool(r io.Reader, need int64) (*os.File, int64, error) {
	f, err := c.Temp(need)
	if err != nil {
		return nil, 0, err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, chunkSize))
	if err != nil {
		_ = f.Close()
		return nil, 0, noRoom(fmt.Errorf("copy the image: %w", err))
	}
	return f, n, nil
}

// noRoom marks an error of a file in image_conversion_dir that is full.
func noRoom(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrNoRoom, err)
	}
	return err
}
