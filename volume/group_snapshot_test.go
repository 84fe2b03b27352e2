package volume_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/driver/file"
)

// newGroup makes a group of a type with those specs and puts volumes into it.
func (s *site) newGroup(specs db.ExtraSpecs, volumes int) (group string, members []string) {
	s.t.Helper()
	ctx := s.t.Context()
	gt, err := s.store.CreateGroupType(ctx, "gt-"+uuid.NewString(), nil, true, specs)
	if err != nil {
		s.t.Fatal(err)
	}
	ty, err := s.store.DefaultVolumeType(ctx, alice.ProjectID, "__DEFAULT__")
	if err != nil {
		s.t.Fatal(err)
	}
	g, err := s.store.CreateGroup(ctx, alice, db.NewGroup{ID: uuid.NewString(), Type: gt, VolumeTypes: []string{ty.ID}, AvailabilityZone: "nova"})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.store.GroupPlaced(ctx, s.claim(db.QueueScheduler, "scheduler/1"), pool); err != nil {
		s.t.Fatal(err)
	}
	for range volumes {
		v, err := s.store.CreateVolume(ctx, alice, db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: "nova", GroupID: &g.ID})
		if err != nil {
			s.t.Fatal(err)
		}
		if err := s.store.VolumePlaced(ctx, s.claim(db.QueueScheduler, "scheduler/1"), pool, "nova"); err != nil {
			s.t.Fatal(err)
		}
		s.becomes(v.ID, db.Available)
		members = append(members, v.ID)
	}
	return g.ID, members
}

// snapshotGroup asks for a group snapshot and waits until it has that status.
func (s *site) snapshotGroup(group, want string) (id string) {
	s.t.Helper()
	gs, err := s.store.CreateGroupSnapshot(s.t.Context(), alice, db.NewGroupSnapshot{ID: uuid.NewString(), GroupID: group})
	if err != nil {
		s.t.Fatal(err)
	}
	s.groupSnapshotBecomes(gs.ID, want)
	return gs.ID
}

func (s *site) groupSnapshotBecomes(id, want string) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		gs, err := s.store.GetGroupSnapshot(s.t.Context(), id)
		if err != nil {
			s.t.Fatal(err)
		}
		if gs.Status == want {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("group snapshot is %s, want %s", gs.Status, want)
		}
	}
}

// oneMoment is the spec of group types whose snapshots belong together.
var oneMoment = db.ExtraSpecs{"consistent_group_snapshot_enabled": ptr("<is> True")}

func ptr(s string) *string { return &s }

// broken fails the snapshots of one volume.
type broken struct {
	driver.Driver
	volume atomic.Value
}

func (b *broken) Unwrap() driver.Driver { return b.Driver }

func (b *broken) Snapshot(ctx context.Context, s driver.Snapshot) error {
	if s.VolumeID == b.volume.Load() {
		return errors.New("this volume cannot")
	}
	return b.Driver.Snapshot(ctx, s)
}

func TestAGroupSnapshotThatFailsLeavesNothingAndTheWritesGoOn(t *testing.T) {
	t.Parallel()
	for _, specs := range []db.ExtraSpecs{oneMoment, nil} {
		s := newSite(t)
		s.tries = 1
		b := &broken{}
		s.start(func(d driver.Driver) driver.Driver { b.Driver = d; return b })
		group, members := s.newGroup(specs, 2)
		for _, id := range members {
			s.attach(id)
		}
		b.volume.Store(members[1])
		id := s.snapshotGroup(group, db.InError)
		s.writes(members)
		for _, f := range s.files() {
			if strings.HasPrefix(filepath.Base(f), "snapshot-") {
				t.Errorf("%s is left", f)
			}
		}
		snaps, err := s.store.MemberSnapshots(t.Context(), id)
		if err != nil || len(snaps) != 2 || snaps[0].Status != db.InError || snaps[1].Status != db.InError {
			t.Errorf("members %+v, %v", snaps, err)
		}
		if err := s.store.DeleteGroupSnapshot(t.Context(), alice, id); err != nil {
			t.Fatal(err)
		}
		b.volume.Store("")
		s.snapshotGroup(group, db.Available)
	}
}

type done struct{ err chan error }

func (d done) CompleteIO(io *target.IO) { d.err <- io.Err }

// writes insists that the volumes take writes.
func (s *site) writes(volumes []string) {
	s.t.Helper()
	for _, id := range volumes {
		d := done{make(chan error, 1)}
		s.now.Backing(id).Submit([]*target.IO{{Op: target.Write, Len: 512, Buf: make([]byte, 512), Owner: d}})
		select {
		case err := <-d.err:
			if err != nil {
				s.t.Errorf("write to %s: %v", id, err)
			}
		case <-time.After(time.Minute):
			s.t.Errorf("a write to %s waits for ever", id)
		}
	}
}

// stuck never finds the moment of a snapshot.
type stuck struct{ driver.Driver }

