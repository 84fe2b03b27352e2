package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/volume/driver"
)

// device is one Open of a node.
type device struct {
	d        *Driver
	n        *node
	readOnly bool

	calls  atomic.Int64 // calls under way, plus closedBit
	idle   chan struct{}
	signal sync.Once // closes idle
	gone   sync.Once // gives the node back
}

// closedBit in device.calls turns new calls away.
const closedBit = 1 << 62

var (
	_ driver.Device       = (*device)(nil)
	_ driver.NoWaitReader = (*device)(nil)
	_ driver.ZeroWriter   = (*device)(nil)
	_ driver.HoleFinder   = (*device)(nil)
)

// Open opens the file; snapshots only for reading.
func (d *Driver) Open(ctx context.Context, src driver.Source, m driver.Mode) (driver.Device, error) {
	name, err := src.Name()
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	switch {
	case m != driver.ReadOnly && m != driver.ReadWrite:
		return nil, fmt.Errorf("open %s: %w: mode %d", name, driver.ErrInvalid, m)
	case m == driver.ReadWrite && src.Snapshot != nil:
		return nil, fmt.Errorf("open snapshot %s for writing: %w", name, driver.ErrReadOnly)
	}
	n, err := d.acquire(ctx, name, src.Snapshot != nil, src.SizeBytes())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return &device{d: d, n: n, readOnly: m == driver.ReadOnly, idle: make(chan struct{})}, nil
}

// begin keeps the file open until end.
func (v *device) begin() error {
	if v.calls.Add(1)&closedBit != 0 {
		v.end()
		return os.ErrClosed
	}
	return nil
}

func (v *device) end() {
	if v.calls.Add(-1) == closedBit {
		v.signal.Do(func() { close(v.idle) })
	}
}

// Close waits for the calls under way and gives the file back.
func (v *device) Close() error {
	v.gone.Do(func() {
		v.calls.Add(closedBit + 1)
		v.end()
		<-v.idle
		v.d.closeNode(v.n)
	})
	return nil
}

func (v *device) Size() int64 { return v.n.size.Load() }

// ReadAt never waits for writers, snapshots or clones.
func (v *device) ReadAt(p []byte, off int64) (int, error) {
	if err := v.begin(); err != nil {
		return 0, err
	}
	defer v.end()
	p, end, err := v.clip(p, off)
	if err != nil || len(p) == 0 {
		return 0, errors.Join(err, end)
	}
	n, err := v.n.readAt(p, off)
	if err != nil {
		return n, err
	}
	return n, end
}

// clip cuts p at the end of the device; end is then io.EOF.
func (v *device) clip(p []byte, off int64) (cut []byte, end, err error) {
	if off < 0 {
		return nil, nil, driver.ErrOutOfRange
	}
	room := v.Size() - off
	if int64(len(p)) <= room {
		return p, nil, nil
	}
	return p[:max(room, 0)], io.EOF, nil
}

// ReadAtNoWait reads what the page cache holds.
func (v *device) ReadAtNoWait(p []byte, off int64) (int, error) {
	if err := v.begin(); err != nil {
		return 0, err
	}
	defer v.end()
	p, end, err := v.clip(p, off)
	if err != nil || len(p) == 0 {
		return 0, errors.Join(err, end)
	}
	if v.n.noNoWait.Load() {
		return 0, unix.EAGAIN
	}
	n, err := unix.Preadv2(int(v.n.f.Fd()), [][]byte{p}, off, unix.RWF_NOWAIT)
	switch {
	case err == nil && n == len(p):
		return n, end
	case err == nil || errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN):
		return max(n, 0), unix.EAGAIN // a part, or the end of a short file: ReadAt knows
	case refused(err):
		v.n.noNoWait.Store(true)
		return 0, unix.EAGAIN
	}
	return 0, err
}

// Extent asks the file system where the file has blocks.
func (v *device) Extent(off int64) (n int64, hole bool, err error) {
	if err := v.begin(); err != nil {
		return 0, false, err
	}
	defer v.end()
	size := v.Size()
	if off < 0 || off >= size {
		return 0, false, driver.ErrOutOfRange
	}
	data, ok, err := seekData(v.n.f, off)
	switch {
	case err != nil:
		return 0, false, err
	case !ok:
		return size - off, true, nil
	case data > off:
		return min(data, size) - off, true, nil
	}
	end, err := seekHole(v.n.f, off)
	if err != nil {
		return 0, false, err
	}
	return min(end, size) - off, false, nil
}

// WriteAt lets copies under way save what it overwrites, then writes.
func (v *device) WriteAt(p []byte, off int64) (n int, err error) {
	if err := v.beginChange(off, int64(len(p))); err != nil {
		return 0, err
	}
	defer v.end()
	err = v.n.change(off, int64(len(p)), func() error {
		n, err = v.n.f.WriteAt(p, off)
		return spaceError(err)
	})
	return n, err
}

// Discard makes a hole.
func (v *device) Discard(off, n int64) error { return v.changeRange(off, n, v.n.discard) }

// WriteZeroes makes a hole too: a pool is thin, and a guest that zeroes a whole
// disk must not fill it.
func (v *device) WriteZeroes(off, n int64) error { return v.changeRange(off, n, v.n.discard) }

func (v *device) changeRange(off, n int64, do func(off, n int64) error) error {
	if err := v.beginChange(off, n); err != nil {
		return err
	}
	defer v.end()
	if n == 0 {
		return nil
	}
	return v.n.change(off, n, func() error { return spaceError(do(off, n)) })
}

// beginChange is begin for a change of a range.
func (v *device) beginChange(off, n int64) error {
	if v.readOnly {
		return driver.ErrReadOnly
	}
	if err := v.begin(); err != nil {
		return err
	}
	if off < 0 || n < 0 || n > v.Size()-off {
		v.end()
		return driver.ErrOutOfRange
	}
	return nil
}

// Flush is fdatasync, and fails for ever once it has failed.
func (v *device) Flush() error {
	if err := v.begin(); err != nil {
		return err
	}
	defer v.end()
	return v.n.flush()
}
