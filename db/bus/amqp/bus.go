// Package amqp is the message bus over RabbitMQ. A process starts without its
// broker, works on when it goes, and takes up its queues when it comes back.
//
// Start reading at Wake (publish.go) and Serve (consume.go); session.go keeps
// one connection alive. Publishing has its own connection: RabbitMQ stops
// reading from one that publishes too much, and consumers must not wait for that.
package amqp

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/clinker-io/clinker/db/bus"
)

const (
	// namePrefix keeps our queues apart from those of Python Cinder on the same broker.
	namePrefix = "clinker."
	// outboxSize is how many wake-ups wait for a broker that is away; further
	// ones are dropped.
	outboxSize = 1024
	// queueLength is how many wake-ups the broker keeps for a worker that is
	// away; it drops the oldest then, whose jobs the claim loop has long found.
	queueLength = 10000
	// expiry is after how long the broker may forget a wake-up, in ms.
	expiry = "600000"
	// prefetch is how many unacknowledged wake-ups one Serve holds: few, since
	// others that serve the queue could have them.
	prefetch = 4
)

// Options say how to reach the broker. All but URL may be zero.
type Options struct {
	URL       URL
	TLS       *tls.Config   // for amqps, and for option ssl; the host's name is filled in
	Quorum    bool          // rabbit_quorum_queue: work queues replicated by Raft
	Heartbeat time.Duration // heartbeat_timeout_threshold; default 10 s
	RetryMin  time.Duration // rabbit_retry_interval; default 1 s
	RetryMax  time.Duration // rabbit_interval_max; default 30 s
	Log       *slog.Logger
}

// Bus is a bus.Bus over RabbitMQ.
type Bus struct {
	opts   Options
	log    *slog.Logger
	counts bus.Counters
	outbox chan message

	ctx context.Context // ends with Close
	end context.CancelFunc

	mu     sync.Mutex
	closed bool
	users  sync.WaitGroup // the publisher and every Serve; counted up only while not closed
}

var _ bus.Bus = (*Bus)(nil)

// Open returns a bus that connects by itself, now or when the broker is there.
func Open(o Options) (*Bus, error) {
	if len(o.URL.brokers) == 0 {
		return nil, errors.New("the message bus needs the option transport_url")
	}
	o = o.withDefaults()
	b := &Bus{opts: o, log: o.Log, outbox: make(chan message, outboxSize)}
	b.ctx, b.end = context.WithCancel(context.Background())
	b.users.Go(b.publish)
	return b, nil
}

func (o Options) withDefaults() Options {
	if o.RetryMin <= 0 {
		o.RetryMin = time.Second
	}
	if o.RetryMax <= 0 {
		o.RetryMax = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.URL.tls && o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return o
}

// enter registers one more user of the bus, who calls leave.
func (b *Bus) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.users.Add(1)
	}
	return !b.closed
}

func (b *Bus) leave() { b.users.Done() }

// Counts implements bus.Bus.
func (b *Bus) Counts() bus.Counts { return b.counts.Counts() }

// Close implements bus.Bus. Wake-ups that still wait for the broker are dropped.
func (b *Bus) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.end()
	b.users.Wait()
	return nil
}
