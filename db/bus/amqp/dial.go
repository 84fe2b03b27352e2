package amqp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// dialLimit bounds reaching one broker and the AMQP handshake with it.
const dialLimit = 10 * time.Second

// dialer reaches one of the brokers, in turn. The library dials through it
// again whenever a connection is lost, at a steady interval; the growing pauses
// are made here. It is also the library's amqp.Authentication, since each
// broker may have a user of its own.
type dialer struct {
	ctx     context.Context
	tls     *tls.Config
	brokers []broker
	log     *slog.Logger

	mu      sync.Mutex
	next    int
	current broker
	raw     net.Conn
	failing bool
	pause   *backoff.ExponentialBackOff
}

func newDialer(ctx context.Context, o Options, log *slog.Logger) *dialer {
	d := &dialer{ctx: ctx, brokers: o.URL.brokers, tls: o.TLS, log: log, pause: backoff.NewExponentialBackOff()}
	d.pause.InitialInterval, d.pause.MaxInterval, d.pause.Multiplier = o.RetryMin, o.RetryMax, 2
	d.pause.Reset()
	return d
}

// dial tries every broker once, beginning with the one after the last tried:
// one that takes connections and then refuses the user must not hide the rest.
func (d *dialer) dial(string, string) (net.Conn, error) {
	if err := d.wait(); err != nil {
		return nil, err
	}
	var errs []error
	for range d.brokers {
		b := d.turn()
		c, err := d.connect(b)
		if err == nil {
			d.mu.Lock()
			d.current, d.raw = b, c
			d.mu.Unlock()
			if d.ctx.Err() != nil {
				d.cut() // whoever ended it may have looked for it too early
			}
			return c, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", b.addr, err))
	}
	err := errors.Join(errs...)
	if d.ctx.Err() == nil {
		d.log.Warn("no message broker can be reached", "err", err)
	}
	return nil, err
}

// wait pauses when the last try came to nothing. Until settled is called, the
// present try counts as such.
func (d *dialer) wait() error {
	d.mu.Lock()
	failing, pause := d.failing, time.Duration(0)
	if d.failing = true; failing {
		pause = d.pause.NextBackOff()
	}
	d.mu.Unlock()
	if !failing {
		return d.ctx.Err()
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-d.ctx.Done():
		return d.ctx.Err()
	}
}

// settled says that the connection works.
func (d *dialer) settled() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing = false
	d.pause.Reset()
}

func (d *dialer) turn() broker {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := d.brokers[d.next%len(d.brokers)]
	d.next++
	return b
}

func (d *dialer) connect(b broker) (net.Conn, error) {
	ctx, stop := context.WithTimeout(d.ctx, dialLimit)
	defer stop()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", b.addr)
	if err != nil {
		return nil, err
	}
	if d.tls != nil {
		if c, err = handshake(ctx, c, d.tls, b.addr); err != nil {
			return nil, err
		}
	}
	// No heartbeats before the AMQP handshake has ended; the library lifts this.
	if err := c.SetDeadline(time.Now().Add(dialLimit)); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func handshake(ctx context.Context, c net.Conn, config *tls.Config, addr string) (net.Conn, error) {
	config = config.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(addr)
	}
	t := tls.Client(c, config)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return t, nil
}

// cut breaks the connection under the library, which would otherwise wait out
// a handshake with a broker that says nothing.
func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.raw != nil {
		_ = d.raw.Close()
	}
}

// Mechanism implements amqp.Authentication.
func (d *dialer) Mechanism() string { return "PLAIN" }

// Response implements amqp.Authentication, RFC 4616.
func (d *dialer) Response() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return "\x00" + d.current.user + "\x00" + d.current.password
}
