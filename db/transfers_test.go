package db_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
)

var (
	bob   = db.Actor{ProjectID: "p2", UserID: "u2", RequestID: "req-2"}
	carol = db.Actor{ProjectID: "p0", UserID: "u0", RequestID: "req-3"}
)

func offer(t *testing.T, s *db.Store, volume string, noSnapshots bool) (db.Transfer, string) {
	t.Helper()
	tr, key, err := s.CreateTransfer(t.Context(), db.NewTransfer{ID: uuid.NewString(), VolumeID: volume, NoSnapshots: noSnapshots, KeyDigits: 16, SaltBytes: 8})
	must(t, err)
	return tr, key
}

func snapshotOf(t *testing.T, s *db.Store, a db.Actor, volume string) string {
	t.Helper()
	snap, err := s.CreateSnapshot(t.Context(), a, db.NewSnapshot{ID: uuid.NewString(), VolumeID: volume})
	must(t, err)
	must(t, s.SnapshotCreated(t.Context(), claim(t, s, db.VolumeQueue(worker))))
	return snap.ID
}

func inUse(t *testing.T, s *db.Store, project, resource string) int64 {
	t.Helper()
	set, err := s.QuotaSet(t.Context(), project, []string{"__DEFAULT__"})
	must(t, err)
	return set[resource].InUse
}

func TestTransferMovesVolumeSnapshotsAndQuota(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := made(t, s, db.NewVolume{SizeGiB: 3})
	snap := snapshotOf(t, s, alice, v.ID)
	tr, key := offer(t, s, v.ID, false)
	if len(key) != 16 || strings.Contains(string(tr.KeyHash), key) {
		t.Fatalf("key %q, hash %x", key, tr.KeyHash)
	}
	if got := status(t, s, v.ID); got != db.Offered {
		t.Fatalf("offered: %s", got)
	}
	if err := s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{Cascade: true}); !db.IsKind(err, db.Invalid) {
		t.Errorf("delete of an offered volume: %v", err)
	}
	if _, err := s.AcceptTransfer(t.Context(), bob, tr.ID, "0123456789abcdef", false, nil); !db.IsKind(err, db.Invalid) {
		t.Errorf("wrong key: %v", err)
	}
	_, err := s.AcceptTransfer(t.Context(), bob, tr.ID, key, false, nil)
	must(t, err)
	after, err := s.GetVolume(t.Context(), v.ID)
	must(t, err)
	moved, err := s.GetSnapshot(t.Context(), snap)
	must(t, err)
	if after.Status != db.Available || after.ProjectID != "p2" || after.UserID != "u2" || moved.ProjectID != "p2" || moved.UserID != "u2" {
		t.Errorf("volume %+v, snapshot %+v", after, moved)
	}
	if g, h := inUse(t, s, "p1", "gigabytes"), inUse(t, s, "p2", "gigabytes"); g != 0 || h != 6 {
		t.Errorf("gigabytes in use: %d and %d", g, h)
	}
	settled(t, s)
	if _, err := s.ViewTransfer(t.Context(), tr.ID, ""); !db.IsKind(err, db.NotFound) {
		t.Errorf("an accepted offer is still there: %v", err)
	}
}

func TestSnapshotsStayWhenTheyAreNotOffered(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := made(t, s, db.NewVolume{})
	snap := snapshotOf(t, s, alice, v.ID)
	tr, key := offer(t, s, v.ID, true)
	_, err := s.AcceptTransfer(t.Context(), bob, tr.ID, key, false, nil)
	must(t, err)
	stayed, err := s.GetSnapshot(t.Context(), snap)
	must(t, err)
	if stayed.ProjectID != "p1" || inUse(t, s, "p1", "snapshots") != 1 || inUse(t, s, "p2", "volumes") != 1 {
		t.Errorf("snapshot of %s", stayed.ProjectID)
	}
	// Nobody but an administrator may delete another project's snapshot with his volume.
	if err := s.DeleteVolume(t.Context(), bob, v.ID, db.DeleteOptions{Cascade: true, Own: true}); !db.IsKind(err, db.Invalid) {
		t.Errorf("cascade over another project's snapshot: %v", err)
	}
	// The next offer, with snapshots, does not give away what is a third project's.
	tr, key = offer(t, s, v.ID, false)
	_, err = s.AcceptTransfer(t.Context(), carol, tr.ID, key, false, nil)
	must(t, err)
	if stayed, err = s.GetSnapshot(t.Context(), snap); err != nil || stayed.ProjectID != "p1" {
		t.Errorf("snapshot of %s, %v", stayed.ProjectID, err)
	}
	settled(t, s)
}

func TestTransferIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := made(t, s, db.NewVolume{})
	tr, key := offer(t, s, v.ID, false)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var winners []db.Actor
	for _, a := range []db.Actor{bob, carol, bob, carol} {
		wg.Go(func() {
			_, err := s.AcceptTransfer(context.Background(), a, tr.ID, key, false, nil)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				winners = append(winners, a)
			case !db.IsKind(err, db.NotFound):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	after, err := s.GetVolume(t.Context(), v.ID)
	must(t, err)
	if len(winners) != 1 || after.ProjectID != winners[0].ProjectID {
		t.Fatalf("accepted by %v, volume of %s", winners, after.ProjectID)
	}
	settled(t, s)
}

func TestTransfersBothWaysDoNotDeadlock(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	type deal struct {
		to      db.Actor
		id, key string
	}
	var deals []deal
	for i := range 8 {
		v := made(t, s, db.NewVolume{})
		to := bob
		if i%2 == 0 {
			tr, key := offer(t, s, v.ID, false)
			_, err := s.AcceptTransfer(t.Context(), bob, tr.ID, key, false, nil)
			must(t, err)
			to = alice
		}
		tr, key := offer(t, s, v.ID, false)
		deals = append(deals, deal{to, tr.ID, key})
	}
	var wg sync.WaitGroup
	for _, d := range deals {
		wg.Go(func() {
			if _, err := s.AcceptTransfer(context.Background(), d.to, d.id, d.key, false, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if a, b := inUse(t, s, "p1", "volumes"), inUse(t, s, "p2", "volumes"); a != 4 || b != 4 {
		t.Errorf("volumes: %d and %d", a, b)
	}
	settled(t, s)
}

func TestAcceptIsRefusedWhole(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := made(t, s, db.NewVolume{SizeGiB: 2})
	snap := snapshotOf(t, s, alice, v.ID)
	tr, key := offer(t, s, v.ID, false)
	refused := func(what string, kind db.Kind, message string) {
		t.Helper()
		_, err := s.AcceptTransfer(t.Context(), bob, tr.ID, key, false, nil)
		if !db.IsKind(err, kind) || err.Error() != message {
			t.Errorf("%s: %v", what, err)
		}
		after, err := s.GetVolume(t.Context(), v.ID)
		must(t, err)
		if after.ProjectID != "p1" || inUse(t, s, "p2", "volumes") != 0 || inUse(t, s, "p1", "volumes") != 1 {
			t.Errorf("%s: the volume is of %s", what, after.ProjectID)
		}
	}
	limit := func(l map[string]int32) {
		t.Helper()
		must(t, s.DeleteQuotas(t.Context(), "p2"))
		must(t, s.SetQuotas(t.Context(), "p2", l))
	}
	limit(map[string]int32{"volumes": 0})
	refused("volumes", db.OverLimit, "VolumeLimitExceeded: Maximum number of volumes allowed (0) exceeded for quota 'volumes'.")
	limit(map[string]int32{"gigabytes": 3})
	refused("snapshot gigabytes", db.OverLimit,
		"VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 3G and 2G has been consumed.")
	limit(map[string]int32{"snapshots": 0})
	refused("snapshots", db.OverLimit, "SnapshotLimitExceeded: Maximum number of snapshots allowed (0) exceeded")
	limit(map[string]int32{"per_volume_gigabytes": 1})
	refused("size", db.OverLimit, "VolumeSizeExceedsLimit: Requested volume size 2G is larger than maximum allowed limit 1G.")
	limit(nil)
	must(t, s.ResetSnapshot(t.Context(), snap, db.InError))
	refused("snapshot in error", db.Invalid, "Invalid snapshot: Transfer "+tr.ID+": Snapshot "+snap+" is not in the expected available state.")
	must(t, s.ResetSnapshot(t.Context(), snap, db.Available))
	available := db.Available
	must(t, s.ResetVolume(t.Context(), alice, v.ID, db.VolumeReset{Status: &available}))
	maintenance := db.Maintenance
	must(t, s.ResetVolume(t.Context(), alice, v.ID, db.VolumeReset{Status: &maintenance}))
	refused("maintenance", db.Invalid, "Invalid volume: The volume cannot accept transfer in maintenance mode.")
	must(t, s.ResetVolume(t.Context(), alice, v.ID, db.VolumeReset{Status: &available}))
	refused("reset volume", db.Invalid, "Invalid volume: Transfer "+tr.ID+": Volume id "+v.ID+" expected in awaiting-transfer state.")
	// The offer of a volume that was reset goes without touching it.
	must(t, s.DeleteTransfer(t.Context(), tr.ID, nil))
	settled(t, s)
}

func TestForcedDeleteTakesTheOfferAlong(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := made(t, s, db.NewVolume{})
	tr, key := offer(t, s, v.ID, false)
	must(t, s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{Force: true}))
	if _, err := s.AcceptTransfer(t.Context(), bob, tr.ID, key, false, nil); !db.IsKind(err, db.Invalid) {
		t.Errorf("accept of a volume that is deleted: %v", err)
	}
	must(t, s.VolumeDeleted(t.Context(), claim(t, s, db.VolumeQueue(worker))))
	if _, err := s.ViewTransfer(t.Context(), tr.ID, ""); !db.IsKind(err, db.NotFound) {
		t.Errorf("offer of a volume that is gone: %v", err)
	}
	settled(t, s)
}
