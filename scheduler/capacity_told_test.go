package scheduler

import (
	"testing"
	"time"
)

func TestOnlyChangesOfCapacityAreTold(t *testing.T) {
	t.Parallel()
	pool := func(host string, free float64) Pool {
		return Pool{Host: host, TotalGiB: GiB(100), FreeGiB: GiB(free), AllocatedGiB: 100 - free, ProvisionedGiB: 100 - free}
	}
	var c capacities
	told := func(pools ...Pool) (out []string) {
		for _, e := range c.changes(pools, time.Now()) {
			out = append(out, e.Type+" "+e.Payload["name_to_id"].(string))
		}
		return out
	}
	same := func(got []string, want ...string) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("told %v, not %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("told %v, not %v", got, want)
			}
		}
	}
	a, b := pool("n@x#a", 50), pool("n@x#b", 20)
	same(told(a, b, Pool{Host: "n@y#c", FreeGiB: Capacity{Kind: Unknown}}), "capacity.pool n@x#a", "capacity.pool n@x#b", "capacity.backend n@x")
	same(told(a, b))
	events := c.changes([]Pool{a, pool("n@x#b", 10)}, time.Now())
	if len(events) != 2 || events[1].Payload["free"] != 60.0 || events[1].Payload["total"] != 200.0 {
		t.Errorf("told %+v", events)
	}
}
