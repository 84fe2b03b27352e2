package volume_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
)

// until waits for what nothing tells of.
func (s *site) until(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited too long for %s", what)
		}
	}
}

// write changes a volume that nobody uses.
func (s *site) write(id, data string, off int64) {
	s.t.Helper()
	f, err := os.OpenFile(filepath.Join(s.dir, "volume-"+id), os.O_WRONLY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.WriteAt([]byte(data), off); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) snapshotIs(id, status string) {
	s.t.Helper()
	s.until("snapshot to be "+status, func() bool {
		snap, err := s.store.GetSnapshot(s.t.Context(), id)
		return err == nil && snap.Status == status
	})
}

// spoiled makes a volume, a snapshot of it, and changes after that, and begins
// to revert it. Where there is a between, it runs before a worker does its part.
func (s *site) spoiled(wrap func(driver.Driver) driver.Driver, between func(id string)) (id, snap string) {
	s.t.Helper()
	stop := s.start(wrap)
	id, snap = s.create(), uuid.NewString()
	s.becomes(id, db.Available)
	s.write(id, "as it was", 0)
	if _, err := s.store.CreateSnapshot(s.t.Context(), alice, db.NewSnapshot{ID: snap, VolumeID: id}); err != nil {
		s.t.Fatal(err)
	}
	s.snapshotIs(snap, db.Available)
	s.write(id, "spoiled!!", 0)
	s.write(id, "more", 5<<20)
	if between != nil {
		stop()
	}
	if err := s.store.RevertVolume(s.t.Context(), alice, id, &snap); err != nil {
		s.t.Fatal(err)
	}
	if between != nil {
		between(id)
		s.start(wrap)
	}
	return id, snap
}

// reverted checks the end of it.
func (s *site) reverted(id, snap string) {
	s.t.Helper()
	s.becomes(id, db.Available)
	s.snapshotIs(snap, db.Available)
	for _, name := range []string{"volume-" + id, "snapshot-" + snap} {
		s.starts(name, "as it was"+string(make([]byte, 6<<20)))
	}
}

func TestRevertByTheDriverAndByCopying(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(driver.Driver) driver.Driver{
		"by the driver": nil,
		"by copying":    func(d driver.Driver) driver.Driver { return plain{d} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			id, snap := s.spoiled(wrap, nil)
			s.reverted(id, snap)
		})
	}
}

func TestARevertGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id, snap := s.spoiled(nil, func(id string) {
		if j := s.claim(db.VolumeQueue(backend), backend+"/dead"); j.Kind != db.JobVolumeRevert {
			t.Fatalf("claimed %s", j.Kind)
		}
		s.write(id, "half of it", 0)
		if _, err := s.store.Pool().Exec(t.Context(), "UPDATE jobs SET lease_until = now()"); err != nil {
			t.Fatal(err)
		}
	})
	s.reverted(id, snap)
}

func TestARevertThatFailsLeavesTheSnapshot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id, snap := s.spoiled(func(d driver.Driver) driver.Driver {
		return powers{Driver: d, revert: func(context.Context, driver.Reverter, driver.Volume, driver.Snapshot) error { return driver.ErrNoSpace }}
	}, nil)
	s.becomes(id, db.InError)
	s.snapshotIs(snap, db.Available)
	s.starts("snapshot-"+snap, "as it was")
	s.quotaIs(2)
}

func TestARevertWaitsForACloneOfTheVolume(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stop := s.start(nil)
	id, snap := s.create(), uuid.NewString()
	s.becomes(id, db.Available)
	s.write(id, "as it was", 0)
	if _, err := s.store.CreateSnapshot(t.Context(), alice, db.NewSnapshot{ID: snap, VolumeID: id}); err != nil {
		t.Fatal(err)
	}
	s.snapshotIs(snap, db.Available)
	s.write(id, "since then", 0)
	stop()
	ty, err := s.store.DefaultVolumeType(t.Context(), alice.ProjectID, "__DEFAULT__")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.store.CreateVolume(t.Context(), alice, db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: "nova", SourceVolumeID: &id})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.RevertVolume(t.Context(), alice, id, &snap); err != nil {
		t.Fatal(err)
	}
	if j, err := s.store.Claim(t.Context(), db.VolumeQueue(backend), "", "early/1"); err != nil || j != nil {
		t.Fatalf("the revert does not wait: %+v, %v", j, err)
	}
	if err := s.store.VolumePlaced(t.Context(), s.claim(db.QueueScheduler, "scheduler/1"), pool, "nova"); err != nil {
		t.Fatal(err)
	}
	s.start(nil)
	s.becomes(c.ID, db.Available)
	s.becomes(id, db.Available)
	s.starts("volume-"+c.ID, "since then")
	s.starts("volume-"+id, "as it was")
}
