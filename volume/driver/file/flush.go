package file

import (
	"fmt"
	"os"
	"sync/atomic"
)

// flusher runs one fdatasync at a time on a file, and never forgets a failure:
// after one the kernel marks the pages clean, and the next fdatasync would
// succeed over lost writes.
type flusher struct {
	f       *os.File
	sync    func(fd int) error
	turn    chan struct{} // holds one token while a flush runs
	started *atomic.Int64 // flushes that have begun
	failed  *atomic.Pointer[error]
}

func newFlusher(f *os.File, sync func(fd int) error) flusher {
	return flusher{f: f, sync: sync, turn: make(chan struct{}, 1), started: new(atomic.Int64), failed: new(atomic.Pointer[error])}
}

// flush puts what was written before the call on stable storage. Callers that
// come while one flush runs share the next.
func (u *flusher) flush() error {
	before := u.started.Load()
	u.turn <- struct{}{}
	defer func() { <-u.turn }()
	if err := u.failed.Load(); err != nil {
		return *err
	}
	if u.started.Load() > before {
		return nil // began after the call and is over
	}
	u.started.Add(1)
	err := retryEINTR(func() error { return u.sync(int(u.f.Fd())) })
	if err != nil {
		err = fmt.Errorf("flush %s: %w", u.f.Name(), spaceError(err))
		u.failed.Store(&err)
	}
	return err
}
