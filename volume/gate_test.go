package volume

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clinker-io/clinker/volume/driver"
)

// slow is a device whose writes end when they are told to.
type slow struct {
	driver.Device
	began, end chan struct{}
}

func (s *slow) WriteAt(p []byte, _ int64) (int, error) {
	s.began <- struct{}{}
	<-s.end
	return len(p), nil
}

func TestAGateGivesUpOnAWriteThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	s := &slow{began: make(chan struct{}), end: make(chan struct{})}
	d := newGatedDevice(s)
	wrote := make(chan error, 2)
	write := func() {
		_, err := d.WriteAt(make([]byte, 512), 0)
		wrote <- err
	}
	go write()
	<-s.began
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := d.gate.hold(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("held: %v", err)
	}
	go write() // the gate is open again
	<-s.began
	close(s.end)
	for range 2 {
		if err := <-wrote; err != nil {
			t.Error(err)
		}
	}
	if err := d.gate.hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.gate.hold(ctx); err == nil {
		t.Error("held twice at once")
	}
	d.gate.open()
}

func TestNobodyIsInsideAHeldGate(t *testing.T) {
	t.Parallel()
	g := &newGatedDevice(nil).gate
	var inside atomic.Int64
	var passed, holds atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				g.enter()
				inside.Add(1)
				passed.Add(1)
				inside.Add(-1)
				g.leave()
			}
		})
	}
	var holders sync.WaitGroup
	for range 2 {
		holders.Go(func() {
			for range 25 {
				if err := g.hold(t.Context()); err != nil {
					t.Error(err)
					return
				}
				if n := inside.Load(); n != 0 {
					t.Errorf("%d are inside", n)
				}
				holds.Add(1)
				g.open()
			}
		})
	}
	holders.Wait()
	close(stop)
	wg.Wait()
	if passed.Load() == 0 || holds.Load() != 50 {
		t.Errorf("%d passed, %d holds", passed.Load(), holds.Load())
	}
}

func BenchmarkGate(b *testing.B) {
	g := &newGatedDevice(nil).gate
	for b.Loop() {
		g.enter()
		g.leave()
	}
}
