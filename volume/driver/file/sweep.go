package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/clinker-io/clinker/volume/driver"
)

var (
	_ driver.Driver  = (*Driver)(nil)
	_ driver.Lister  = (*Driver)(nil)
	_ driver.Cleaner = (*Driver)(nil)
)

// List names every file that bears one of our names, in order of name.
func (d *Driver) List(ctx context.Context) ([]driver.Found, error) {
	if err := d.alive(ctx); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("list folder %s: %w", d.opts.PoolPath, err)
	}
	var all []driver.Found
	for _, e := range entries {
		found, ok := d.opts.parse(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since
		}
		if err != nil {
			return nil, fmt.Errorf("list folder %s: %w", d.opts.PoolPath, err)
		}
		found.SizeBytes = info.Size()
		all = append(all, found)
	}
	return all, nil
}

// Sweep removes .part files and those that keep does not know.
func (d *Driver) Sweep(ctx context.Context, keep func(kind, id string) bool) (removed []string, err error) {
	all, err := d.List(ctx)
	if err != nil {
		return nil, err
	}
	var failed []error
	for _, found := range all {
		if found.Made && keep(found.Kind, found.ID) {
			continue
		}
		gone, err := d.sweepOne(found.Name)
		if err != nil {
			failed = append(failed, fmt.Errorf("sweep %s: %w", found.Name, err))
		} else if gone {
			removed = append(removed, found.Name)
		}
	}
	if len(removed) > 0 {
		failed = append(failed, d.syncFolder())
	}
	return removed, errors.Join(failed...)
}

// sweepOne leaves alone what this process has open or is making.
func (d *Driver) sweepOne(file string) (gone bool, err error) {
	name := strings.TrimSuffix(file, partSuffix)
	wait, err := d.tryClaim(name)
	if err != nil || wait != nil {
		return false, err
	}
	defer d.unclaim(name)
	if d.isOpen(name) {
		return false, nil
	}
	err = d.root.Remove(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
