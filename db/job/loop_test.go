package job_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/db/bus"
	"github.com/clinker-io/clinker/db/bus/inprocess"
	"github.com/clinker-io/clinker/db/job"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/migrations"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var quiet = slog.New(slog.DiscardHandler)

// rig is a store whose wake-ups go to a bus, or nowhere.
type rig struct {
	*db.Store
	bus bus.Bus
	ty  db.VolumeType
}

func newRig(t testing.TB, deaf bool) *rig {
	t.Helper()
	b := inprocess.New()
	wake := func(queue, id string) { _ = b.Wake(context.Background(), queue, id) }
	if deaf {
		wake = nil
	}
	s, err := db.Open(context.Background(), pgtest.New(t, migrations.Up), db.Options{Wake: wake,
		Quotas: db.QuotaDefaults{Volumes: -1, Gigabytes: -1, Snapshots: -1, PerVolumeGigabytes: -1}})
	if err != nil {
		t.Fatal(err)
	}
	ty, err := s.DefaultVolumeType(context.Background(), "p", "__DEFAULT__")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(); s.Close() })
	return &rig{s, b, ty}
}

func (r *rig) create(t testing.TB) string {
	t.Helper()
	v, err := r.CreateVolume(context.Background(), db.Actor{ProjectID: "p", UserID: "u", RequestID: "r"},
		db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: r.ty, AvailabilityZone: "nova"})
	if err != nil {
		t.Fatal(err)
	}
	return v.ID
}

// serve runs a loop until the test ends and checks that it leaves nothing.
func (r *rig) serve(t testing.TB, queue string, h job.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	l := &job.Loop{Store: r.Store, Bus: r.bus, Queue: queue, Owner: uuid.NewString(), Handle: h, Log: quiet,
		Slots: 8, Poll: 100 * time.Millisecond, Grace: 5 * time.Second}
	go func() { done <- l.Run(ctx) }()
	var stopped atomic.Bool
	stop = func() {
		if stopped.Swap(true) {
			return
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func placed(s *db.Store) job.Handler {
	return func(ctx context.Context, j *db.Job) error { return s.VolumePlaced(ctx, j, "n@b#p", "nova") }
}

func created(s *db.Store) job.Handler {
	return func(ctx context.Context, j *db.Job) error { return s.VolumeCreated(ctx, j, uuid.NewString()) }
}

func (r *rig) becomes(t testing.TB, id, want string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		v, err := r.GetVolume(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		if v.Status == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("volume is %s, want %s", v.Status, want)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestWokenJobsAreDone(t *testing.T) {
	newRig(t, false).Close() // the server for tests is up, and not a leak
	before := goleak.IgnoreCurrent()
	r := newRig(t, false)
	stopA := r.serve(t, db.QueueScheduler, placed(r.Store))
	stopB := r.serve(t, db.VolumeQueue("n@b"), created(r.Store))
	for range 20 {
		r.becomes(t, r.create(t), db.Available)
	}
	stopA()
	stopB()
	r.Close()
	goleak.VerifyNone(t, before)
}

func TestJobsAreFoundWhenEveryWakeUpIsLost(t *testing.T) {
	r := newRig(t, true)
	ids := []string{r.create(t), r.create(t), r.create(t)}
	r.serve(t, db.QueueScheduler, placed(r.Store))
	r.serve(t, db.VolumeQueue("n@b"), created(r.Store))
	for _, id := range ids {
		r.becomes(t, id, db.Available)
	}
}

func TestFailedHandlerIsTriedAgain(t *testing.T) {
	r := newRig(t, false)
	var tries atomic.Int32
	r.serve(t, db.QueueScheduler, func(ctx context.Context, j *db.Job) error {
		if tries.Add(1) < 2 {
			return errors.New("not yet")
		}
		return r.VolumePlaced(ctx, j, "n@b#p", "nova")
	})
	r.serve(t, db.VolumeQueue("n@b"), created(r.Store))
	r.becomes(t, r.create(t), db.Available)
}

func TestStopWaitsForTheRunningJob(t *testing.T) {
	r := newRig(t, false)
	started, release := make(chan struct{}), make(chan struct{})
	stop := r.serve(t, db.QueueScheduler, func(ctx context.Context, j *db.Job) error {
		close(started)
		<-release
		return r.NoValidBackend(ctx, j, "none")
	})
	id := r.create(t)
	<-started
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	select {
	case <-ended:
		t.Fatal("the loop ended before its job")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	<-ended
	r.becomes(t, id, db.InError)
}

func BenchmarkCreateToAvailable(b *testing.B) {
	r := newRig(b, false)
	r.serve(b, db.QueueScheduler, placed(r.Store))
	r.serve(b, db.VolumeQueue("n@b"), created(r.Store))
	b.ResetTimer()
	for b.Loop() {
		r.becomes(b, r.create(b), db.Available)
	}
}

func BenchmarkCreateToAvailableParallel(b *testing.B) {
	r := newRig(b, false)
	r.serve(b, db.QueueScheduler, placed(r.Store))
	r.serve(b, db.VolumeQueue("n@b"), created(r.Store))
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r.becomes(b, r.create(b), db.Available)
		}
	})
}
