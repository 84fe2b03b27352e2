// Package inprocess is the message bus of a process that holds every role.
package inprocess

import (
	"context"
	"sync"

	"github.com/clinker-io/clinker/db/bus"
)

// capacity is how many wake-ups wait in one queue; further ones are dropped.
const capacity = 4096

// Bus is a bus.Bus within one process.
type Bus struct {
	counts bus.Counters
	ctx    context.Context // ends with Close
	end    context.CancelFunc

	mu      sync.Mutex
	closed  bool
	queues  map[string]*queue
	servers sync.WaitGroup // counted up only while not closed
}

type queue struct {
	wakes   chan wake
	servers int // guarded by Bus.mu
}

type wake struct {
	id      string
	attempt int // 1 is the first
}

var _ bus.Bus = (*Bus)(nil)

// New returns an open bus.
func New() *Bus {
	ctx, end := context.WithCancel(context.Background())
	return &Bus{ctx: ctx, end: end, queues: make(map[string]*queue)}
}

// Wake implements bus.Bus; it never waits.
func (b *Bus) Wake(ctx context.Context, name, id string) error {
	if err := bus.Check(ctx, name, id); err != nil {
		return err
	}
	b.mu.Lock()
	q, closed := b.queues[name], b.closed
	b.mu.Unlock()
	switch {
	case closed:
		return bus.ErrClosed
	case q == nil:
		b.counts.Returned.Add(1)
	case b.put(q, wake{id, 1}):
		b.counts.Sent.Add(1)
	}
	return nil
}

func (b *Bus) put(q *queue, w wake) bool {
	select {
	case q.wakes <- w:
		return true
	default:
		b.counts.Dropped.Add(1)
		return false
	}
}

// Serve implements bus.Bus.
func (b *Bus) Serve(ctx context.Context, name string, f func(context.Context, string) error) error {
	if err := bus.CheckQueue(name); err != nil {
		return err
	}
	q, err := b.join(name)
	if err != nil {
		return err
	}
	defer b.leave(name, q)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(b.ctx, stop)()
	for ctx.Err() == nil {
		select {
		case w := <-q.wakes:
			b.handle(ctx, q, w, f)
		case <-ctx.Done():
		}
	}
	if b.ctx.Err() != nil {
		return bus.ErrClosed
	}
	return nil
}

func (b *Bus) handle(ctx context.Context, q *queue, w wake, f func(context.Context, string) error) {
	if f(ctx, w.id) == nil {
		b.counts.Served.Add(1)
		return
	}
	if w.attempt++; w.attempt > bus.MaxAttempts {
		b.counts.GivenUp.Add(1)
		return
	}
	bus.Pause(ctx, w.attempt) // whether or not this server stays, another may want it
	if b.put(q, w) {
		b.counts.Retried.Add(1)
	}
}

// join finds or makes a queue for one more who serves it.
func (b *Bus) join(name string) (*queue, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, bus.ErrClosed
	}
	q := b.queues[name]
	if q == nil {
		q = &queue{wakes: make(chan wake, capacity)}
		b.queues[name] = q
	}
	q.servers++
	b.servers.Add(1)
	return q, nil
}

func (b *Bus) leave(name string, q *queue) {
	b.mu.Lock()
	if q.servers--; q.servers == 0 && bus.Private(name) {
		delete(b.queues, name)
	}
	b.mu.Unlock()
	b.servers.Done()
}

// Counts implements bus.Bus.
func (b *Bus) Counts() bus.Counts { return b.counts.Counts() }

// Close implements bus.Bus.
func (b *Bus) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.end()
	b.servers.Wait()
	return nil
}
