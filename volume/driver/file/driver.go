package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/volume/driver"
)

// Version is reported as driver_version.
const Version = "1.0.0"

// Driver keeps volumes as files in one folder, which it owns while it is open.
type Driver struct {
	opts Options
	root *os.Root // every path goes through it: no name leads out of the folder
	dir  *os.File // the folder itself: carries the lock, is synced after renames

	noReflink atomic.Bool // set by Check where FICLONE was refused
	fdatasync func(fd int) error

	mu     sync.Mutex
	closed bool
	claims map[string]chan struct{} // names being changed; closed when done
	nodes  map[string]*node         // open files by name
}

// New opens and locks the folder, and makes it where it is missing.
func New(opts Options) (*Driver, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	root, err := openFolder(opts.PoolPath)
	if err != nil {
		return nil, &driver.ConfigError{Option: "file_pool_path", Value: opts.PoolPath, Allowed: "a folder that the service may write", Err: err}
	}
	dir, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open folder %s: %w", opts.PoolPath, err), root.Close())
	}
	if err := lockFolder(dir, opts.PoolPath); err != nil {
		return nil, errors.Join(err, dir.Close(), root.Close())
	}
	return &Driver{
		opts: opts, root: root, dir: dir, fdatasync: unix.Fdatasync,
		claims: map[string]chan struct{}{}, nodes: map[string]*node{},
	}, nil
}

func openFolder(path string) (*os.Root, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(path)
}

// Check proves that the folder is still the one that was opened and can be
// written, and finds out whether its file system shares extents.
func (d *Driver) Check(ctx context.Context) error {
	release, err := d.claimFile(ctx, probeFrom)
	if err != nil {
		return err
	}
	defer release()
	if err := d.sameFolder(); err != nil {
		return fmt.Errorf("check folder %s: %w", d.opts.PoolPath, err)
	}
	can, err := d.probeReflink()
	if err != nil {
		return fmt.Errorf("check folder %s: %w", d.opts.PoolPath, spaceError(err))
	}
	d.noReflink.Store(!can)
	return nil
}

// sameFolder notices a file system that was mounted over the folder, or
// unmounted from it, after the start.
func (d *Driver) sameFolder() error {
	now, err := os.Stat(d.opts.PoolPath)
	if err != nil {
		return err
	}
	held, err := d.dir.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(now, held) {
		return errors.New("another folder is there now; restart the service")
	}
	return nil
}

// Stats reports the file system's space; a pool is as large as what it lies on.
func (d *Driver) Stats(ctx context.Context) (driver.Stats, error) {
	if err := d.alive(ctx); err != nil {
		return driver.Stats{}, err
	}
	var st unix.Statfs_t
	if err := retryEINTR(func() error { return unix.Fstatfs(int(d.dir.Fd()), &st) }); err != nil {
		return driver.Stats{}, fmt.Errorf("space in %s: %w", d.opts.PoolPath, err)
	}
	return driver.Stats{
		StorageProtocol: "iSCSI", VendorName: "Open Source", DriverVersion: Version, ThinProvisioning: true,
		Capabilities: map[string]any{
			"thin_provisioning_support": true, "thick_provisioning_support": false,
			"sparse_copy_volume": true, "online_extend_support": true, "multiattach": true, "QoS_support": false,
			"reflink": !d.noReflink.Load(),
		},
		Pools: []driver.PoolStats{{
			Name:       d.opts.BackendName,
			TotalBytes: int64(st.Blocks) * st.Bsize,
			FreeBytes:  int64(st.Bavail) * st.Bsize, // without what is reserved for root
		}},
	}, nil
}

// Close gives the folder up.
func (d *Driver) Close() error {
	d.mu.Lock()
	busy := len(d.nodes) + len(d.claims)
	was := d.closed
	d.closed = d.closed || busy == 0
	d.mu.Unlock()
	switch {
	case was:
		return nil
	case busy > 0:
		return fmt.Errorf("close folder %s: %d volumes or snapshots are %w", d.opts.PoolPath, busy, driver.ErrInUse)
	}
	return errors.Join(d.dir.Close(), d.root.Close())
}

func (d *Driver) alive(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fmt.Errorf("folder %s: %w", d.opts.PoolPath, os.ErrClosed)
	}
	return ctx.Err()
}

// syncFolder makes renames and removals in the folder last.
func (d *Driver) syncFolder() error {
	err := d.dir.Sync()
	if errors.Is(err, unix.EINVAL) { // some file systems keep folders in order by themselves
		return nil
	}
	return err
}

// size of the whole file of that name; ok is false when there is none.
func (d *Driver) size(name string) (size int64, ok bool, err error) {
	info, err := d.root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case !info.Mode().IsRegular():
		return 0, false, fmt.Errorf("%w: %s is not a regular file", driver.ErrInvalid, name)
	}
	return info.Size(), true, nil
}
