package amqp

import (
	"context"
	"errors"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/clinker-io/clinker/db/bus"
)

// Serve implements bus.Bus.
func (b *Bus) Serve(ctx context.Context, queue string, f func(context.Context, string) error) error {
	if err := bus.CheckQueue(queue); err != nil {
		return err
	}
	if !b.enter() {
		return bus.ErrClosed
	}
	defer b.leave()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(b.ctx, stop)()
	c := consumer{bus: b, queue: queue, f: f}
	for ctx.Err() == nil {
		s, err := b.connect(ctx, "serve "+queue)
		if err != nil {
			break
		}
		if err := c.consume(ctx, s); err != nil && ctx.Err() == nil {
			s.log.Warn("a message queue is not served for now", "queue", queue, "err", err)
			sleep(ctx, b.opts.RetryMin)
		}
		s.close()
	}
	if b.ctx.Err() != nil {
		return bus.ErrClosed
	}
	return nil
}

// consumer serves one queue.
type consumer struct {
	bus   *Bus
	queue string
	f     func(context.Context, string) error
	as    bool // the queue exists with other properties than ours; take it as it is
}

var errCancelled = errors.New("the broker ended the delivery")

// consume serves the queue over one session, which the library may repair any
// number of times, until ctx ends.
func (c *consumer) consume(ctx context.Context, s *session) error {
	if err := s.ch.Qos(prefetch, 0, false); err != nil {
		return err
	}
	if err := c.declare(s.ch); err != nil {
		return err
	}
	deliveries, err := s.ch.Consume(namePrefix+c.queue, "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	for {
		select {
		case d, ok := <-deliveries:
			if !ok {
				return errCancelled
			}
			c.handle(ctx, d)
		case <-ctx.Done():
			return nil
		}
	}
}

// declare makes the queue. A private one lives as long as its connection; a
// work queue stays, so that wake-ups wait for a worker that restarts. There is
// no dead-letter exchange: a wake-up that nobody could serve is worth nothing,
// its job waits in PostgreSQL.
func (c *consumer) declare(ch *amqp.Channel) error {
	name, args := namePrefix+c.queue, amqp.Table{"x-max-length": int32(queueLength)}
	if bus.Private(c.queue) {
		_, err := ch.QueueDeclare(name, false, true, true, false, args)
		return err
	}
	if c.bus.opts.Quorum {
		args["x-queue-type"] = "quorum"
	}
	if c.as {
		_, err := ch.QueueDeclarePassive(name, true, false, false, false, args)
		c.as = err == nil // deleted meanwhile: make it ours
		return err
	}
	_, err := ch.QueueDeclare(name, true, false, false, false, args)
	var refused *amqp.Error
	if errors.As(err, &refused) && refused.Code == amqp.PreconditionFailed {
		c.as = true // for the next try: this one's channel is gone
	}
	return err
}

// handle calls f and acknowledges. What failed is sent once more rather than
// refused: classic queues count no redeliveries, and the count must end.
// An acknowledgement that comes too late, after a lost connection, fails or is
// refused, and the wake-up comes twice.
func (c *consumer) handle(ctx context.Context, d amqp.Delivery) {
	m := message{queue: c.queue, id: string(d.Body), attempt: attempt(d.Headers)}
	b := c.bus
	switch {
	case bus.CheckID(m.id) != nil:
		b.counts.GivenUp.Add(1) // not ours
	case c.f(ctx, m.id) == nil:
		b.counts.Served.Add(1)
	case m.attempt >= bus.MaxAttempts:
		b.counts.GivenUp.Add(1)
	default:
		m.attempt++
		if !bus.Pause(ctx, m.attempt) {
			return // we end: unacknowledged, the broker gives it to another
		}
		if b.post(m) {
			b.counts.Retried.Add(1)
		}
	}
	_ = d.Ack(false)
}

// attempt reads our own header; whatever else is there counts as the first.
func attempt(h amqp.Table) int {
	if n, ok := h[attemptHeader].(int32); ok && n > 0 && n <= bus.MaxAttempts {
		return int(n)
	}
	return 1
}
