package volume_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/db/bus/inprocess"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/migrations"
	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/volume"
	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/driver/file"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const (
	backend = "node@file"
	pool    = backend + "#file"
)

var alice = db.Actor{ProjectID: "p1", UserID: "u1", RequestID: "req-1"}

// site is a database and a folder that workers come and go on.
type site struct {
	t     *testing.T
	store *db.Store
	bus   *inprocess.Bus
	dir   string
	hold  time.Duration  // HoldLimit of workers
	tries int            // MaxAttempts of workers
	now   *volume.Worker // the one that runs
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, bus: inprocess.New(), dir: t.TempDir()}
	var err error
	s.store, err = db.Open(t.Context(), pgtest.New(t, migrations.Up), db.Options{Compute: true,
		Quotas: db.QuotaDefaults{Volumes: -1, Gigabytes: -1, Snapshots: -1, Groups: -1, PerVolumeGigabytes: -1},
		Wake:   func(queue, id string) { _ = s.bus.Wake(context.Background(), queue, id) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.bus.Close(); s.store.Close() })
	return s
}

// start runs a worker on the folder; wrap may put another driver around its own.
func (s *site) start(wrap func(driver.Driver) driver.Driver) (stop func()) {
	s.t.Helper()
	own, err := file.New(file.Options{PoolPath: s.dir})
	if err != nil {
		s.t.Fatal(err)
	}
	var drv driver.Driver = own
	if wrap != nil {
		drv = wrap(own)
	}
	w := volume.New(volume.Config{Host: backend, AvailabilityZone: "nova", Store: s.store, Bus: s.bus, Driver: drv,
		Target: target.NewServer(target.Config{Log: slog.New(slog.DiscardHandler)}), Portals: []string{"127.0.0.1:3260"},
		TargetPrefix: "iqn.2010-10.org.openstack:", VolumeName: "volume-%s", SnapshotName: "snapshot-%s",
		OverSubscription: "20.0", RescheduleUpTo: 3, HoldLimit: s.hold, MaxAttempts: s.tries, Log: slog.New(slog.DiscardHandler)})
	if err := w.Prepare(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.now = w
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	var stopped bool
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
		if err := w.Close(); err != nil {
			s.t.Error(err)
		}
	}
	s.t.Cleanup(stop)
	return stop
}

// create asks for a volume and places it, as API and scheduler do.
func (s *site) create() string {
	s.t.Helper()
	ctx := s.t.Context()
	ty, err := s.store.DefaultVolumeType(ctx, alice.ProjectID, "__DEFAULT__")
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := s.store.CreateVolume(ctx, alice, db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: "nova"})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.store.VolumePlaced(ctx, s.claim(db.QueueScheduler, "scheduler/1"), pool, "nova"); err != nil {
		s.t.Fatal(err)
	}
	return v.ID
}

func (s *site) claim(queue, owner string) *db.Job {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		j, err := s.store.Claim(s.t.Context(), queue, "", owner)
		if err != nil {
			s.t.Fatal(err)
		}
		if j != nil {
			return j
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no job comes to %s", queue)
		}
	}
}

func (s *site) becomes(id, want string) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		v, err := s.store.GetVolume(s.t.Context(), id)
		if err != nil {
			s.t.Fatal(err)
		}
		if v.Status == want {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("volume is %s, want %s", v.Status, want)
		}
	}
}

func (s *site) attach(id string) (attachment string, info map[string]any) {
	s.t.Helper()
	ctx := s.t.Context()
	at, err := s.store.CreateAttachment(ctx, uuid.NewString(), id, nil, "rw")
	if err != nil {
		s.t.Fatal(err)
	}
	job, err := s.store.ConnectAttachment(ctx, alice, at.ID, []byte(`{"initiator":"iqn.2026-11.test:a","host":"h","mountpoint":"/dev/vdb"}`), false, "api.1")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.store.Wait(ctx, job); err != nil {
		s.t.Fatal(err)
	}
	if at, err = s.store.GetAttachment(ctx, at.ID); err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(at.ConnectionInfo, &info); err != nil {
		s.t.Fatal(err)
	}
	return at.ID, info
}

func (s *site) files() []string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, "*-*"))
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

func TestAWorkerDoesWhatADeadOneHadBegun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.create()
	if j := s.claim(db.VolumeQueue(backend), backend+"/dead"); j.VolumeID != id {
		t.Fatalf("claimed a job of %s", j.VolumeID)
	}
	s.start(nil)
	s.becomes(id, db.Available) // long before the dead one's lease runs out
}

func TestConnectionInfoIsWhatAnInitiatorNeeds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.start(nil)
	id := s.create()
	s.becomes(id, db.Available)
	at, info := s.attach(id)
	for key, want := range map[string]any{"driver_volume_type": "iscsi", "target_iqn": "iqn.2010-10.org.openstack:volume-" + id, "target_lun": 0.0,
		"target_portal": "127.0.0.1:3260", "auth_method": "CHAP", "access_mode": "rw", "volume_id": id, "attachment_id": at, "qos_specs": nil} {
		if info[key] != want {
			t.Errorf("%s is %v, want %v", key, info[key], want)
		}
	}
	other := s.create()
	s.becomes(other, db.Available)
	_, second := s.attach(other)
	if info["auth_password"] == second["auth_password"] || info["auth_username"] == second["auth_username"] {
		t.Error("two attachments share a secret")
	}
}

func TestAnExportThatCannotBeMadeAgainPutsItsVolumeIntoErrorAndNoOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stop := s.start(nil)
	lost, kept := s.create(), s.create()
	for _, id := range []string{lost, kept} {
		s.becomes(id, db.Available)
		at, _ := s.attach(id)
		if err := s.store.CompleteAttachment(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := os.Remove(filepath.Join(s.dir, "volume-"+lost)); err != nil {
		t.Fatal(err)
	}
	s.start(nil)
	s.becomes(lost, db.InError)
	s.becomes(kept, db.InUse)
}

// full is a driver whose pool is full from the start.
type full struct{ driver.Driver }

func (f full) Unwrap() driver.Driver { return f.Driver }

func (f full) Create(context.Context, driver.Volume) error { return driver.ErrNoSpace }

func TestACreateThatDoesNotFitGoesBackToTheScheduler(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.start(func(d driver.Driver) driver.Driver { return full{d} })
	id := s.create()
	for try := range 2 {
		j := s.claim(db.QueueScheduler, "scheduler/1")
		var args db.CreateArgs
		if err := json.Unmarshal(j.Args, &args); err != nil {
			t.Fatal(err)
		}
		if j.VolumeID != id || len(args.Exclude) != try+1 || !slices.Contains(args.Exclude, pool) {
			t.Fatalf("job %+v with %+v", j, args)
		}
		if err := s.store.VolumePlaced(t.Context(), j, pool, "nova"); err != nil {
			t.Fatal(err)
		}
	}
	s.becomes(id, db.InError)
	page, err := s.store.ListMessages(t.Context(), db.ListQuery{Project: alice.ProjectID, Limit: 10})
	if err != nil || len(page.Items) != 1 || !strings.Contains(page.Items[0].Text(), "Driver failed to create the volume") {
		t.Fatalf("messages: %+v, %v", page.Items, err)
	}
	if left := s.files(); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
}

func TestAWholeVolumeThatNobodyKnowsIsKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stop := s.start(nil)
	id := s.create()
	s.becomes(id, db.Available)
	stop()
	foreign := filepath.Join(s.dir, "volume-"+uuid.NewString())
	if err := os.WriteFile(foreign, make([]byte, 512), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start(nil)
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("somebody's data is gone: %v", err)
	}
}
