package scheduler

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clinker-io/clinker/db"
)

// figures are what is told of the room of a pool, or of a backend.
type figures struct{ total, free, allocated, provisioned, virtualFree float64 }

func (f *figures) add(g figures) {
	f.total += g.total
	f.free += g.free
	f.allocated += g.allocated
	f.provisioned += g.provisioned
	f.virtualFree += g.virtualFree
}

// capacities tells meters, in notifications, what room the pools have, when
// that has changed. It is for one goroutine.
type capacities struct {
	told map[string]figures // by pool
}

// tell compares the pools with what was told last.
func (c *capacities) tell(ctx context.Context, s *Scheduler) error {
	if !s.Store.Notifies() {
		return nil
	}
	pools, err := s.pools(ctx)
	if err != nil {
		return err
	}
	for _, e := range c.changes(pools, time.Now()) {
		if err := s.Store.Note(ctx, e); err != nil {
			return fmt.Errorf("tell of capacity: %w", err)
		}
	}
	return nil
}

// changes are the events of pools that have changed, and of their backends.
func (c *capacities) changes(pools []Pool, now time.Time) (events []db.Event) {
	sums, changed := make(map[string]*figures), []string(nil)
	told := make(map[string]figures, len(pools))
	at := now.UTC().Format("2006-01-02T15:04:05.000000")
	for i := range pools {
		p := &pools[i]
		if p.vague() || p.FreeGiB.Kind == Unreported {
			continue
		}
		f := figures{p.TotalGiB.GiB, p.FreeGiB.GiB, p.AllocatedGiB, p.ProvisionedGiB, p.factors(p.Thin).virtualFree}
		b := backend(p.Host)
		if sums[b] == nil {
			sums[b] = new(figures)
		}
		sums[b].add(f)
		if old, known := c.told[p.Host]; !known || old != f {
			events = append(events, capacityEvent("pool", p.Host, f, at))
			if !slices.Contains(changed, b) {
				changed = append(changed, b)
			}
		}
		told[p.Host] = f
	}
	c.told = told
	slices.SortFunc(changed, strings.Compare)
	for _, b := range changed {
		events = append(events, capacityEvent("backend", b, *sums[b], at))
	}
	return events
}

func capacityEvent(kind, name string, f figures, at string) db.Event {
	return db.Event{Resource: "capacity " + backend(name), Publisher: "capacity", Type: "capacity." + kind, Payload: map[string]any{
		"name_to_id": name, "total": f.total, "free": f.free, "allocated": f.allocated, "provisioned": f.provisioned,
		"virtual_free": f.virtualFree, "reported_at": at}}
}
