package file

import (
	"context"
	"fmt"
	"os"
)

// claim makes the caller the only one that makes, opens, grows or removes the
// file of that name, until release. It waits for another to finish.
func (d *Driver) claim(ctx context.Context, name string) (release func(), err error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return d.claimFile(ctx, name)
}

// claimFile is claim for the driver's own files too.
func (d *Driver) claimFile(ctx context.Context, name string) (release func(), err error) {
	for {
		wait, err := d.tryClaim(name)
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			if wait == nil {
				d.unclaim(name)
			}
			return nil, err
		}
		if wait == nil {
			return func() { d.unclaim(name) }, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryClaim claims the name and returns nil, or returns what to wait for.
func (d *Driver) tryClaim(name string) (<-chan struct{}, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, fmt.Errorf("folder %s: %w", d.opts.PoolPath, os.ErrClosed)
	}
	if busy, ok := d.claims[name]; ok {
		return busy, nil
	}
	d.claims[name] = make(chan struct{})
	return nil, nil
}

func (d *Driver) unclaim(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.claims[name])
	delete(d.claims, name)
}
