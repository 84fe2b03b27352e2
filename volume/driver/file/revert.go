package file

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/clinker-io/clinker/volume/driver"
)

var _ driver.Reverter = (*Driver)(nil)

// Revert copies the snapshot to a .part file, or shares its extents, and puts
// that in the place of the volume's file in one rename.
func (d *Driver) Revert(ctx context.Context, v driver.Volume, s driver.Snapshot) error {
	if err := d.revert(ctx, v, s); err != nil {
		return fmt.Errorf("revert volume %s to %s: %w", v.Name, s.Name, spaceError(err))
	}
	return nil
}

func (d *Driver) revert(ctx context.Context, v driver.Volume, s driver.Snapshot) error {
	release, err := d.claim(ctx, v.Name)
	if err != nil {
		return err
	}
	defer release()
	if d.isOpen(v.Name) {
		return driver.ErrInUse
	}
	if _, ok, err := d.size(v.Name); err != nil || !ok {
		return errorOr(err, fmt.Errorf("%s in %s: %w", v.Name, d.opts.PoolPath, driver.ErrNotFound))
	}
	from, err := d.acquire(ctx, s.Name, true, s.SizeBytes)
	if err != nil {
		return err
	}
	defer d.closeNode(from)
	if err := d.makePart(ctx, v.Name, func(f *os.File) error { return d.fillClone(ctx, v, from, f) }); err != nil {
		return err
	}
	part := v.Name + partSuffix
	if err := d.root.Rename(part, v.Name); err != nil {
		return errors.Join(err, d.root.Remove(part))
	}
	driver.Step(ctx, "renamed")
	return d.syncFolder() // until then a power cut may bring back the old one, as a whole
}

func errorOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
