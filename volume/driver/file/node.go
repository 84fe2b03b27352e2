package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/clinker-io/clinker/volume/driver"
)

// node is an open file: what all devices, snapshots and clones of one volume
// share. refs is guarded by Driver.mu.
type node struct {
	name string
	f    *os.File
	refs int

	size atomic.Int64 // of the device; the file itself may be shorter and then ends in zeroes
	gate *gate
	flusher
	noNoWait    atomic.Bool // RWF_NOWAIT was refused
	noPunch     atomic.Bool // FALLOC_FL_PUNCH_HOLE was refused
	noZeroRange atomic.Bool // FALLOC_FL_ZERO_RANGE was refused
}

// acquire opens the file of that name or joins those who have it open.
func (d *Driver) acquire(ctx context.Context, name string, snapshot bool, sizeBytes int64) (*node, error) {
	release, err := d.claim(ctx, name)
	if err != nil {
		return nil, err
	}
	defer release()
	return d.openNode(name, snapshot, sizeBytes)
}

// openNode is acquire for who has claimed the name. A file shorter than
// sizeBytes shows that size.
func (d *Driver) openNode(name string, snapshot bool, sizeBytes int64) (*node, error) {
	if n := d.joinNode(name); n != nil {
		return n, nil
	}
	size, ok, err := d.size(name)
	if err == nil && !ok {
		err = fmt.Errorf("%s in %s: %w", name, d.opts.PoolPath, driver.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	flag := os.O_RDWR
	if snapshot {
		flag = os.O_RDONLY
	}
	f, err := d.root.OpenFile(name, flag, 0)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", driver.ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	n := &node{name: name, f: f, refs: 1, gate: newGate(), flusher: newFlusher(f, d.fdatasync)}
	n.size.Store(max(size, sizeBytes))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nodes[name] = n
	return n, nil
}

func (d *Driver) joinNode(name string) *node {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.nodes[name]
	if n != nil {
		n.refs++
	}
	return n
}

func (d *Driver) isOpen(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.nodes[name] != nil
}

// closeNode undoes acquire. What close(2) reports is for Flush to say, which
// has said it to everybody who asked.
func (d *Driver) closeNode(n *node) {
	d.mu.Lock()
	n.refs--
	last := n.refs == 0
	if last {
		delete(d.nodes, n.name)
	}
	d.mu.Unlock()
	if last {
		_ = n.f.Close()
	}
}

// extend grows file and device. The caller has claimed the name.
func (n *node) extend(ctx context.Context, sizeBytes int64) error {
	if size := n.size.Load(); sizeBytes < size {
		return fmt.Errorf("%w: it has %d bytes, %d are fewer", driver.ErrInvalid, size, sizeBytes)
	}
	driver.Step(ctx, "before truncate")
	if err := n.f.Truncate(sizeBytes); err != nil {
		return err
	}
	driver.Step(ctx, "truncated")
	if err := n.flush(); err != nil { // also when an earlier call died before this
		return err
	}
	n.size.Store(sizeBytes)
	return nil
}

// readAt reads within the device; past the end of a short file are zeroes.
func (n *node) readAt(p []byte, off int64) (int, error) {
	r, err := n.f.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		clear(p[r:])
		return len(p), nil
	}
	return r, err
}

// change runs do, which changes a range, when every copy under way has saved
// what the range holds.
func (n *node) change(off, length int64, do func() error) error {
	copies := n.gate.enter()
	defer n.gate.leave()
	for _, c := range copies {
		c.save(off, length)
	}
	return do()
}

func (n *node) discard(off, length int64) error {
	if !n.noPunch.Load() {
		err := punchHole(n.f, off, length)
		if err == nil || !refused(err) {
			return err
		}
		n.noPunch.Store(true)
	}
	return n.zero(off, length)
}

func (n *node) zero(off, length int64) error {
	if !n.noZeroRange.Load() {
		err := zeroRange(n.f, off, length)
		if err == nil || !refused(err) {
			return err
		}
		n.noZeroRange.Store(true)
	}
	return writeZeroes(n.f, off, length)
}
