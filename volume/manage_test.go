package volume_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/driver/file"
)

// plain is a driver without any power but those that every one has.
type plain struct{ driver.Driver }

// powers is the file driver with another way to adopt or revert.
type powers struct {
	driver.Driver
	adopt  func(ctx context.Context, own driver.Manager, to driver.Source, from driver.Reference) error
	revert func(ctx context.Context, own driver.Reverter, v driver.Volume, s driver.Snapshot) error
}

func (p powers) Unwrap() driver.Driver { return p.Driver }

func (p powers) own() driver.Manager { m, _ := driver.As[driver.Manager](p.Driver); return m }

func (p powers) Manageable(ctx context.Context, kind string) ([]driver.Manageable, error) {
	return p.own().Manageable(ctx, kind)
}

func (p powers) Measure(ctx context.Context, to driver.Source, from driver.Reference) (int64, error) {
	return p.own().Measure(ctx, to, from)
}

func (p powers) Release(ctx context.Context, src driver.Source) error {
	return p.own().Release(ctx, src)
}

func (p powers) Adopt(ctx context.Context, to driver.Source, from driver.Reference) error {
	return p.adopt(ctx, p.own(), to, from)
}

func (p powers) Revert(ctx context.Context, v driver.Volume, s driver.Snapshot) error {
	own, _ := driver.As[driver.Reverter](p.Driver)
	return p.revert(ctx, own, v, s)
}

// put makes a file in the pool that is nobody's.
func (s *site) put(name, data string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(data), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// starts reports whether a file in the pool begins with data.
func (s *site) starts(name, data string) {
	s.t.Helper()
	f, err := os.Open(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	got := make([]byte, len(data))
	if _, err := f.ReadAt(got, 0); err != nil || sha256.Sum256(got) != sha256.Sum256([]byte(data)) {
		s.t.Errorf("%s begins with %q, want %q (%v)", name, got, data, err)
	}
}

// manage asks for a volume from what ref means, and places it.
func (s *site) manage(ref string) string {
	s.t.Helper()
	ctx := s.t.Context()
	ty, err := s.store.DefaultVolumeType(ctx, alice.ProjectID, "__DEFAULT__")
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := s.store.ManageVolume(ctx, alice, db.ManagedVolume{ID: uuid.NewString(), Ref: json.RawMessage(ref), Host: backend, Type: ty, AvailabilityZone: "nova"})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.store.ManagePlaced(ctx, s.claim(db.QueueScheduler, "scheduler/1"), pool, "nova"); err != nil {
		s.t.Fatal(err)
	}
	return v.ID
}

// quotaIs fails unless the quota is what the rows say, and that is n GiB.
func (s *site) quotaIs(n int64) {
	s.t.Helper()
	diffs, err := s.store.QuotaCheck(s.t.Context())
	if err != nil || len(diffs) > 0 {
		s.t.Errorf("quota: %+v, %v", diffs, err)
	}
	set, err := s.store.QuotaSet(s.t.Context(), alice.ProjectID, nil)
	if err != nil || set["gigabytes"].InUse != n || set["gigabytes"].Reserved != 0 {
		s.t.Errorf("gigabytes: %+v, want %d (%v)", set["gigabytes"], n, err)
	}
}

const diskRef = `{"source-name": "disk.img"}`

func TestAManageGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	for name, renamed := range map[string]bool{"before the name has changed": false, "after it has": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.put("disk.img", "what was there")
			id := s.manage(diskRef)
			j := s.claim(db.VolumeQueue(backend), backend+"/dead")
			v, err := s.store.GetVolume(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.store.HoldManagedVolume(t.Context(), j, v, 1); err != nil {
				t.Fatal(err)
			}
			if renamed {
				s.adopt(id)
			}
			s.start(nil)
			s.becomes(id, db.Available)
			s.starts("volume-"+id, "what was there")
			s.quotaIs(1)
		})
	}
}

// adopt is the driver's part of a manage, without the engine's.
func (s *site) adopt(id string) {
	s.t.Helper()
	d, err := file.New(file.Options{PoolPath: s.dir})
	if err != nil {
		s.t.Fatal(err)
	}
	to := driver.VolumeSource(driver.Volume{ID: id, Name: "volume-" + id, SizeBytes: 1 << 30})
	if err := d.Adopt(s.t.Context(), to, driver.Reference{"source-name": "disk.img"}); err != nil {
		s.t.Error(err)
	}
	if err := d.Close(); err != nil {
		s.t.Error(err)
	}
}

func TestAManageThatFailsGivesBackWhatItTook(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put("disk.img", "what was there")
	s.start(func(d driver.Driver) driver.Driver {
		return powers{Driver: d, adopt: func(ctx context.Context, own driver.Manager, to driver.Source, from driver.Reference) error {
			if err := own.Adopt(ctx, to, from); err != nil {
				return err
			}
			return driver.ErrInvalid
		}}
	})
	id := s.manage(diskRef)
	s.becomes(id, db.ErrorManaging)
	s.starts("volume-"+id+"-unmanaged", "what was there")
	s.quotaIs(0)
	if err := s.store.DeleteVolume(t.Context(), alice, id, db.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	s.gone(id)
	s.starts("volume-"+id+"-unmanaged", "what was there")
	s.quotaIs(0)
}

func TestWhatIsDeletedBeforeItIsTakenOverStays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put("disk.img", "what was there")
	id := s.manage(diskRef)
	if err := s.store.DeleteVolume(t.Context(), alice, id, db.DeleteOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	s.start(nil)
	s.gone(id)
	s.starts("disk.img", "what was there")
	s.quotaIs(0)
}

func TestADriverThatCannotManage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put("disk.img", "what was there")
	s.start(func(d driver.Driver) driver.Driver { return plain{d} })
	id := s.manage(diskRef)
	s.becomes(id, db.ErrorManaging)
	job, err := s.store.ListManageable(t.Context(), alice, backend, db.ManageableArgs{Limit: 10, Sort: []db.Sort{{Key: "size"}}}, "api.1")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := s.store.Wait(t.Context(), job)
	var got db.ManageableResult
	if err != nil || json.Unmarshal(raw, &got) != nil || len(got.Items) != 0 || got.NoMarker {
		t.Errorf("listed %s, %v", raw, err)
	}
	kept := s.create()
	s.becomes(kept, db.Available)
	if err := s.store.UnmanageVolume(t.Context(), alice, kept); err != nil {
		t.Fatal(err)
	}
	s.gone(kept)
	if _, err := os.Stat(filepath.Join(s.dir, "volume-"+kept)); err != nil {
		t.Error(err)
	}
	s.quotaIs(0)
}
