package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/migrations"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// cloud is a scheduler on a fresh database, with the backend a@file in zone
// az1, b@file in az2 and c@file in az3, which is the emptiest.
type cloud struct {
	*Scheduler
	t *testing.T
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	quotas := db.QuotaDefaults{Volumes: -1, Snapshots: -1, Gigabytes: -1, PerVolumeGigabytes: -1}
	store, err := db.Open(t.Context(), pgtest.New(t, migrations.Up), db.Options{Quotas: quotas})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	c := cloud{&Scheduler{Store: store, Config: DefaultConfig(), OverSubscription: number20(), Log: slog.New(slog.DiscardHandler),
		pickOneAtATime: make(chan struct{}, 1)}, t}
	for i, node := range []string{"a", "b", "c"} {
		s, err := store.RegisterService(t.Context(), node+"@file", db.BinaryVolume, "az"+string(rune('1'+i)))
		c.must(err)
		stats, err := json.Marshal(map[string]any{"total_capacity_gb": 1000, "free_capacity_gb": 100 * (i + 1)})
		c.must(err)
		c.must(store.ReportPools(t.Context(), s.ID, map[string]json.RawMessage{node + "@file#p": stats}))
	}
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) sql(statement string) {
	c.t.Helper()
	_, err := c.Store.Pool().Exec(c.t.Context(), statement)
	c.must(err)
}

// volume asks for one of the default type.
func (c cloud) volume(zone, hints string) string {
	c.t.Helper()
	ty, err := c.Store.DefaultVolumeType(c.t.Context(), "p", "__DEFAULT__")
	c.must(err)
	n := db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: zone, Hints: json.RawMessage(hints)}
	if hints == "" {
		n.Hints = nil
	}
	_, err = c.Store.CreateVolume(c.t.Context(), db.Actor{ProjectID: "p", UserID: "u", RequestID: "r"}, n)
	c.must(err)
	return n.ID
}

// schedules does the next job and says where the volume is then, "" in error.
func (c cloud) schedules(id string) string {
	c.t.Helper()
	j, err := c.Store.Claim(c.t.Context(), db.QueueScheduler, "", "me")
	c.must(err)
	c.must(c.do(c.t.Context(), j))
	v, err := c.Store.GetVolume(c.t.Context(), id)
	c.must(err)
	if v.Status == db.InError {
		return ""
	}
	return *v.Host
}

func TestAZoneOfTheTypeIsTriedAfterAnother(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.sql(`UPDATE volume_types SET extra_specs = '{"RESKEY:availability_zones": "az1, az2"}'`)
	id := c.volume("", "")
	if got := c.schedules(id); got != "b@file#p" {
		t.Fatalf("first on %q", got)
	}
	j, err := c.Store.Claim(t.Context(), db.VolumeQueue("b@file"), "", "worker")
	c.must(err)
	c.must(c.Store.Reschedule(t.Context(), j, "b@file#p"))
	if got := c.schedules(id); got != "a@file#p" {
		t.Errorf("then on %q", got)
	}
	j, err = c.Store.Claim(t.Context(), db.VolumeQueue("a@file"), "", "worker")
	c.must(err)
	c.must(c.Store.Reschedule(t.Context(), j, "a@file#p"))
	if got := c.schedules(id); got != "" {
		t.Errorf("with all tried on %q", got)
	}
	if got := c.schedules(c.volume("az1", "")); got != "a@file#p" {
		t.Errorf("the zone that the user asked for: %q", got)
	}
}

func TestOldReportsAreNotBelieved(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.sql("UPDATE services SET heartbeat_at = now() - interval '2 minutes' WHERE host = 'c@file'")
	if got := c.schedules(c.volume("", "")); got != "b@file#p" {
		t.Errorf("placed on %q", got)
	}
}

// instances is a compute service that knows one instance.
type instances map[string]string

func (i instances) InstanceHost(_ context.Context, id string) (string, error) {
	if host, ok := i[id]; ok {
		return host, nil
	}
	return "", errors.New("no such instance")
}

func TestHintsReachTheFilters(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.Config.Filters = []string{"JsonFilter", "InstanceLocalityFilter", "CapacityFilter"}
	const here, unknown = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
	local := func(id string) string { return `{"local_to_instance": "` + id + `"}` }
	for _, s := range []struct {
		name, hints string
		instances   Instances
		want        string
	}{
		{"no hints", "", nil, "c@file#p"},
		{"an unknown hint", `{"x": [1]}`, nil, "c@file#p"},
		{"a query", `{"query": "[\"<\", \"$free_capacity_gb\", 150]"}`, nil, "a@file#p"},
		{"a broken query", `{"query": "["}`, nil, ""},
		{"an instance without compute", local(here), nil, ""},
		{"an instance", local(here), instances{here: "b"}, "b@file#p"},
		{"an unknown instance", local(unknown), instances{here: "b"}, ""},
		{"no instance", `{"local_to_instance": ""}`, nil, "c@file#p"},
		{"no UUID", local("x"), instances{"x": "b"}, ""},
		{"no text", `{"local_to_instance": 5}`, nil, ""},
	} {
		c.Instances = s.instances
		if got := c.schedules(c.volume("", s.hints)); got != s.want {
			t.Errorf("%s: on %q, want %q", s.name, got, s.want)
		}
	}
}

func TestFunctionsOfABackendDecide(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.Config.Filters, c.Config.Weighers = append(c.Config.Filters, "DriverFilter"), []string{"GoodnessWeigher"}
	c.sql(`UPDATE pools SET stats = stats || '{"filter_function": "volume.size > 1", "goodness_function": "100"}' WHERE host = 'c@file#p'`)
	c.sql(`UPDATE pools SET stats = stats || '{"goodness_function": "volume.size == 1 ? 70 : 0"}' WHERE host = 'a@file#p'`)
	if got := c.schedules(c.volume("", "")); got != "a@file#p" {
		t.Errorf("placed on %q", got)
	}
}
