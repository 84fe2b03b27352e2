package volume

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/clinker-io/clinker/volume/driver"
)

// gate lets changes of one device through and can be held shut for a while in
// which none is under way. Passing it costs two atomic additions.
type gate struct {
	inside atomic.Int64  // changes under way, plus shutBit
	idle   chan struct{} // told when the last one leaves a shut gate
	turn   chan struct{} // held by the one who holds the gate

	mu     sync.Mutex
	opened chan struct{} // closed when the gate opens again
}

// shutBit in gate.inside turns new changes away.
const shutBit = 1 << 62

func (g *gate) enter() {
	for g.inside.Add(1)&shutBit != 0 {
		g.mu.Lock()
		opened := g.opened
		g.mu.Unlock()
		g.leave()
		<-opened
	}
}

func (g *gate) leave() {
	if g.inside.Add(-1) != shutBit {
		return
	}
	select {
	case g.idle <- struct{}{}:
	default: // it was told already
	}
}

// hold shuts the gate and returns when no change is under way. It fails, with
// the gate open, when ctx ends before. The caller ends it by calling open.
func (g *gate) hold(ctx context.Context) error {
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	g.mu.Lock()
	g.opened = make(chan struct{})
	g.mu.Unlock()
	g.inside.Add(shutBit)
	for g.inside.Load() != shutBit {
		select {
		case <-g.idle:
		case <-ctx.Done():
			g.open()
			return ctx.Err()
		}
	}
	return nil
}

func (g *gate) open() {
	g.inside.Add(-shutBit)
	g.mu.Lock()
	close(g.opened)
	g.mu.Unlock()
	<-g.turn
}

// gatedDevice is an exported device whose changes pass a gate. Reads do not.
type gatedDevice struct {
	driver.Device
	noWait driver.NoWaitReader // may be nil
	zeroes driver.ZeroWriter   // may be nil
	holes  driver.HoleFinder   // may be nil
	gate   gate
}

func newGatedDevice(d driver.Device) *gatedDevice {
	g := &gatedDevice{Device: d, gate: gate{idle: make(chan struct{}, 1), turn: make(chan struct{}, 1)}}
	g.noWait, _ = d.(driver.NoWaitReader)
	g.zeroes, _ = d.(driver.ZeroWriter)
	g.holes, _ = d.(driver.HoleFinder)
	return g
}

// ReadAtNoWait has nothing at hand when the device cannot tell.
func (g *gatedDevice) ReadAtNoWait(p []byte, off int64) (int, error) {
	if g.noWait == nil {
		return 0, syscall.EAGAIN
	}
	return g.noWait.ReadAtNoWait(p, off)
}

// Extent is all data when the device cannot tell.
func (g *gatedDevice) Extent(off int64) (int64, bool, error) {
	if g.holes == nil {
		return g.Size() - off, false, nil
	}
	return g.holes.Extent(off)
}

func (g *gatedDevice) WriteAt(p []byte, off int64) (int, error) {
	g.gate.enter()
	defer g.gate.leave()
	return g.Device.WriteAt(p, off)
}

func (g *gatedDevice) Discard(off, n int64) error {
	g.gate.enter()
	defer g.gate.leave()
	return g.Device.Discard(off, n)
}

// WriteZeroes discards where the device has nothing better: that reads as zeroes too.
func (g *gatedDevice) WriteZeroes(off, n int64) error {
	g.gate.enter()
	defer g.gate.leave()
	if g.zeroes == nil {
		return g.Device.Discard(off, n)
	}
	return g.zeroes.WriteZeroes(off, n)
}
