package bustest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/db/bus"
)

var errAway = errors.New("the database is away")

func arrives(t *testing.T, join func() bus.Bus) {
	b := join()
	s := Serve(t, b, Queue("volume"), nil)
	for _, id := range []string{"42", ""} {
		wake(t, join(), s.queue, id)
		if got := s.Next(); got != id {
			t.Fatalf("got %q, want %q", got, id)
		}
	}
	await(t, b, "both served", func(c bus.Counts) bool { return c.Served >= 2 })
}

func shared(t *testing.T, join func() bus.Bus) {
	const n = 500
	queue := Queue("volume")
	got, all := tally{ids: make(map[string]int)}, make(chan struct{})
	count := func(id string) error {
		if got.add(id) == n {
			close(all)
		}
		return nil
	}
	var b bus.Bus
	for range 3 {
		b = join()
		Serve(t, b, queue, count)
	}
	for i := range n {
		wake(t, b, queue, fmt.Sprint(i))
	}
	select {
	case <-all:
	case <-time.After(patience):
		t.Fatal("not all arrived")
	}
	got.mu.Lock()
	defer got.mu.Unlock()
	for id, times := range got.ids {
		if times != 1 {
			t.Errorf("%s was served %d times", id, times)
		}
	}
}

func separate(t *testing.T, join func() bus.Bus) {
	b := join()
	one, two := Serve(t, b, Queue("volume"), nil), Serve(t, b, Queue("volume"), nil)
	wake(t, b, one.queue, "one")
	wake(t, b, two.queue, "two")
	if a, b := one.Next(), two.Next(); a != "one" || b != "two" {
		t.Fatalf("got %q and %q", a, b)
	}
}

func comesAgain(t *testing.T, join func() bus.Bus) {
	b, failures := join(), 2
	s := Serve(t, b, Queue("volume"), func(string) error { // runs in Serve's goroutine only
		if failures--; failures >= 0 {
			return errAway
		}
		return nil
	})
	wake(t, b, s.queue, "42")
	for range 3 {
		if id := s.Next(); id != "42" {
			t.Fatalf("got %q", id)
		}
	}
	await(t, b, "two retries", func(c bus.Counts) bool { return c.Retried == 2 && c.GivenUp == 0 })
}

func givenUp(t *testing.T, join func() bus.Bus) {
	b := join()
	s := Serve(t, b, Queue("volume"), func(string) error { return errAway })
	wake(t, b, s.queue, "42")
	for range bus.MaxAttempts {
		s.Next()
	}
	await(t, b, "given up", func(c bus.Counts) bool { return c.GivenUp == 1 })
	s.AwaitServed() // the queue goes on behind it
	if extra := len(s.Got); extra != 0 {
		t.Errorf("served %d times more than allowed", extra)
	}
}

func kept(t *testing.T, join func() bus.Bus) {
	b := join()
	s := Serve(t, b, Queue("volume"), nil)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	wake(t, b, s.queue, "waits")
	later := start(t, b, s.queue, nil)
	if got := later.Next(); got != "waits" {
		t.Fatalf("got %q", got)
	}
}

func returned(t *testing.T, join func() bus.Bus) {
	b := join()
	wake(t, b, Queue("volume"), "42")
	await(t, b, "returned", func(c bus.Counts) bool { return c.Returned == 1 })
}

func private(t *testing.T, join func() bus.Bus) {
	b := join()
	s := Serve(t, b, Queue("api"), nil)
	wake(t, join(), s.queue, "done")
	if got := s.Next(); got != "done" {
		t.Fatalf("got %q", got)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	before := b.Counts().Returned
	wake(t, b, s.queue, "late")
	await(t, b, "returned", func(c bus.Counts) bool { return c.Returned == before+1 })
}

func contextEnds(t *testing.T, join func() bus.Bus) {
	s := Serve(t, join(), Queue("volume"), nil)
	if err := s.Stop(); err != nil {
		t.Fatalf("Serve returned %v", err)
	}
}

func closes(t *testing.T, join func() bus.Bus) {
	b := join()
	s := Serve(t, b, Queue("volume"), nil)
	for range 2 {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Wait(); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Serve ended with %v", err)
	}
	if err := b.Wake(context.Background(), s.queue, "42"); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Wake after Close: %v", err)
	}
	if err := b.Serve(context.Background(), s.queue, nil); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("Serve after Close: %v", err)
	}
}

func bounded(t *testing.T, join func() bus.Bus) {
	b, long := join(), strings.Repeat("x", 1000)
	if err := b.Wake(context.Background(), long, "42"); err == nil {
		t.Error("a long queue name passed")
	}
	if err := b.Wake(context.Background(), "scheduler", long); err == nil {
		t.Error("a long id passed")
	}
	if err := b.Serve(context.Background(), "", nil); err == nil {
		t.Error("an empty queue name passed")
	}
}
