package db_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/migrations"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var alice = db.Actor{ProjectID: "p1", UserID: "u1", RequestID: "req-1"}

const worker = "node@file#pool"

// open gives a store on a fresh database and records its wake-ups.
func open(t *testing.T, q db.QuotaDefaults) (*db.Store, *wakes) {
	t.Helper()
	w := &wakes{}
	s, err := db.Open(t.Context(), pgtest.New(t, migrations.Up), db.Options{Quotas: q, Wake: w.add})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, w
}

type wakes struct {
	mu  sync.Mutex
	all []string
}

func (w *wakes) add(queue, job string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, queue+" "+job)
}

var unlimited = db.QuotaDefaults{Volumes: -1, Snapshots: -1, Gigabytes: -1, Groups: -1, PerVolumeGigabytes: -1}

func defaultType(t *testing.T, s *db.Store) db.VolumeType {
	t.Helper()
	ty, err := s.DefaultVolumeType(t.Context(), alice.ProjectID, "__DEFAULT__")
	if err != nil {
		t.Fatal(err)
	}
	return ty
}

func create(t *testing.T, s *db.Store, n db.NewVolume) (db.Volume, error) {
	t.Helper()
	n.ID, n.Type, n.AvailabilityZone = uuid.NewString(), defaultType(t, s), "nova"
	if n.SizeGiB == 0 {
		n.SizeGiB = 1
	}
	return s.CreateVolume(t.Context(), alice, n)
}

// made creates a volume and plays scheduler and worker until it is available.
func made(t *testing.T, s *db.Store, n db.NewVolume) db.Volume {
	t.Helper()
	v, err := create(t, s, n)
	if err != nil {
		t.Fatal(err)
	}
	j := claim(t, s, db.QueueScheduler)
	must(t, s.VolumePlaced(t.Context(), j, worker, "nova"))
	must(t, s.VolumeCreated(t.Context(), claim(t, s, db.VolumeQueue(worker)), uuid.NewString()))
	return v
}

func claim(t *testing.T, s *db.Store, queue string) *db.Job {
	t.Helper()
	j, err := s.Claim(t.Context(), queue, "", "me/1")
	if err != nil {
		t.Fatal(err)
	}
	if j == nil {
		t.Fatalf("no job to claim in %s", queue)
	}
	return j
}

