package target_test

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// memory is a Backing in memory, and counts what is asked of it.
type memory struct {
	mu       sync.RWMutex
	data     []byte
	unsynced bool // written since the last flush
	flushes  atomic.Int64
	flushErr error
	writeErr error
	readErr  error
	gate     chan struct{} // when set, ReadAt waits for it
	entered  chan struct{} // told when ReadAt waits
	slow     bool          // nothing is at hand
}

func newMemory(size int64) *memory { return &memory{data: make([]byte, size)} }

func (m *memory) Size() int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return int64(len(m.data))
}

func (m *memory) grow(size int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data = append(m.data, make([]byte, size-int64(len(m.data)))...)
}

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	if m.gate != nil {
		m.entered <- struct{}{}
		<-m.gate
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.readErr != nil {
		return 0, m.readErr
	}
	n := copy(p, m.data[min(off, int64(len(m.data))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (m *memory) ReadAtNoWait(p []byte, off int64) (int, error) {
	if m.gate != nil || m.slow {
		return 0, errWouldBlock
	}
	return m.ReadAt(p, off)
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.writeErr != nil {
		return 0, m.writeErr
	}
	m.unsynced = true
	return copy(m.data[off:off+int64(len(p))], p), nil
}

func (m *memory) Flush() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flushes.Add(1)
	if m.flushErr != nil {
		return m.flushErr
	}
	m.unsynced = false
	return nil
}

// durable says whether nothing was written since the last good flush.
func (m *memory) durable() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return !m.unsynced
}

func (m *memory) Discard(off, n int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if off+n > int64(len(m.data)) {
		return os.ErrInvalid
	}
	clear(m.data[off : off+n])
	return nil
}
