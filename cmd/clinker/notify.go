package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/db/bus/amqp"
	"github.com/clinker-io/clinker/db/notify"
	"github.com/clinker-io/clinker/internal/config"
)

// newSender is what sends the notifications of a store; nil when there are
// none. The publisher connects until ctx ends.
func newSender(ctx context.Context, cfg *config.Config, store *db.Store, log *slog.Logger) (*notify.Sender, error) {
	n := cfg.Notify
	if err := notify.CheckDrivers(n.Driver); err != nil {
		return nil, fmt.Errorf("option driver in [oslo_messaging_notifications]: %w", err)
	}
	if !notify.Enabled(n.Driver) {
		return nil, nil
	}
	s := &notify.Sender{Store: store, Drivers: n.Driver, Topics: n.Topics, Retry: n.Retry, Log: log}
	if !notify.NeedsBroker(n.Driver) {
		return s, nil
	}
	url := n.TransportURL
	if url == "" {
		url = cfg.Default.TransportURL
	}
	o, err := busOptions(cfg, url, log)
	if err != nil {
		return nil, err
	}
	s.Publisher = amqp.NewNotifier(ctx, amqp.NotifierOptions{Options: o, Exchange: cfg.Default.ControlExchange,
		Durable: cfg.Rabbit.Durable, Mirrored: cfg.Rabbit.Mirrored})
	return s, nil
}

// startSender sends in the background; the returned function ends it.
func (b *base) startSender(ctx context.Context) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	s, err := newSender(ctx, b.cfg, b.store, newLevels(b.cfg.Default.Debug).Logger("clinker.notify"))
	if err != nil || s == nil {
		cancel()
		return func() {}, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	return func() { cancel(); <-done }, nil
}