func noClaim(t *testing.T, s *db.Store, queue string) {
	t.Helper()
	if j, err := s.Claim(t.Context(), queue, "", "other"); err != nil || j != nil {
		t.Fatalf("claimed %+v, %v; want nothing", j, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func status(t *testing.T, s *db.Store, id string) string {
	t.Helper()
	v, err := s.GetVolume(t.Context(), id)
	must(t, err)
	return v.Status
}

// settled asserts that usage equals the rows and that nothing is held.
func settled(t *testing.T, s *db.Store) {
	t.Helper()
	diffs, err := s.QuotaCheck(t.Context())
	must(t, err)
	for _, d := range diffs {
		t.Errorf("quota %s of %s: in use %d, truth %d", d.Resource, d.Project, d.InUse, d.Truth)
	}
	set, err := s.QuotaSet(t.Context(), alice.ProjectID, []string{"__DEFAULT__"})
	must(t, err)
	for r, q := range set {
		if q.Reserved != 0 {
			t.Errorf("%d of %s is still reserved", q.Reserved, r)
		}
	}
}

func TestVolumeLivesFromCreateToDelete(t *testing.T) {
	t.Parallel()
	s, w := open(t, unlimited)
	v := made(t, s, db.NewVolume{SizeGiB: 3, Metadata: db.Metadata{"a": "b"}})
	if got := status(t, s, v.ID); got != db.Available {
		t.Fatalf("status %q", got)
	}
	must(t, s.ExtendVolume(t.Context(), alice, v.ID, 5, false))
	j := claim(t, s, db.QueueScheduler)
	must(t, s.HandOver(t.Context(), j, worker))
	must(t, s.VolumeExtended(t.Context(), claim(t, s, db.VolumeQueue(worker)), 5))
	got, err := s.GetVolume(t.Context(), v.ID)
	must(t, err)
	if got.Size != 5 || got.Status != db.Available {
		t.Fatalf("after extend: %d GiB, %s", got.Size, got.Status)
	}
	settled(t, s)
	must(t, s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{}))
	must(t, s.VolumeDeleted(t.Context(), claim(t, s, db.VolumeQueue(worker))))
	if _, err := s.GetVolume(t.Context(), v.ID); err == nil {
		t.Fatal("the row is still there")
	}
	settled(t, s)
	if n, _ := s.Unfinished(t.Context()); n != 0 {
		t.Fatalf("%d jobs are left", n)
	}
	if len(w.all) < 5 {
		t.Fatalf("wake-ups: %v", w.all)
	}
}

func TestJobsOfOneVolumeRunInOrderAndAlone(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := made(t, s, db.NewVolume{})
	q := db.VolumeQueue(worker)
	for range 2 {
		_, err := s.CreateSnapshot(t.Context(), alice, db.NewSnapshot{ID: uuid.NewString(), VolumeID: v.ID})
		must(t, err)
	}
	first := claim(t, s, q)
	noClaim(t, s, q)
	must(t, s.SnapshotCreated(t.Context(), first))
	second := claim(t, s, q)
	if second.SnapshotID == first.SnapshotID {
		t.Fatal("the same job twice")
	}
}

func TestDeleteWaitsForCloneOfItsSource(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	src := made(t, s, db.NewVolume{})
	_, err := create(t, s, db.NewVolume{SourceVolumeID: &src.ID})
	must(t, err)
	must(t, s.DeleteVolume(t.Context(), alice, src.ID, db.DeleteOptions{}))
	must(t, s.VolumePlaced(t.Context(), claim(t, s, db.QueueScheduler), worker, "nova"))
	clone := claim(t, s, db.VolumeQueue(worker))
	if clone.Kind != db.JobVolumeCreate {
		t.Fatalf("claimed %s before the clone", clone.Kind)
	}
	noClaim(t, s, db.VolumeQueue(worker))
	must(t, s.VolumeCreated(t.Context(), clone, uuid.NewString()))
	if j := claim(t, s, db.VolumeQueue(worker)); j.Kind != db.JobVolumeDelete {
		t.Fatalf("claimed %s", j.Kind)
	}
}

func TestLostLeaseChangesNothing(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, err := create(t, s, db.NewVolume{})
	must(t, err)
	old := claim(t, s, db.QueueScheduler)
	must(t, s.TakeOver(t.Context(), "me", "me/2"))
	j, err := s.Claim(t.Context(), db.QueueScheduler, "", "me/2")
	if err != nil || j == nil {
		t.Fatalf("take-over: %v, %v", j, err)
	}
	if err := s.VolumePlaced(t.Context(), old, worker, "nova"); !errors.Is(err, db.ErrLeaseLost) {
		t.Fatalf("the old owner got %v", err)
	}
	if err := s.Failed(t.Context(), old, "late"); !errors.Is(err, db.ErrLeaseLost) {
		t.Fatalf("the old owner got %v", err)
	}
	if got := status(t, s, v.ID); got != db.Creating {
		t.Fatalf("status %q", got)
	}
	must(t, s.VolumePlaced(t.Context(), j, worker, "nova"))
}

func TestQuotaHoldsUnderConcurrentCreates(t *testing.T) {
	t.Parallel()
	s, _ := open(t, db.QuotaDefaults{Volumes: 7, Gigabytes: 100, Snapshots: 1, PerVolumeGigabytes: -1})
	ty := defaultType(t, s)
	var wg sync.WaitGroup
	var mu sync.Mutex
	ok, over := 0, 0
	for range 20 {
		wg.Go(func() {
			_, err := s.CreateVolume(context.Background(), alice, db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: "nova"})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				ok++
			case db.IsKind(err, db.OverLimit):
				over++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if ok != 7 || over != 13 {
		t.Fatalf("%d created, %d refused", ok, over)
	}
	settled(t, s)
}

func TestFailuresReturnWhatTheyHeld(t *testing.T) {
	t.Parallel()
	s, _ := open(t, db.QuotaDefaults{Volumes: 10, Gigabytes: 10, Snapshots: 10, PerVolumeGigabytes: -1})
	v := made(t, s, db.NewVolume{SizeGiB: 2})
	must(t, s.ExtendVolume(t.Context(), alice, v.ID, 9, false))
	must(t, s.NoValidBackend(t.Context(), claim(t, s, db.QueueScheduler), "no room"))
	if got := status(t, s, v.ID); got != db.Available {
		t.Fatalf("status %q after an extend without room", got)
	}
	settled(t, s)
	must(t, s.ExtendVolume(t.Context(), alice, v.ID, 9, false))
	must(t, s.HandOver(t.Context(), claim(t, s, db.QueueScheduler), worker))
	must(t, s.Failed(t.Context(), claim(t, s, db.VolumeQueue(worker)), "broken"))
	if got := status(t, s, v.ID); got != db.ErrorExtending {
		t.Fatalf("status %q after a failed extend", got)
	}
	settled(t, s)
	err := s.ExtendVolume(t.Context(), alice, v.ID, 20, false)
	if !db.IsKind(err, db.Invalid) {
		t.Fatalf("extend from an error: %v", err)
	}
	settled(t, s)
}

func TestAttachmentMovesTheVolume(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := made(t, s, db.NewVolume{})
	at, err := s.CreateAttachment(t.Context(), uuid.NewString(), v.ID, nil, "null")
	must(t, err)
	if got := status(t, s, v.ID); got != db.Reserved {
		t.Fatalf("status %q", got)
	}
	if _, err := s.CreateAttachment(t.Context(), uuid.NewString(), v.ID, nil, "null"); !db.IsKind(err, db.Invalid) {
		t.Fatalf("a second attachment: %v", err)
	}
	if err := s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{}); !db.IsKind(err, db.Invalid) {
		t.Fatalf("delete of a reserved volume: %v", err)
	}
	job, err := s.ConnectAttachment(t.Context(), alice, at.ID, []byte(`{"initiator":"iqn.x"}`), false, "api.1")
	must(t, err)
	must(t, s.AttachmentConnected(t.Context(), claim(t, s, db.VolumeQueue(worker)), db.Connection{
		Connector: []byte(`{"initiator":"iqn.x"}`), Info: []byte(`{}`), Mode: "rw"}))
	waited(t, s, job)
	must(t, s.CompleteAttachment(t.Context(), at.ID))
	if got := status(t, s, v.ID); got != db.InUse {
		t.Fatalf("status %q", got)
	}
	if err := s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{Force: true}); !db.IsKind(err, db.Invalid) {
		t.Fatalf("forced delete of an attached volume: %v", err)
	}
	job, err = s.DeleteAttachment(t.Context(), alice, at.ID, "api.1")
	must(t, err)
	must(t, s.AttachmentDisconnected(t.Context(), claim(t, s, db.VolumeQueue(worker)), nil))
	waited(t, s, job)
	if got := status(t, s, v.ID); got != db.Available {
		t.Fatalf("status %q", got)
	}
}

func waited(t *testing.T, s *db.Store, job string) {
	t.Helper()
	_, err := s.Wait(t.Context(), job)
	must(t, err)
}

func TestWaitReturnsWhenTheJobEnds(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := made(t, s, db.NewVolume{})
	at, err := s.CreateAttachment(t.Context(), uuid.NewString(), v.ID, nil, "null")
	must(t, err)
	job, err := s.ConnectAttachment(t.Context(), alice, at.ID, []byte(`{}`), false, "api.1")
	must(t, err)
	got := make(chan error, 1)
	go func() {
		_, err := s.Wait(t.Context(), job)
		got <- err
	}()
	must(t, s.Failed(t.Context(), claim(t, s, db.VolumeQueue(worker)), "The backend failed."))
	s.JobEnded(job)
	if err := <-got; !db.IsKind(err, db.Unavailable) {
		t.Fatalf("got %v", err)
	}
	a, err := s.GetAttachment(t.Context(), at.ID)
	must(t, err)
	if a.AttachStatus != db.ErrorAttaching {
		t.Fatalf("attachment is %s", a.AttachStatus)
	}
	_, err = s.DeleteAttachment(t.Context(), alice, at.ID, "")
	must(t, err)
	if got := status(t, s, v.ID); got != db.Available {
		t.Fatalf("status %q", got)
	}
}

func TestUnplacedVolumeIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, err := create(t, s, db.NewVolume{})
	must(t, err)
	must(t, s.NoValidBackend(t.Context(), claim(t, s, db.QueueScheduler), "none"))
	if got := status(t, s, v.ID); got != db.InError {
		t.Fatalf("status %q", got)
	}
	must(t, s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{}))
	if _, err := s.GetVolume(t.Context(), v.ID); err == nil {
		t.Fatal("the row is still there")
	}
	settled(t, s)
}

