package inprocess

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/clinker-io/clinker/db/bus"
	"github.com/clinker-io/clinker/db/bus/bustest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBus(t *testing.T) {
	t.Parallel()
	bustest.Run(t, func(t *testing.T) func() bus.Bus {
		b := New()
		t.Cleanup(func() { _ = b.Close() })
		return func() bus.Bus { return b }
	})
}

func TestAFullQueueDropsAndCounts(t *testing.T) {
	t.Parallel()
	b := New()
	q, err := b.join("scheduler") // served by somebody who takes nothing
	if err != nil {
		t.Fatal(err)
	}
	const more = 10
	for range capacity + more {
		if err := b.Wake(t.Context(), "scheduler", "42"); err != nil {
			t.Fatal(err)
		}
	}
	if c := b.Counts(); c.Sent != capacity || c.Dropped != more {
		t.Errorf("%d sent and %d dropped, want %d and %d", c.Sent, c.Dropped, capacity, more)
	}
	b.leave("scheduler", q)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}
