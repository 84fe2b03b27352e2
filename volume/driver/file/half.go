package file

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/volume/driver"
)

// make makes the file of that name, which must be claimed and absent.
func (d *Driver) make(ctx context.Context, name string, fill func(*os.File) error) error {
	if err := d.makePart(ctx, name, fill); err != nil {
		return err
	}
	part := name + partSuffix
	if err := d.root.Rename(part, name); err != nil {
		return errors.Join(err, d.root.Remove(part))
	}
	driver.Step(ctx, "renamed")
	if err := d.syncFolder(); err != nil {
		// The file is whole and has its name; only its survival of a power cut
		// is open. It goes, so that a retry starts from nothing.
		return errors.Join(err, d.root.Rename(name, part), d.root.Remove(part))
	}
	return nil
}

// makePart makes what is to get a claimed name: fill works on the .part file,
// which is on stable storage when this returns. Anything an earlier try left in
// it is gone first.
func (d *Driver) makePart(ctx context.Context, name string, fill func(*os.File) error) (err error) {
	part := name + partSuffix
	f, err := d.root.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(f.Close()), d.root.Remove(part))
		}
	}()
	driver.Step(ctx, "part made")
	if err := fill(f); err != nil {
		return err
	}
	driver.Step(ctx, "part filled")
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	driver.Step(ctx, "part synced")
	return nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// spaceError gives a full file system, and a full quota, the seam's name.
func spaceError(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w (%v)", driver.ErrNoSpace, err)
	}
	return err
}
