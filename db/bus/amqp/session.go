package amqp

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// The library adds up to 500 ms to it and never gives up; what grows
	// between the tries is the dialer's pause. Not zero: the news that a
	// connection is being made anew must have arrived before it is.
	redialEvery = 100 * time.Millisecond
	closeLimit  = 2 * time.Second
)

// session is one connection with one channel. The library brings both back
// after a loss, with the queue and the consumer declared on the channel.
//
// One connection has one channel only, and a session ends by closing the
// connection: a channel that is closed while its connection is away makes
// amqp091-go 1.16 fail every later recovery of that connection.
type session struct {
	conn *amqp.Connection
	ch   *amqp.Channel
	dial *dialer
	log  *slog.Logger

	watched chan struct{} // closed when the connection is gone for good

	mu   sync.Mutex
	open chan struct{} // closed while the connection is open
	good bool
}

// connect returns a session, however long that takes; an error means that ctx
// has ended.
func (b *Bus) connect(ctx context.Context, purpose string) (*session, error) {
	log := b.log.With("purpose", purpose)
	d := newDialer(ctx, b.opts, log)
	defer context.AfterFunc(ctx, d.cut)()
	for ctx.Err() == nil {
		s, err := b.tryConnect(d, purpose, log)
		if err == nil {
			return s, nil
		}
		if ctx.Err() == nil {
			log.Warn("no connection to the message broker", "err", err)
		}
	}
	return nil, ctx.Err()
}

func (b *Bus) tryConnect(d *dialer, purpose string, log *slog.Logger) (*session, error) {
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName("clinker " + purpose)
	// The address in the URL is not used and holds no secret: dialer knows both.
	conn, err := amqp.DialConfig("amqp://localhost", amqp.Config{
		SASL:       []amqp.Authentication{d},
		Vhost:      b.opts.URL.vhost,
		Heartbeat:  b.opts.Heartbeat,
		Properties: properties,
		Dial:       d.dial,
		Recovery: &amqp.Recovery{
			ReconnectionConfig:    &amqp.ReconnectionConfig{MaxRetryCount: math.MaxInt32, RetryInterval: redialEvery},
			OnTopologyEntityError: func(_ *amqp.Connection, e amqp.TopologyRecoveryEntity) bool { return skip(log, e) },
		},
	})
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, dial: d, log: log, watched: make(chan struct{}), open: make(chan struct{})}
	states := make(chan *amqp.StateChanged, 8)
	conn.NotifyStateChange(states)
	go s.watch(states) // ends when the connection is closed; close waits for it
	if s.ch, err = conn.Channel(); err != nil {
		s.close()
		return nil, fmt.Errorf("open a channel: %w", err)
	}
	s.set(true)
	d.settled()
	return s, nil
}

// skip decides over a queue or consumer that could not be restored: leaving it
// out would leave the queue unserved in silence, so the whole connection is
// tried again. The exclusive queue of a connection that the broker does not
// yet know to be dead is such a case.
func skip(log *slog.Logger, e amqp.TopologyRecoveryEntity) bool {
	log.Warn("a message queue could not be taken up again", "entity", e.EntityName, "err", e.Err)
	return false
}

// watch follows the library's recovery until the connection is gone for good.
func (s *session) watch(states <-chan *amqp.StateChanged) {
	defer close(s.watched)
	for change := range states {
		switch change.To {
		case amqp.StateOpen:
			s.dial.settled()
			s.set(true)
			s.log.Info("the message broker is back")
		case amqp.StateReconnecting:
			s.set(false)
			s.log.Warn("the message broker is away")
		case amqp.StateClosing, amqp.StateClosed:
			s.set(false)
		}
	}
}

func (s *session) set(good bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.good == good {
		return
	}
	if s.good = good; good {
		close(s.open)
	} else {
		s.open = make(chan struct{})
	}
}

// await waits until the channel may be used; it reports false when it never
// will be again.
func (s *session) await(ctx context.Context) bool {
	s.mu.Lock()
	open := s.open
	s.mu.Unlock()
	select {
	case <-open:
		return ctx.Err() == nil
	case <-s.watched:
	case <-ctx.Done():
	}
	return false
}

// close ends the connection and what the library runs for it.
func (s *session) close() {
	s.mu.Lock()
	good := s.good
	s.mu.Unlock()
	if !good {
		s.dial.cut()
	}
	_ = s.conn.CloseDeadline(time.Now().Add(closeLimit)) // the broker may be gone; either way it is closed
	<-s.watched
}
