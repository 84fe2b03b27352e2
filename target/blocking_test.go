package target_test

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"

	"github.com/clinker-io/clinker/target"
)

// ends collects completions.
type ends struct {
	wg sync.WaitGroup
}

func (e *ends) CompleteIO(*target.IO) { e.wg.Done() }

func (e *ends) submit(d target.Device, ios ...*target.IO) {
	e.wg.Add(len(ios))
	for _, io := range ios {
		io.Owner = e
	}
	d.Submit(ios)
}

func TestBlockingServesEveryOperation(t *testing.T) {
	t.Parallel()
	m := newMemory(64 << 10)
	d := target.NewBlocking(m, 3)
	var e ends
	do := func(io *target.IO) error {
		e.submit(d, io)
		e.wg.Wait()
		return io.Err
	}
	data := pattern(4096)
	back := make([]byte, 4096)
	for _, io := range []*target.IO{
		{Op: target.Write, Off: 8192, Len: 4096, Buf: data, FUA: true},
		{Op: target.Read, Off: 8192, Len: 4096, Buf: back, FUA: true},
		{Op: target.Discard, Off: 0, Len: 4096},
		{Op: target.WriteZeroes, Off: 4096, Len: 4096},
		{Op: target.Flush},
	} {
		if err := do(io); err != nil {
			t.Errorf("%s: %v", io.Op, err)
		}
	}
	if string(back) != string(data) || m.flushes.Load() != 3 {
		t.Errorf("bytes differ or %d flushes", m.flushes.Load())
	}
	if err := do(&target.IO{Op: 99}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("unknown operation: %v", err)
	}
	if err := do(&target.IO{Op: target.Read, Off: 64<<10 - 512, Len: 4096, Buf: back}); err == nil {
		t.Error("a read across the end is complete")
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := do(&target.IO{Op: target.Flush}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestBlockingTriesOnlyWhatIsAtHand(t *testing.T) {
	t.Parallel()
	m := newMemory(4096)
	d := target.NewBlocking(m, 1)
	buf := make([]byte, 512)
	if !d.Try(&target.IO{Op: target.Read, Len: 512, Buf: buf}) {
		t.Error("does not read from memory in place")
	}
	if d.Try(&target.IO{Op: target.Read, Len: 512, Buf: buf, FUA: true}) || d.Try(&target.IO{Op: target.Write, Len: 512, Buf: buf}) {
		t.Error("may block")
	}
	m.slow = true
	if d.Try(&target.IO{Op: target.Read, Len: 512, Buf: buf}) {
		t.Error("served what is not at hand")
	}
	_ = d.Close()
}

func TestBlockingRefusesWhenItsQueueIsFull(t *testing.T) {
	t.Parallel()
	m := stuck(4096)
	d := target.NewBlocking(m, 1)
	var e ends
	ios := make([]*target.IO, 5000)
	for i := range ios {
		ios[i] = &target.IO{Op: target.Read, Len: 512, Buf: make([]byte, 512)}
	}
	e.submit(d, ios[0])
	<-m.entered
	e.submit(d, ios[1:]...)
	go func() { // ends with the reads
		for range m.entered {
		}
	}()
	close(m.gate)
	e.wg.Wait()
	close(m.entered)
	full := 0
	for _, io := range ios {
		if errors.Is(io.Err, target.ErrQueueFull) {
			full++
		} else if io.Err != nil {
			t.Fatal(io.Err)
		}
	}
	if full == 0 || full > 1000 {
		t.Errorf("%d of 5000 were refused", full)
	}
	_ = d.Close()
}

func TestBlockingCloseWaits(t *testing.T) {
	t.Parallel()
	m := stuck(4096)
	d := target.NewBlocking(m, 2)
	var e ends
	e.submit(d, &target.IO{Op: target.Read, Len: 512, Buf: make([]byte, 512)})
	<-m.entered
	closed := make(chan struct{})
	go func() {
		_ = d.Close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Error("Close returned before its I/O")
	default:
	}
	close(m.gate)
	<-closed
	e.wg.Wait()
}

func TestBlockingFlushStaysFailed(t *testing.T) {
	t.Parallel()
	m := newMemory(4096)
	d := target.NewBlocking(m, 1)
	var e ends
	m.flushErr = syscall.EIO
	for range 2 {
		io := &target.IO{Op: target.Flush}
		e.submit(d, io)
		e.wg.Wait()
		if !errors.Is(io.Err, syscall.EIO) {
			t.Errorf("flush: %v", io.Err)
		}
		m.mu.Lock()
		m.flushErr = nil
		m.mu.Unlock()
	}
	_ = d.Close()
}
