package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/volume/driver"
)

// Measure is the size of the file that would be adopted, or that was.
func (d *Driver) Measure(ctx context.Context, to driver.Source, from driver.Reference) (int64, error) {
	size, err := d.measure(ctx, to, from)
	if err != nil {
		return 0, fmt.Errorf("measure %q: %w", from[sourceName], err)
	}
	return size, nil
}

func (d *Driver) measure(ctx context.Context, to driver.Source, from driver.Reference) (int64, error) {
	if err := d.alive(ctx); err != nil {
		return 0, err
	}
	name, err := to.Name()
	if err != nil {
		return 0, err
	}
	if size, ok, err := d.size(name); err != nil || ok {
		return size, err
	}
	old, err := d.resolve(from)
	if err != nil {
		return 0, err
	}
	return d.adoptable(old)
}

// resolve finds the file that a reference means. What was released is found by
// the name that it had before as well.
func (d *Driver) resolve(from driver.Reference) (string, error) {
	name, ok := from[sourceName]
	if !ok {
		return "", fmt.Errorf("%w: reference must contain %s element", driver.ErrInvalid, sourceName)
	}
	if err := checkName(name); err != nil {
		return "", err
	}
	if _, ours := d.opts.parse(name); ours {
		if _, err := d.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name + releasedSuffix, nil
		}
	}
	return name, nil
}

// Adopt grows the file, then renames it: until that last step it is untouched
// but for zeroes at its end.
func (d *Driver) Adopt(ctx context.Context, to driver.Source, from driver.Reference) error {
	if err := d.adopt(ctx, to, from); err != nil {
		return fmt.Errorf("adopt %q: %w", from[sourceName], spaceError(err))
	}
	return nil
}

func (d *Driver) adopt(ctx context.Context, to driver.Source, from driver.Reference) error {
	name, err := to.Name()
	if err != nil {
		return err
	}
	release, err := d.claim(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	made, err := d.made(name, to.SizeBytes())
	if err != nil || made {
		return err
	}
	old, err := d.resolve(from)
	if err != nil {
		return err
	}
	if old == name {
		return fmt.Errorf("%s in %s: %w", name, d.opts.PoolPath, driver.ErrNotFound)
	}
	releaseOld, err := d.claim(ctx, old)
	if err != nil {
		return err
	}
	defer releaseOld()
	if err := d.growTo(ctx, old, to.SizeBytes()); err != nil {
		return err
	}
	return d.rename(ctx, old, name)
}

// growTo makes a file that can be taken over as long as the volume will be.
func (d *Driver) growTo(ctx context.Context, name string, sizeBytes int64) (err error) {
	size, err := d.adoptable(name)
	if err != nil {
		return err
	}
	if size > sizeBytes {
		return fmt.Errorf("%w: it has %d bytes, more than %d", driver.ErrInvalid, size, sizeBytes)
	}
	info, err := d.root.Lstat(name)
	if err != nil {
		return err
	}
	f, err := d.openSame(name, os.O_RDWR, info)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	driver.Step(ctx, "before truncate")
	if err := f.Truncate(sizeBytes); err != nil {
		return err
	}
	driver.Step(ctx, "truncated")
	return f.Sync()
}

// rename gives a claimed file a name that is free. When that would not last it
// has its old name again.
func (d *Driver) rename(ctx context.Context, old, name string) error {
	driver.Step(ctx, "before rename")
	if err := d.root.Rename(old, name); err != nil {
		return err
	}
	driver.Step(ctx, "renamed")
	if err := d.syncFolder(); err != nil {
		return errors.Join(err, d.root.Rename(name, old))
	}
	return nil
}

// Release renames the file to what is none of our names.
func (d *Driver) Release(ctx context.Context, src driver.Source) error {
	name, err := src.Name()
	if err == nil {
		err = d.letGo(ctx, name)
	}
	if err != nil {
		return fmt.Errorf("release %s: %w", name, err)
	}
	return nil
}

func (d *Driver) letGo(ctx context.Context, name string) error {
	release, err := d.claim(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	if d.isOpen(name) {
		return driver.ErrInUse
	}
	foreign := name + releasedSuffix
	if err := checkName(foreign); err != nil {
		return err
	}
	_, ok, err := d.size(name)
	if err != nil {
		return err
	}
	if !ok {
		return d.syncFolder() // an earlier call may have died before its own
	}
	if _, err := d.root.Lstat(foreign); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%w: %s", driver.ErrExists, foreign))
	}
	return d.rename(ctx, name, foreign)
}

// openSame opens the file that info is of, and not what has its name now.
func (d *Driver) openSame(name string, flag int, info fs.FileInfo) (*os.File, error) {
	f, err := d.root.OpenFile(name, flag, 0)
	if err != nil {
		return nil, err
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(info, now) {
		err = fmt.Errorf("%w: %s is not what it was", driver.ErrInvalid, name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// openElsewhere asks for a read lease, which no file gets that is open for
// writing anywhere on this node. Where there are no leases, nothing is known.
func openElsewhere(f *os.File) error {
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	if errors.Is(err, unix.EAGAIN) {
		return driver.ErrInUse
	}
	if err == nil {
		_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
		return err
	}
	return nil
}
