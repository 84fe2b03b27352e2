package target

import (
	"errors"
	"io"
	"os"
	"sync"
)

// Backing is what a plain blocking store offers. ReadAt beyond the end is
// io.EOF. After Discard the range reads as zeroes. Flush returns when every
// write that has returned before is on stable storage.
type Backing interface {
	io.ReaderAt
	io.WriterAt
	Flush() error
	Discard(off, n int64) error
	Size() int64
}

// noWaitReader is a power of a Backing that can tell what is at hand: fewer
// bytes than asked for come with an error that is ErrWouldBlock.
type noWaitReader interface {
	ReadAtNoWait(p []byte, off int64) (int, error)
}

// zeroWriter is a power of a Backing.
type zeroWriter interface {
	WriteZeroes(off, n int64) error
}

// extentTeller is a power of a Backing that knows where it holds nothing: n bytes
// from off on are a hole, or are not.
type extentTeller interface {
	Extent(off int64) (n int64, hole bool, err error)
}

const queuePerDevice = 4096 // IOs that wait or run; more end with ErrQueueFull

// Blocking is a Device over a Backing. Reads of what is in memory are served in
// place; everything else by a fixed number of workers, which start when they
// are first needed. A Flush that failed fails for ever: what it should have
// written may be lost, whatever the next one says.
type Blocking struct {
	b      Backing
	noWait noWaitReader // may be nil
	zeroes zeroWriter   // may be nil
	holes  extentTeller // may be nil

	mu      sync.Mutex
	work    sync.Cond
	queue   []*IO // a ring
	head    int
	waiting int // IOs in queue
	idle    int // workers that wait for work
	workers int
	limit   int // of workers
	closed  bool
	ended   sync.WaitGroup

	flushMu  sync.Mutex
	flushErr error
}

// NewBlocking serves a Backing with at most that many goroutines.
func NewBlocking(b Backing, workers int) *Blocking {
	d := &Blocking{b: b, limit: max(workers, 1)}
	d.noWait, _ = b.(noWaitReader)
	d.zeroes, _ = b.(zeroWriter)
	d.holes, _ = b.(extentTeller)
	d.work.L = &d.mu
	return d
}

// Size is the size of the Backing.
func (d *Blocking) Size() int64 { return d.b.Size() }

// Try serves reads of what is at hand.
func (d *Blocking) Try(io *IO) bool {
	if io.Op != Read || io.FUA || d.noWait == nil {
		return false
	}
	n, err := d.noWait.ReadAtNoWait(io.Buf[:io.Len], io.Off)
	if errors.Is(err, ErrWouldBlock) {
		return false
	}
	io.Err = complete(n, io.Len, err)
	return true
}

// complete makes a short transfer an error.
func complete(n int, want int64, err error) error {
	switch {
	case int64(n) == want:
		return nil
	case err == nil:
		return io.ErrUnexpectedEOF
	}
	return err
}

// Submit queues IOs for the workers.
func (d *Blocking) Submit(ios []*IO) {
	for _, io := range ios {
		if err := d.enqueue(io); err != nil {
			io.Complete(err)
		}
	}
}

func (d *Blocking) enqueue(io *IO) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return os.ErrClosed
	case d.waiting == queuePerDevice:
		return ErrQueueFull
	case d.waiting == len(d.queue):
		d.grow()
	}
	d.queue[(d.head+d.waiting)%len(d.queue)] = io
	d.waiting++
	switch {
	case d.idle > 0:
		d.work.Signal()
	case d.workers < d.limit:
		d.workers++
		d.ended.Go(d.worker)
	}
	return nil
}

// grow doubles the ring. Called with mu held.
func (d *Blocking) grow() {
	ring := make([]*IO, min(max(2*len(d.queue), 64), queuePerDevice))
	n := copy(ring, d.queue[d.head:])
	copy(ring[n:], d.queue[:d.head])
	d.queue, d.head = ring, 0
}

// worker serves IOs, one at a time, until the device is closed and the queue
// is empty.
func (d *Blocking) worker() {
	for {
		io := d.take()
		if io == nil {
			return
		}
		io.Complete(d.serve(io))
	}
}

func (d *Blocking) take() *IO {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.waiting == 0 {
		if d.closed {
			return nil
		}
		d.idle++
		d.work.Wait()
		d.idle--
	}
	io := d.queue[d.head]
	d.queue[d.head] = nil
	d.head = (d.head + 1) % len(d.queue)
	d.waiting--
	return io
}

func (d *Blocking) serve(io *IO) error {
	switch io.Op {
	case Read:
		if io.FUA { // SBC-3, 4.15: what the cache holds goes to the medium first
			if err := d.flush(); err != nil {
				return err
			}
		}
		n, err := d.b.ReadAt(io.Buf[:io.Len], io.Off)
		return complete(n, io.Len, err)
	case Write:
		n, err := d.b.WriteAt(io.Buf[:io.Len], io.Off)
		if err := complete(n, io.Len, err); err != nil || !io.FUA {
			return err
		}
		return d.flush()
	case Flush:
		return d.flush()
	case Discard:
		return d.b.Discard(io.Off, io.Len)
	case WriteZeroes:
		if d.zeroes != nil {
			return d.zeroes.WriteZeroes(io.Off, io.Len)
		}
		return d.b.Discard(io.Off, io.Len)
	case Extent:
		if d.holes == nil {
			return nil
		}
		n, hole, err := d.holes.Extent(io.Off)
		io.Len, io.Hole = min(n, io.Len), hole
		return err
	}
	return errors.ErrUnsupported
}

// flush remembers a failure: the kernel, for one, reports lost writes once.
func (d *Blocking) flush() error {
	if err := d.flushFailed(nil); err != nil {
		return err
	}
	return d.flushFailed(d.b.Flush())
}

// flushFailed notes a failure and returns the first one.
func (d *Blocking) flushFailed(err error) error {
	d.flushMu.Lock()
	defer d.flushMu.Unlock()
	if d.flushErr == nil {
		d.flushErr = err
	}
	return d.flushErr
}

// Close serves what was submitted, waits for it, and refuses more. The Backing
// stays open.
func (d *Blocking) Close() error {
	d.mu.Lock()
	d.closed = true
	d.work.Broadcast()
	d.mu.Unlock()
	d.ended.Wait()
	return nil
}
