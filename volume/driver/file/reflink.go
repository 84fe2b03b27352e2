package file

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/volume/driver"
)

// reflink makes f share all extents of n. ok is false when the file system, or
// these two files, cannot. Writers wait during the ioctl; so that it finds
// little to write back itself, what is dirty goes to the disk before.
func (n *node) reflink(ctx context.Context, f *os.File) (size int64, ok bool, err error) {
	if err := n.flush(); err != nil {
		return 0, false, err
	}
	driver.Step(ctx, "before reflink")
	n.gate.hold(func() {
		size = n.size.Load()
		err = cloneFile(f, n.f)
	})
	if errors.Is(err, errNoReflink) {
		return 0, false, nil
	}
	return size, err == nil, err
}

var errNoReflink = errors.New("extents cannot be shared")

func cloneFile(dst, src *os.File) error {
	err := retryEINTR(func() error { return unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())) })
	switch {
	case err == nil:
		return nil
	case refused(err) || errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EXDEV):
		return errNoReflink
	}
	return fmt.Errorf("share extents: %w", err)
}

// The files of probeReflink; no volume's name starts with a dot.
const (
	probeFrom = ".probe-from"
	probeTo   = ".probe-to"
)

// probeReflink tries it on two small files, which also proves that the folder
// can be written.
func (d *Driver) probeReflink() (can bool, err error) {
	src, err := d.root.OpenFile(probeFrom, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, src.Close(), d.root.Remove(probeFrom)) }()
	if _, err := src.Write(make([]byte, 4096)); err != nil {
		return false, err
	}
	dst, err := d.root.OpenFile(probeTo, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, dst.Close(), d.root.Remove(probeTo)) }()
	err = cloneFile(dst, src)
	if errors.Is(err, errNoReflink) {
		return false, nil
	}
	return err == nil, err
}
