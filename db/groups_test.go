package db_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
)

// newGroup makes a group and plays the scheduler.
func newGroup(t *testing.T, s *db.Store) db.Group {
	t.Helper()
	gt, err := s.CreateGroupType(t.Context(), uuid.NewString(), nil, true, nil)
	must(t, err)
	g, err := s.CreateGroup(t.Context(), alice, db.NewGroup{ID: uuid.NewString(), Type: gt, VolumeTypes: []string{defaultType(t, s).ID}, AvailabilityZone: "nova"})
	must(t, err)
	must(t, s.GroupPlaced(t.Context(), claim(t, s, db.QueueScheduler), worker))
	return g
}

func groupStatus(t *testing.T, s *db.Store, id, want string) {
	t.Helper()
	g, err := s.GetGroup(t.Context(), id)
	must(t, err)
	if g.Status != want {
		t.Errorf("group is %s, want %s", g.Status, want)
	}
}

func TestGroupJobsThatFailLeaveWhatCanBeDeleted(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ctx := t.Context()
	g := newGroup(t, s)
	v := made(t, s, db.NewVolume{GroupID: &g.ID})
	queue := db.VolumeQueue(worker)

	gs, err := s.CreateGroupSnapshot(ctx, alice, db.NewGroupSnapshot{ID: uuid.NewString(), GroupID: g.ID})
	must(t, err)
	must(t, s.Failed(ctx, claim(t, s, queue), "no"))
	if gs, err = s.GetGroupSnapshot(ctx, gs.ID); err != nil || gs.Status != db.InError {
		t.Errorf("group snapshot %+v, %v", gs, err)
	}
	must(t, s.DeleteGroupSnapshot(ctx, alice, gs.ID))
	must(t, s.Failed(ctx, claim(t, s, queue), "no"))
	snaps, err := s.MemberSnapshots(ctx, gs.ID)
	if err != nil || len(snaps) != 1 || snaps[0].Status != db.ErrorDeleting {
		t.Errorf("members %+v, %v", snaps, err)
	}
	must(t, s.DeleteGroupSnapshot(ctx, alice, gs.ID))
	must(t, s.GroupSnapshotDeleted(ctx, claim(t, s, queue)))
	settled(t, s)

	clone, err := s.CloneGroup(ctx, alice, db.GroupClone{ID: uuid.NewString(), SourceGroupID: &g.ID})
	must(t, err)
	if err := s.DeleteGroup(ctx, alice, g.ID, true); !db.IsKind(err, db.Invalid) {
		t.Errorf("delete of a source: %v", err)
	}
	must(t, s.Failed(ctx, claim(t, s, db.QueueScheduler), "no room"))
	groupStatus(t, s, clone.ID, db.InError)
	copies, err := s.GroupVolumes(ctx, clone.ID)
	if err != nil || len(copies) != 1 || copies[0].Status != db.InError || status(t, s, v.ID) != db.Available {
		t.Errorf("copies %+v, %v", copies, err)
	}
	must(t, s.DeleteGroup(ctx, alice, clone.ID, true))
	must(t, s.Failed(ctx, claim(t, s, queue), "no"))
	groupStatus(t, s, clone.ID, db.InError)
	if got := status(t, s, copies[0].ID); got != db.ErrorDeleting {
		t.Errorf("copy is %s", got)
	}
	must(t, s.DeleteGroup(ctx, alice, clone.ID, true))
	must(t, s.GroupDeleted(ctx, claim(t, s, queue)))
	must(t, s.DeleteGroup(ctx, alice, g.ID, true))
	must(t, s.GroupDeleted(ctx, claim(t, s, queue)))
	settled(t, s)
	set, err := s.QuotaSet(ctx, alice.ProjectID, nil)
	if err != nil || set["groups"].InUse != 0 {
		t.Errorf("groups in use: %+v, %v", set["groups"], err)
	}
}

// Jobs of a group and of its volumes run in the order in which they were made.
func TestGroupJobsAndThoseOfTheirVolumesTakeTurns(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ctx := t.Context()
	g := newGroup(t, s)
	v := made(t, s, db.NewVolume{GroupID: &g.ID})
	queue := db.VolumeQueue(worker)
	_, err := s.CreateSnapshot(ctx, alice, db.NewSnapshot{ID: uuid.NewString(), VolumeID: v.ID})
	must(t, err)
	_, err = s.CreateGroupSnapshot(ctx, alice, db.NewGroupSnapshot{ID: uuid.NewString(), GroupID: g.ID})
	must(t, err)
	_, err = s.CreateSnapshot(ctx, alice, db.NewSnapshot{ID: uuid.NewString(), VolumeID: v.ID})
	must(t, err)
	for _, kind := range []string{db.JobSnapshotCreate, db.JobGroupSnapshotCreate, db.JobSnapshotCreate} {
		j := claim(t, s, queue)
		if j.Kind != kind {
			t.Fatalf("claimed %s, want %s", j.Kind, kind)
		}
		noClaim(t, s, queue)
		if kind == db.JobSnapshotCreate {
			must(t, s.SnapshotCreated(ctx, j))
		} else {
			must(t, s.GroupSnapshotCreated(ctx, j))
		}
	}
}

