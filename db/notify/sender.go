package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/db/bus/amqp"
)

const (
	// batch is how many notifications one transaction sends.
	batch = 200
	// poll is how late a notification is found that another process has written and not sent.
	poll = 2 * time.Second
	// publishLimit bounds how long the broker may take for a batch.
	publishLimit = 30 * time.Second
	// pause after a failure that was not the broker's.
	pause = time.Second
	// DefaultKeep is how many notifications wait while nobody can send them:
	// the oldest beyond that are dropped, with a line in the log.
	DefaultKeep = 100_000
)

// Publisher is the broker: amqp.Notifier.
type Publisher interface {
	Ready() error
	Publish(ctx context.Context, messages []amqp.Outgoing) (int, error)
	Close()
}

// Sender sends what waits in the database. It is for one goroutine.
type Sender struct {
	Store     *db.Store
	Publisher Publisher // nil when no driver needs one
	Drivers   []string
	Topics    []string
	Retry     int // tries after the first until what waits is dropped; negative: none is dropped for that
	Keep      int // of those that wait; 0 is DefaultKeep
	Log       *slog.Logger

	failures int // since the last success
}

// Enabled reports whether any of the drivers tells anybody.
func Enabled(drivers []string) bool {
	for _, d := range drivers {
		if d != DriverNoop {
			return true
		}
	}
	return false
}

// NeedsBroker reports whether any of the drivers sends messages.
func NeedsBroker(drivers []string) bool {
	for _, d := range drivers {
		if d == DriverV1 || d == DriverV2 {
			return true
		}
	}
	return false
}

// CheckDrivers says which driver is unknown.
func CheckDrivers(drivers []string) error {
	for _, d := range drivers {
		switch d {
		case DriverV1, DriverV2, DriverLog, DriverNoop:
		default:
			return fmt.Errorf("unknown driver %q: there are messagingv2, messaging, log and noop", d)
		}
	}
	return nil
}

// Run sends until ctx ends.
func (s *Sender) Run(ctx context.Context) {
	if s.Publisher != nil {
		defer s.Publisher.Close()
	}
	for ctx.Err() == nil {
		n, err := s.Round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.failed(ctx, err)
			wait(ctx, nil, pause)
		case n < batch:
			wait(ctx, s.Store.Noted(), poll)
		}
	}
}

// Drain sends until nothing waits that this process may send.
func (s *Sender) Drain(ctx context.Context) error {
	for {
		if n, err := s.Round(ctx); err != nil || n == 0 {
			return err
		}
	}
}

// wait ends with ctx, at a wake-up, or after d.
func wait(ctx context.Context, wake <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-t.C:
	}
}

// Round sends the oldest notifications and returns how many it has looked at.
// Nothing is claimed while the broker is away.
func (s *Sender) Round(ctx context.Context) (int, error) {
	if s.Publisher != nil {
		if err := s.Publisher.Ready(); err != nil {
			return 0, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, publishLimit)
	defer cancel()
	n, err := s.Store.SendNotifications(ctx, batch, s.send)
	if err == nil {
		s.failures = 0
	}
	return n, err
}

// failed bounds what waits, and heeds the option retry.
func (s *Sender) failed(ctx context.Context, cause error) {
	s.failures++
	s.Log.Warn("notifications cannot be sent", "tries", s.failures, "err", cause)
	keep := s.Keep
	if keep == 0 {
		keep = DefaultKeep
	}
	if s.Retry >= 0 && s.failures > s.Retry {
		keep = 0
	}
	n, err := s.Store.DropNotifications(ctx, keep)
	if err == nil && n > 0 {
		s.Log.Error("notifications are lost: nobody could send them", "number", n, "kept", keep)
	}
}

// send hands notifications to every driver and returns how many, from the
// first on, all of them have.
func (s *Sender) send(ctx context.Context, all []db.Notification) (int, error) {
	var out []amqp.Outgoing
	for _, n := range all {
		for _, driver := range s.Drivers {
			if driver != DriverV1 && driver != DriverV2 {
				continue
			}
			raw, err := body(driver, n)
			if err != nil {
				return 0, err
			}
			for _, topic := range s.Topics {
				out = append(out, amqp.Outgoing{Queue: topic + "." + strings.ToLower(n.Priority), Body: raw})
			}
		}
	}
	sent := len(all)
	var failure error
	if len(out) > 0 {
		var n int
		n, failure = s.Publisher.Publish(ctx, out)
		sent = n / (len(out) / len(all))
	}
	s.log(ctx, all[:sent])
	return sent, failure
}

// log is the driver log.
func (s *Sender) log(ctx context.Context, all []db.Notification) {
	for _, d := range s.Drivers {
		if d != DriverLog {
			continue
		}
		for _, n := range all {
			raw, err := json.Marshal(message(n))
			if err != nil {
				continue // PostgreSQL gave it as JSON
			}
			level := slog.LevelInfo
			if n.Priority == "ERROR" {
				level = slog.LevelError
			}
			s.Log.Log(ctx, level, string(raw), "event_type", n.EventType)
		}
	}
}