func (s stuck) Unwrap() driver.Driver { return s.Driver }

func (s stuck) Snapshot(ctx context.Context, _ driver.Snapshot) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestWritesDoNotWaitForEverForAGroupSnapshot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.hold, s.tries = 50*time.Millisecond, 1
	s.start(func(d driver.Driver) driver.Driver { return stuck{d} })
	group, members := s.newGroup(oneMoment, 2)
	for _, id := range members {
		s.attach(id)
	}
	s.snapshotGroup(group, db.InError)
	s.writes(members)
}

func TestAWorkerDoesTheGroupJobsOfADeadOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stop := s.start(nil)
	group, members := s.newGroup(oneMoment, 2)
	stop()
	ctx := t.Context()
	dead := func() {
		t.Helper()
		if j := s.claim(db.VolumeQueue(backend), backend+"/dead"); j.VolumeID == "" {
			t.Fatal("no job")
		}
		stop = s.start(nil)
	}
	gs, err := s.store.CreateGroupSnapshot(ctx, alice, db.NewGroupSnapshot{ID: uuid.NewString(), GroupID: group})
	if err != nil {
		t.Fatal(err)
	}
	dead()
	s.groupSnapshotBecomes(gs.ID, db.Available)
	stop()

	clone, err := s.store.CloneGroup(ctx, alice, db.GroupClone{ID: uuid.NewString(), GroupSnapshotID: &gs.ID})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.HandOver(ctx, s.claim(db.QueueScheduler, "scheduler/1"), pool); err != nil {
		t.Fatal(err)
	}
	dead()
	copies, err := s.store.GroupVolumes(ctx, clone.ID)
	if err != nil || len(copies) != len(members) {
		t.Fatalf("%d copies, %v", len(copies), err)
	}
	for _, v := range copies {
		s.becomes(v.ID, db.Available)
	}
	stop()

	for _, end := range []func() error{
		func() error { return s.store.DeleteGroup(ctx, alice, clone.ID, true) },
		func() error { return s.store.DeleteGroupSnapshot(ctx, alice, gs.ID) },
		func() error { return s.store.DeleteGroup(ctx, alice, group, true) },
	} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		dead()
		s.idle()
		stop()
	}
	if left := s.files(); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
	diffs, err := s.store.QuotaCheck(ctx)
	if err != nil || len(diffs) != 0 {
		t.Errorf("quota: %v, %v", diffs, err)
	}
}

// What a dead worker took of one member is of another moment than what is
// taken of the others now.
func TestAGroupSnapshotThatWasBegunIsTakenAnew(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stop := s.start(nil)
	group, _ := s.newGroup(oneMoment, 2)
	stop()
	gs, err := s.store.CreateGroupSnapshot(t.Context(), alice, db.NewGroupSnapshot{ID: uuid.NewString(), GroupID: group})
	if err != nil {
		t.Fatal(err)
	}
	s.claim(db.VolumeQueue(backend), backend+"/dead")
	snaps, err := s.store.MemberSnapshots(t.Context(), gs.ID)
	if err != nil {
		t.Fatal(err)
	}
	own, err := file.New(file.Options{PoolPath: s.dir})
	if err != nil {
		t.Fatal(err)
	}
	of := driver.Snapshot{ID: snaps[0].ID, Name: "snapshot-" + snaps[0].ID, VolumeID: snaps[0].VolumeID, VolumeName: "volume-" + snaps[0].VolumeID, SizeBytes: 1 << 30}
	if err := own.Snapshot(t.Context(), of); err != nil {
		t.Fatal(err)
	}
	s.withDevice(own, driver.VolumeSource(driver.Volume{Name: of.VolumeName, SizeBytes: 1 << 30}), driver.ReadWrite, func(d driver.Device) error {
		_, err := d.WriteAt([]byte("later"), 0)
		return err
	})
	if err := own.Close(); err != nil {
		t.Fatal(err)
	}
	var drv driver.Driver
	s.start(func(d driver.Driver) driver.Driver { drv = d; return d })
	s.groupSnapshotBecomes(gs.ID, db.Available)
	s.withDevice(drv, driver.SnapshotSource(of), driver.ReadOnly, func(d driver.Device) error {
		buf := make([]byte, 5)
		_, err := d.ReadAt(buf, 0)
		if string(buf) != "later" {
			t.Errorf("the snapshot of the dead worker was kept: %q", buf)
		}
		return err
	})
}

func (s *site) withDevice(d driver.Driver, src driver.Source, m driver.Mode, f func(driver.Device) error) {
	s.t.Helper()
	dev, err := d.Open(s.t.Context(), src, m)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := errors.Join(f(dev), dev.Close()); err != nil {
		s.t.Fatal(err)
	}
}

// idle waits until no job is left.
func (s *site) idle() {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		n, err := s.store.Unfinished(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d jobs are left", n)
		}
	}
}
