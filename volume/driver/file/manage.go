package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/clinker-io/clinker/volume/driver"
)

var _ driver.Manager = (*Driver)(nil)

// sourceName is the key of references: the name of a file in the folder.
const sourceName = "source-name"

// releasedSuffix marks a file that was a volume or snapshot of ours and is not
// any more: no template makes such a name, so it is foreign to all that follows.
const releasedSuffix = "-unmanaged"

// Manageable lists the whole regular files. A foreign one may become a volume
// as well as a snapshot, what was released only what it was before.
func (d *Driver) Manageable(ctx context.Context, kind string) ([]driver.Manageable, error) {
	if err := d.alive(ctx); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("list folder %s: %w", d.opts.PoolPath, err)
	}
	var all []driver.Manageable
	for _, e := range entries {
		is, id := d.opts.meaning(e.Name())
		if !e.Type().IsRegular() || checkName(e.Name()) != nil || is != "" && is != kind {
			continue
		}
		size, err := d.adoptable(e.Name())
		if errors.Is(err, driver.ErrNotFound) {
			continue // removed since
		}
		m := driver.Manageable{Reference: driver.Reference{sourceName: e.Name()}, SizeBytes: size, ID: id}
		if err != nil {
			m.Unsafe = reason(kind, err)
		}
		all = append(all, m)
	}
	return all, nil
}

// reason is what a list says of a file that cannot be taken over.
func reason(kind string, err error) string {
	var r refusal
	switch {
	case errors.Is(err, driver.ErrInUse):
		return kind + " in use"
	case errors.As(err, &r):
		return string(r)
	}
	return "cannot be opened"
}

// meaning tells what kind a name is for, "" for either, and the UUID that it
// bears as one of ours.
func (o Options) meaning(file string) (kind, id string) {
	if found, ok := o.parse(file); ok {
		return found.Kind, found.ID
	}
	if was, ok := strings.CutSuffix(file, releasedSuffix); ok {
		if found, ok := o.parse(was); ok {
			return found.Kind, ""
		}
	}
	return "", ""
}

// refusal is why a file cannot be a volume.
type refusal string

func (r refusal) Error() string { return string(r) }

func (refusal) Is(target error) bool { return target == driver.ErrInvalid }

// adoptable gives the size of a file that can be taken over: a regular one in
// the folder itself, with this one name, that nobody writes to.
func (d *Driver) adoptable(name string) (int64, error) {
	info, err := d.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%s in %s: %w", name, d.opts.PoolPath, driver.ErrNotFound)
	}
	if err != nil {
		return 0, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular() || !ok:
		return 0, refusal("not a regular file")
	case st.Nlink != 1:
		return info.Size(), refusal("has several names")
	case info.Size() == 0:
		return 0, refusal("empty")
	case d.isOpen(name):
		return info.Size(), driver.ErrInUse
	}
	f, err := d.openSame(name, os.O_RDONLY, info)
	if err != nil {
		return info.Size(), err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	return info.Size(), openElsewhere(f)
}
