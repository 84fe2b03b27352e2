package bustest

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clinker-io/clinker/db/bus"
)

const (
	patience = 60 * time.Second
	probe    = "probe-"
	// probeEvery is how often a queue is tried until it is served.
	probeEvery = 20 * time.Millisecond
)

// Queue returns a name that no other test uses.
func Queue(kind string) string { return kind + "." + strings.ToLower(rand.Text()) }

// Server serves one queue in a goroutine of its own.
type Server struct {
	t     testing.TB
	b     bus.Bus
	queue string

	Got    chan string // the ids served, without probes
	probed chan struct{}
	stop   context.CancelFunc
	done   chan struct{}
	err    error // readable when done is closed
}

// Serve starts serving and returns when a wake-up has arrived, so that the
// queue is known to be there. fail may be nil.
func Serve(t testing.TB, b bus.Bus, queue string, fail func(id string) error) *Server {
	t.Helper()
	s := start(t, b, queue, fail)
	s.AwaitServed()
	return s
}

// ServeQueue is Serve for the queue that an earlier server left.
func ServeQueue(t testing.TB, b bus.Bus, earlier *Server) *Server {
	t.Helper()
	return Serve(t, b, earlier.queue, nil)
}

// Wake sends one wake-up to the queue served.
func (s *Server) Wake(id string) error { return s.b.Wake(context.Background(), s.queue, id) }

func start(t testing.TB, b bus.Bus, queue string, fail func(id string) error) *Server {
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{t: t, b: b, queue: queue, Got: make(chan string, 10000), probed: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	t.Cleanup(func() { stop(); <-s.done })
	go func() {
		defer close(s.done)
		s.err = b.Serve(ctx, queue, func(_ context.Context, id string) error {
			if strings.HasPrefix(id, probe) {
				select {
				case s.probed <- struct{}{}:
				default:
				}
				return nil
			}
			s.Got <- id
			if fail != nil {
				return fail(id)
			}
			return nil
		})
	}()
	return s
}

// AwaitServed sends probes until one arrives.
func (s *Server) AwaitServed() {
	s.t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		wake(s.t, s.b, s.queue, probe+rand.Text())
		select {
		case <-s.probed:
			return
		case <-s.done:
			s.t.Fatalf("Serve of %s ended: %v", s.queue, s.err)
		case <-limit.C:
			s.t.Fatalf("%s is not served after %s", s.queue, patience)
		case <-tick.C:
		}
	}
}

// Next returns the next id served.
func (s *Server) Next() string {
	s.t.Helper()
	select {
	case id := <-s.Got:
		return id
	case <-time.After(patience):
		s.t.Fatalf("nothing arrived in %s within %s", s.queue, patience)
		return ""
	}
}

// Stop ends Serve and returns what it returned.
func (s *Server) Stop() error {
	s.stop()
	return s.Wait()
}

// Wait returns what Serve returned.
func (s *Server) Wait() error {
	s.t.Helper()
	select {
	case <-s.done:
		return s.err
	case <-time.After(patience):
		s.t.Fatalf("Serve of %s did not end", s.queue)
		return nil
	}
}

func wake(t testing.TB, b bus.Bus, queue, id string) {
	t.Helper()
	if err := b.Wake(context.Background(), queue, id); err != nil {
		t.Fatalf("wake %s: %v", queue, err)
	}
}

// tally counts the ids that several servers got.
type tally struct {
	mu  sync.Mutex
	ids map[string]int
}

func (c *tally) add(id string) (distinct int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids[id]++
	return len(c.ids)
}

// await waits until a counter says what is wanted.
func await(t testing.TB, b bus.Bus, what string, good func(bus.Counts) bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.After(patience); !good(b.Counts()); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s never came true: %+v", what, b.Counts())
		}
	}
}
