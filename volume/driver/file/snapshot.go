package file

import (
	"context"
	"fmt"
	"os"

	"github.com/clinker-io/clinker/volume/driver"
)

// Snapshot makes a file with what the volume holds at one moment.
func (d *Driver) Snapshot(ctx context.Context, s driver.Snapshot) error {
	if err := d.snapshot(ctx, s); err != nil {
		return fmt.Errorf("snapshot %s of %s: %w", s.Name, s.VolumeName, spaceError(err))
	}
	return nil
}

func (d *Driver) snapshot(ctx context.Context, s driver.Snapshot) error {
	release, err := d.claim(ctx, s.Name)
	if err != nil {
		return err
	}
	defer release()
	size, ok, err := d.size(s.Name)
	if err != nil {
		return err
	}
	if ok {
		_, err := d.made(s.Name, size) // whatever its size: it was taken
		return err
	}
	from, err := d.acquire(ctx, s.VolumeName, false, 0)
	if err != nil {
		return err
	}
	defer d.closeNode(from)
	return d.make(ctx, s.Name, func(f *os.File) error {
		_, err := d.copyNode(ctx, from, f, 0)
		return err
	})
}

// Clone makes a volume with what the source holds at one moment.
func (d *Driver) Clone(ctx context.Context, v driver.Volume, src driver.Source) error {
	if err := d.clone(ctx, v, src); err != nil {
		return fmt.Errorf("clone to volume %s: %w", v.Name, spaceError(err))
	}
	return nil
}

func (d *Driver) clone(ctx context.Context, v driver.Volume, src driver.Source) error {
	srcName, err := src.Name()
	if err != nil {
		return err
	}
	if v.SizeBytes <= 0 || srcName == v.Name {
		return fmt.Errorf("%w: %d bytes from %s", driver.ErrInvalid, v.SizeBytes, srcName)
	}
	release, err := d.claim(ctx, v.Name)
	if err != nil {
		return err
	}
	defer release()
	made, err := d.made(v.Name, v.SizeBytes)
	if err != nil || made {
		return err
	}
	from, err := d.acquire(ctx, srcName, src.Snapshot != nil, src.SizeBytes())
	if err != nil {
		return err
	}
	defer d.closeNode(from)
	return d.make(ctx, v.Name, func(f *os.File) error {
		return d.fillClone(ctx, v, from, f)
	})
}

func (d *Driver) fillClone(ctx context.Context, v driver.Volume, from *node, f *os.File) error {
	if size := from.size.Load(); size > v.SizeBytes { // before the work; it never shrinks
		return tooSmall(v, size)
	}
	size, err := d.copyNode(ctx, from, f, v.SizeBytes)
	if err == nil && size > v.SizeBytes {
		err = tooSmall(v, size)
	}
	return err
}

func tooSmall(v driver.Volume, size int64) error {
	return fmt.Errorf("%w: the source has %d bytes, the volume would have %d", driver.ErrInvalid, size, v.SizeBytes)
}

// copyNode makes f what n holds at one moment, and at least minSize long. It
// returns n's size at that moment.
func (d *Driver) copyNode(ctx context.Context, n *node, f *os.File, minSize int64) (size int64, err error) {
	shared := false
	if !d.noReflink.Load() {
		if size, shared, err = n.reflink(ctx, f); err != nil {
			return 0, err
		}
	}
	if shared {
		driver.Moment(ctx)
	} else if size, err = n.copyTo(ctx, f); err != nil {
		return 0, err
	}
	return size, f.Truncate(max(size, minSize))
}
