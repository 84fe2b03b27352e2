package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/db/bus/amqp"
	"github.com/clinker-io/clinker/db/notify"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/migrations"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func open(t *testing.T) *db.Store {
	t.Helper()
	s, err := db.Open(t.Context(), pgtest.New(t, migrations.Up), db.Options{Notify: true, Host: "node1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// broker takes messages, or fails after some.
type broker struct {
	mu    sync.Mutex
	got   []string // resource and number
	takes int      // before it fails; negative: all
}

var errAway = errors.New("the broker is away")

func (*broker) Ready() error { return nil }
func (*broker) Close()       {}

func (b *broker) Publish(_ context.Context, all []amqp.Outgoing) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, m := range all {
		if b.takes == 0 {
			return i, errAway
		}
		b.takes--
		var envelope map[string]string
		var inner struct {
			Payload struct{ Text string }
		}
		if err := errors.Join(json.Unmarshal(m.Body, &envelope), json.Unmarshal([]byte(envelope["oslo.message"]), &inner)); err != nil {
			return i, err
		}
		b.got = append(b.got, inner.Payload.Text)
	}
	return len(all), nil
}

func (b *broker) sender(s *db.Store) *notify.Sender {
	return &notify.Sender{Store: s, Publisher: b, Drivers: []string{notify.DriverV2}, Topics: []string{"notifications"}, Retry: -1,
		Log: slog.New(slog.DiscardHandler)}
}

// write tells of n events of each resource, in turn.
func write(t *testing.T, s *db.Store, resources, n int) {
	t.Helper()
	for i := range n {
		for r := range resources {
			e := db.Event{Resource: fmt.Sprint(r), Publisher: "test", Type: "test", Payload: map[string]any{"Text": fmt.Sprintf("%d:%03d", r, i)}}
			if err := s.Note(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestSeveralSendersKeepTheOrderOfEachResource(t *testing.T) {
	t.Parallel()
	s, b := open(t), &broker{takes: -1}
	write(t, s, 3, 120)
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			sender := b.sender(s)
			for left := int64(1); left > 0; {
				if _, err := sender.Round(t.Context()); err != nil {
					t.Error(err)
				}
				var err error
				if left, err = s.WaitingNotifications(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	if len(b.got) != 360 {
		t.Errorf("%d of 360 were sent", len(b.got))
	}
	for r := range 3 {
		of := slices.DeleteFunc(slices.Clone(b.got), func(text string) bool { return !strings.HasPrefix(text, fmt.Sprint(r, ":")) })
		if !slices.IsSorted(of) {
			t.Errorf("events of resource %d came as %v", r, of)
		}
	}
}

func TestWhatTheBrokerDidNotTakeIsSentAgain(t *testing.T) {
	t.Parallel()
	s, b := open(t), &broker{takes: 4}
	write(t, s, 1, 10)
	sender := b.sender(s)
	if _, err := sender.Round(t.Context()); !errors.Is(err, errAway) {
		t.Fatalf("got %v", err)
	}
	b.takes = -1
	if err := sender.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(b.got) != 10 || !slices.IsSorted(b.got) {
		t.Errorf("came %v", b.got)
	}
}

// Run is stopped by the test when the broker has refused often enough.
func TestWhatWaitsIsBounded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ retry, keep, left int }{{-1, 6, 6}, {0, 100, 0}} {
		s := open(t)
		write(t, s, 2, 10)
		ctx, cancel := context.WithCancel(t.Context())
		b := &broker{}
		sender := b.sender(s)
		sender.Retry, sender.Keep = c.retry, c.keep
		sender.Log = slog.New(stopAt{slog.DiscardHandler, "notifications are lost", cancel})
		sender.Run(ctx)
		left, err := s.WaitingNotifications(t.Context())
		if err != nil || left != int64(c.left) {
			t.Errorf("retry %d, keep %d: %d wait, %v", c.retry, c.keep, left, err)
		}
		b.takes = -1
		if err := sender.Drain(t.Context()); err != nil || len(b.got) != c.left || c.left > 0 && b.got[c.left-1] != "1:009" {
			t.Errorf("what was left: %v, %v", b.got, err)
		}
	}
}

// stopAt calls stop at a line that begins so.
type stopAt struct {
	slog.Handler
	begin string
	stop  func()
}

func (stopAt) Enabled(context.Context, slog.Level) bool { return true }

func (s stopAt) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, s.begin) {
		s.stop()
	}
	return nil
}

func TestWithoutNotificationsNothingIsWritten(t *testing.T) {
	t.Parallel()
	dsn := pgtest.New(t, migrations.Up)
	s, err := db.Open(t.Context(), dsn, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write(t, s, 1, 3)
	if n, err := s.WaitingNotifications(t.Context()); err != nil || n != 0 {
		t.Errorf("%d wait, %v", n, err)
	}
}
