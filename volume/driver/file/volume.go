package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/clinker-io/clinker/volume/driver"
)

// Create makes an empty sparse file.
func (d *Driver) Create(ctx context.Context, v driver.Volume) error {
	release, err := d.claim(ctx, v.Name)
	if err != nil {
		return fmt.Errorf("create volume %s: %w", v.Name, err)
	}
	defer release()
	if v.SizeBytes <= 0 {
		return fmt.Errorf("create volume %s: %w: a size of %d bytes", v.Name, driver.ErrInvalid, v.SizeBytes)
	}
	made, err := d.made(v.Name, v.SizeBytes)
	if err == nil && !made {
		err = d.make(ctx, v.Name, func(f *os.File) error { return f.Truncate(v.SizeBytes) })
	}
	if err != nil {
		return fmt.Errorf("create volume %s: %w", v.Name, spaceError(err))
	}
	return nil
}

// made says whether an earlier call has already made the file. One of another
// size is somebody's data and is not touched.
func (d *Driver) made(name string, sizeBytes int64) (bool, error) {
	size, ok, err := d.size(name)
	if err != nil || !ok {
		return false, err
	}
	if size != sizeBytes {
		return false, fmt.Errorf("%w: it has %d bytes and not %d", driver.ErrExists, size, sizeBytes)
	}
	return true, d.syncFolder() // the earlier call may have died before its own
}

// Delete removes the volume's file. Its space is free when this returns.
func (d *Driver) Delete(ctx context.Context, v driver.Volume) error {
	if err := d.remove(ctx, v.Name); err != nil {
		return fmt.Errorf("delete volume %s: %w", v.Name, err)
	}
	return nil
}

// DeleteSnapshot removes the snapshot's file.
func (d *Driver) DeleteSnapshot(ctx context.Context, s driver.Snapshot) error {
	if err := d.remove(ctx, s.Name); err != nil {
		return fmt.Errorf("delete snapshot %s: %w", s.Name, err)
	}
	return nil
}

func (d *Driver) remove(ctx context.Context, name string) error {
	release, err := d.claim(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	if d.isOpen(name) {
		return driver.ErrInUse
	}
	for _, file := range []string{name + partSuffix, name} {
		driver.Step(ctx, "before unlink")
		if err := d.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	driver.Step(ctx, "unlinked")
	return d.syncFolder()
}

// Extend makes the file longer; what is added is a hole.
func (d *Driver) Extend(ctx context.Context, v driver.Volume, sizeBytes int64) error {
	err := d.extend(ctx, v, sizeBytes)
	if err != nil {
		return fmt.Errorf("extend volume %s: %w", v.Name, spaceError(err))
	}
	return nil
}

// extend holds the claim to its end: two calls at once could otherwise shrink
// what the other has grown.
func (d *Driver) extend(ctx context.Context, v driver.Volume, sizeBytes int64) error {
	release, err := d.claim(ctx, v.Name)
	if err != nil {
		return err
	}
	defer release()
	n, err := d.openNode(v.Name, false, 0)
	if err != nil {
		return err
	}
	defer d.closeNode(n)
	return n.extend(ctx, sizeBytes)
}