func TestOnlyOneWorkerHoldsAHost(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	only, release, err := s.HoldHost(t.Context(), "node@file")
	if err != nil || !only {
		t.Fatalf("first: %v, %v", only, err)
	}
	again, release2, err := s.HoldHost(t.Context(), "node@file")
	if err != nil || again {
		t.Fatalf("second: %v, %v", again, err)
	}
	release2()
	release()
}

// Callers of one project take and give quota in the same order, so none of
// them is ever ended by a deadlock.
func TestQuotaIsGivenBackWithoutDeadlocks(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	var wg sync.WaitGroup
	ids := make(chan string, 200)
	for range 60 {
		v, err := create(t, s, db.NewVolume{})
		must(t, err)
		must(t, s.NoValidBackend(t.Context(), claim(t, s, db.QueueScheduler), "none"))
		ids <- v.ID
	}
	close(ids)
	for range 8 {
		wg.Go(func() {
			for id := range ids {
				if err := s.DeleteVolume(context.Background(), alice, id, db.DeleteOptions{}); err != nil {
					t.Error(err)
				}
				if _, err := s.CreateVolume(context.Background(), alice, db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: defaultType(t, s), AvailabilityZone: "nova"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	settled(t, s)
	var deadlocks int64
	must(t, s.Pool().QueryRow(t.Context(), "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&deadlocks))
	if deadlocks != 0 {
		t.Errorf("%d deadlocks", deadlocks)
	}
}