// Of a snapshot and the delete of its group one wins, whoever is first.
func TestAGroupIsNotDeletedUnderItsSnapshot(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	for range 8 {
		g := newGroup(t, s)
		made(t, s, db.NewVolume{GroupID: &g.ID})
		var wg sync.WaitGroup
		errs := make([]error, 2)
		wg.Go(func() { errs[0] = s.DeleteGroup(t.Context(), alice, g.ID, true) })
		wg.Go(func() {
			_, errs[1] = s.CreateGroupSnapshot(t.Context(), alice, db.NewGroupSnapshot{ID: uuid.NewString(), GroupID: g.ID})
		})
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("delete: %v, snapshot: %v", errs[0], errs[1])
		}
		if err := errors.Join(errs...); !db.IsKind(err, db.Invalid) {
			t.Fatal(err)
		}
		for j, err := s.Claim(t.Context(), db.VolumeQueue(worker), "", "me/1"); j != nil; j, err = s.Claim(t.Context(), db.VolumeQueue(worker), "", "me/1") {
			must(t, err)
			must(t, s.Failed(t.Context(), j, "enough"))
		}
	}
}

func TestAVolumeWaitsForItsGroup(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ctx := t.Context()
	gt, err := s.CreateGroupType(ctx, "plain", nil, true, nil)
	must(t, err)
	g, err := s.CreateGroup(ctx, alice, db.NewGroup{ID: uuid.NewString(), Type: gt, VolumeTypes: []string{defaultType(t, s).ID}, AvailabilityZone: "nova"})
	must(t, err)
	_, err = create(t, s, db.NewVolume{GroupID: &g.ID})
	must(t, err)
	j := claim(t, s, db.QueueScheduler)
	if j.Kind != db.JobGroupCreate {
		t.Fatalf("claimed %s", j.Kind)
	}
	noClaim(t, s, db.QueueScheduler)
	// Deleted while the jobs of both are on their way: the delete comes after them.
	must(t, s.DeleteGroup(ctx, alice, g.ID, true))
	must(t, s.Failed(ctx, j, "no backend"))
	must(t, s.NoValidBackend(ctx, claim(t, s, db.QueueScheduler), "no backend"))
	if j = claim(t, s, db.QueueScheduler); j.Kind != db.JobGroupDelete {
		t.Fatalf("claimed %s", j.Kind)
	}
	must(t, s.GroupDeleted(ctx, j))
	settled(t, s)
}

// Words change while the group is made, its status does not.
func TestUpdateOfAGroupThatIsBeingMade(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ctx := t.Context()
	gt, err := s.CreateGroupType(ctx, "plain", nil, true, nil)
	must(t, err)
	g, err := s.CreateGroup(ctx, alice, db.NewGroup{ID: uuid.NewString(), Type: gt, VolumeTypes: []string{defaultType(t, s).ID}, AvailabilityZone: "nova"})
	must(t, err)
	name := "n"
	must(t, s.UpdateGroup(ctx, g.ID, db.GroupChange{Name: &name}))
	groupStatus(t, s, g.ID, db.Creating)
	must(t, s.ResetGroup(ctx, g.ID, db.InError))
	must(t, s.GroupPlaced(ctx, claim(t, s, db.QueueScheduler), worker))
	groupStatus(t, s, g.ID, db.InError)
	if g, err = s.GetGroup(ctx, g.ID); err != nil || g.Host == nil || *g.Name != "n" {
		t.Errorf("%+v, %v", g, err)
	}
	must(t, s.ResetGroup(ctx, g.ID, db.Creating)) // no job is going to end this
	name = "m"
	must(t, s.UpdateGroup(ctx, g.ID, db.GroupChange{Name: &name}))
	groupStatus(t, s, g.ID, db.Available)
}

// A volume that goes with its group before it is made is made first, and found.
func TestAGroupIsDeletedUnderAVolumeCreate(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ctx := t.Context()
	g := newGroup(t, s)
	v, err := create(t, s, db.NewVolume{GroupID: &g.ID})
	must(t, err)
	must(t, s.DeleteGroup(ctx, alice, g.ID, true))
	must(t, s.VolumePlaced(ctx, claim(t, s, db.QueueScheduler), worker, "nova"))
	must(t, s.VolumeCreated(ctx, claim(t, s, db.VolumeQueue(worker)), uuid.NewString()))
	if v, err = s.GetVolume(ctx, v.ID); err != nil || v.Status != db.Deleting || v.Host == nil {
		t.Errorf("volume %s on %v, %v", v.Status, v.Host, err)
	}
	j := claim(t, s, db.VolumeQueue(worker))
	if j.Kind != db.JobGroupDelete {
		t.Fatalf("claimed %s", j.Kind)
	}
	must(t, s.GroupDeleted(ctx, j))
	settled(t, s)
}

// A volume may go with its group while it is being extended: nothing of the
// growth stays in the quota.
func TestAGroupIsDeletedUnderAnExtend(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ctx := t.Context()
	g := newGroup(t, s)
	v := made(t, s, db.NewVolume{GroupID: &g.ID})
	must(t, s.ExtendVolume(ctx, alice, v.ID, 5, false))
	must(t, s.HandOver(ctx, claim(t, s, db.QueueScheduler), worker))
	must(t, s.DeleteGroup(ctx, alice, g.ID, true))
	must(t, s.VolumeExtended(ctx, claim(t, s, db.VolumeQueue(worker)), 5))
	settled(t, s)
	must(t, s.GroupDeleted(ctx, claim(t, s, db.VolumeQueue(worker))))
	settled(t, s)
}
