package image

import (
	"errors"
	"fmt"
	"os"

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

// noRoom marks an error of a file in image_conversion_dir that is full.
func noRoom(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrNoRoom, err)
	}
	return err
}
