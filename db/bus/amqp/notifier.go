package amqp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// NotifierOptions say where notifications go. The exchange and the queues are
// declared as oslo.messaging declares them: the same options on every service.
type NotifierOptions struct {
	Options
	Exchange string // control_exchange
	Durable  bool   // amqp_durable_queues
	Mirrored bool   // rabbit_ha_queues
}

// Outgoing is a message for a queue of the exchange.
type Outgoing struct {
	Queue string // also the routing key, such as notifications.info
	Body  []byte
}

// Notifier publishes notifications with publisher confirms. It is for one
// goroutine.
type Notifier struct {
	opts     NotifierOptions
	dial     *dialer
	log      *slog.Logger
	conn     *amqp.Connection
	ch       *amqp.Channel
	declared map[string]bool // by queue, on this connection
	existing map[string]bool // what is there with other properties, and is used as it is
}

// NewNotifier connects when it is needed; ctx ends it.
func NewNotifier(ctx context.Context, o NotifierOptions) *Notifier {
	o.Options = o.withDefaults()
	log := o.Log.With("purpose", "notifications")
	return &Notifier{opts: o, dial: newDialer(ctx, o.Options, log), log: log}
}

// Ready connects if there is no connection; it waits after a failure, longer
// each time.
func (n *Notifier) Ready() error {
	if n.conn != nil && !n.conn.IsClosed() && !n.ch.IsClosed() {
		return nil
	}
	n.Close()
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName("clinker notifications")
	conn, err := amqp.DialConfig("amqp://localhost", amqp.Config{SASL: []amqp.Authentication{n.dial}, Vhost: n.opts.URL.vhost,
		Heartbeat: n.opts.Heartbeat, Properties: properties, Dial: n.dial.dial})
	if err != nil {
		return err
	}
	n.conn, n.declared, n.existing = conn, make(map[string]bool), make(map[string]bool)
	if err := n.open(); err != nil {
		n.Close()
		return err
	}
	n.dial.settled()
	return nil
}

func (n *Notifier) open() (err error) {
	if n.ch, err = n.conn.Channel(); err != nil {
		return fmt.Errorf("open a channel: %w", err)
	}
	return n.ch.Confirm(false)
}

// Publish sends messages in their order and waits until the broker has them,
// or ctx ends. It returns how many, from the first on, the broker has for sure.
func (n *Notifier) Publish(ctx context.Context, messages []Outgoing) (int, error) {
	if err := n.Ready(); err != nil {
		return 0, err
	}
	for _, m := range messages {
		if err := n.declare(m.Queue); err != nil {
			return 0, err
		}
	}
	var confirms []*amqp.DeferredConfirmation
	var failed error
	for _, m := range messages {
		c, err := n.ch.PublishWithDeferredConfirm(n.opts.Exchange, m.Queue, false, false, amqp.Publishing{ContentType: "application/json",
			ContentEncoding: "utf-8", DeliveryMode: amqp.Persistent, Timestamp: time.Now(), Body: m.Body})
		if err != nil {
			failed = err
			break
		}
		confirms = append(confirms, c)
	}
	for i, c := range confirms {
		ok, err := c.WaitContext(ctx)
		if err != nil || !ok {
			n.Close() // what follows must not overtake what is sent again
			return i, errors.Join(errNotTaken, err, failed)
		}
	}
	if failed != nil {
		n.Close()
	}
	return len(confirms), failed
}

var errNotTaken = errors.New("the broker did not take a message")

// declare makes the exchange and the queue, so that nothing is lost before
// there is a consumer. What is there with other properties is used as it is.
func (n *Notifier) declare(queue string) error {
	if n.declared[queue] {
		return nil
	}
	durable, args := n.opts.Durable || n.opts.Quorum, amqp.Table{}
	if n.opts.Mirrored {
		args["x-ha-policy"] = "all"
	}
	if n.opts.Quorum {
		args["x-queue-type"] = "quorum"
	}
	err := n.tolerant("exchange "+n.opts.Exchange, func() error {
		return n.ch.ExchangeDeclare(n.opts.Exchange, amqp.ExchangeTopic, durable, false, false, false, nil)
	})
	if err != nil {
		return fmt.Errorf("declare exchange %s: %w", n.opts.Exchange, err)
	}
	err = n.tolerant("queue "+queue, func() error {
		_, err := n.ch.QueueDeclare(queue, durable, false, false, false, args)
		return err
	})
	if err != nil {
		return fmt.Errorf("declare queue %s: %w", queue, err)
	}
	if err := n.ch.QueueBind(queue, queue, n.opts.Exchange, false, nil); err != nil {
		return fmt.Errorf("bind queue %s: %w", queue, err)
	}
	n.declared[queue] = true
	return nil
}

// tolerant declares; what exists with other properties is warned of once. The
// refusal has closed the channel.
func (n *Notifier) tolerant(what string, declare func() error) error {
	if n.existing[what] {
		return nil
	}
	err := declare()
	var refused *amqp.Error
	if !errors.As(err, &refused) || refused.Code != amqp.PreconditionFailed {
		return err
	}
	n.existing[what] = true
	n.log.Warn("this exists with other properties and is used as it is: give all services the same amqp_durable_queues, rabbit_quorum_queue and rabbit_ha_queues",
		"what", what, "err", refused.Reason)
	return n.open()
}

// Close ends the connection, if there is one.
func (n *Notifier) Close() {
	if n.conn != nil {
		_ = n.conn.CloseDeadline(time.Now().Add(closeLimit)) // gone or not, it is not used any more
	}
	n.conn, n.ch = nil, nil
}
