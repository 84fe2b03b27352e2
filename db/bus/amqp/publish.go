package amqp

import (
	"context"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/clinker-io/clinker/db/bus"
)

const (
	attemptHeader = "x-clinker-attempt"
	// unconfirmed is how many sent wake-ups may wait for the broker's word.
	unconfirmed = 256
	// resendAfter is the pause before the first resend; it doubles each time. A
	// quorum queue refuses while it elects a leader.
	resendAfter = 100 * time.Millisecond
)

// message is a wake-up on its way to the broker.
type message struct {
	queue, id string
	attempt   int       // of serving it; 1 is the first
	sends     int       // how often it was handed to the broker without success
	after     time.Time // not to be sent before; zero is at once
}

// Wake implements bus.Bus: it never waits for the broker.
func (b *Bus) Wake(ctx context.Context, queue, id string) error {
	if err := bus.Check(ctx, queue, id); err != nil {
		return err
	}
	if b.ctx.Err() != nil {
		return bus.ErrClosed
	}
	b.post(message{queue: queue, id: id, attempt: 1})
	return nil
}

// post puts a message into the outbox if there is room.
func (b *Bus) post(m message) bool {
	select {
	case b.outbox <- m:
		return true
	default:
		b.counts.Dropped.Add(1)
		return false
	}
}

// publish empties the outbox as long as the bus is open.
func (b *Bus) publish() {
	for b.ctx.Err() == nil {
		s, err := b.connect(b.ctx, "publish")
		if err != nil {
			return // closed
		}
		b.publishOn(s)
	}
}

// publishOn sends until the session is gone for good, or the bus is closed.
func (b *Bus) publishOn(s *session) {
	sent, confirmed, returned := make(chan sending, unconfirmed), make(chan struct{}), make(chan struct{})
	returns := s.ch.NotifyReturn(make(chan amqp.Return, unconfirmed))
	go func() { defer close(confirmed); b.confirm(sent) }()
	go func() { defer close(returned); b.count(returns) }()
	if err := s.ch.Confirm(false); err != nil {
		s.log.Warn("no publisher confirms", "err", err)
		sleep(b.ctx, b.opts.RetryMin)
	} else {
		b.pump(s, sent)
	}
	s.close() // also ends the confirmations still due, as refused, and the returns
	close(sent)
	<-confirmed
	<-returned
}

// sending is a message that the broker has not confirmed yet.
type sending struct {
	message
	broker *amqp.DeferredConfirmation
}

func (b *Bus) pump(s *session, sent chan<- sending) {
	for {
		select {
		case m := <-b.outbox:
			if !b.send(s, m, sent) {
				return
			}
		case <-s.watched:
			return
		case <-b.ctx.Done():
			return
		}
	}
}

// send waits until the broker is there and hands it the message. It reports
// false when the session is of no use any more.
func (b *Bus) send(s *session, m message, sent chan<- sending) bool {
	if !sleep(b.ctx, time.Until(m.after)) || !s.await(b.ctx) {
		b.again(m)
		return false
	}
	// Mandatory: a queue that does not exist is worth counting. Transient: the
	// job is safe in PostgreSQL, no disk has to turn for its wake-up.
	c, err := s.ch.PublishWithDeferredConfirm("", namePrefix+m.queue, true, false, amqp.Publishing{
		ContentType:  "text/plain",
		DeliveryMode: amqp.Transient,
		Expiration:   expiry,
		Headers:      amqp.Table{attemptHeader: int32(m.attempt)},
		Body:         []byte(m.id),
	})
	if err != nil {
		b.again(m)
		return sleep(b.ctx, resendAfter) // the loss shows before the library begins to repair it
	}
	select {
	case sent <- sending{m, c}:
		return true
	case <-b.ctx.Done():
		return false
	}
}

// confirm waits for the broker's word on each message, in the order sent. When
// a connection is lost the library says no for all that were under way.
func (b *Bus) confirm(sent <-chan sending) {
	for s := range sent {
		if s.broker.Wait() {
			b.counts.Sent.Add(1)
		} else {
			b.again(s.message)
		}
	}
}

// again puts back what could not be sent, a few times. What was under way
// together when a connection was lost waits together, not one after the other.
func (b *Bus) again(m message) {
	if m.sends++; m.sends >= bus.MaxAttempts {
		b.counts.GivenUp.Add(1)
		return
	}
	m.after = time.Now().Add(resendAfter << (m.sends - 1))
	if b.post(m) {
		b.counts.Resent.Add(1)
	}
}

func (b *Bus) count(returns <-chan amqp.Return) {
	for r := range returns {
		b.counts.Returned.Add(1)
		b.log.Debug("nobody ever served this queue", "queue", r.RoutingKey)
	}
}

// sleep reports whether ctx is still good after d.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
