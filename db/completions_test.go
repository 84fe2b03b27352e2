package db_test

import (
	"strings"
	"testing"

	"github.com/clinker-io/clinker/db"
)

func sql(t *testing.T, s *db.Store, text string, args ...any) {
	t.Helper()
	if _, err := s.Pool().Exec(t.Context(), text, args...); err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, message string) {
	t.Helper()
	if !db.IsKind(err, db.Invalid) || !strings.Contains(err.Error(), message) {
		t.Errorf("got %v, want %q", err, message)
	}
}

func inStep(t *testing.T, s *db.Store) {
	t.Helper()
	diffs, err := s.QuotaCheck(t.Context())
	if err != nil || len(diffs) > 0 {
		t.Errorf("quota: %+v, %v", diffs, err)
	}
}

// extending is a volume of 1 GiB whose driver waits for Nova to see 3 GiB.
func extending(t *testing.T, s *db.Store, size, reservations string) db.Volume {
	t.Helper()
	v := made(t, s, db.NewVolume{})
	must(t, s.ExtendVolume(t.Context(), alice, v.ID, 3, false))
	j := claim(t, s, db.QueueScheduler)
	sql(t, s, `UPDATE volumes SET admin_metadata = jsonb_build_object('extend_new_size', $2::text, 'extend_reservations', $3::text) WHERE id = $1`,
		v.ID, size, strings.ReplaceAll(reservations, "JOB", j.ID))
	return v
}

func TestNovaCompletesAnExtend(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := extending(t, s, "3", `["JOB"]`)
	must(t, s.CompleteExtend(t.Context(), alice, v.ID, false))
	got, err := s.GetVolume(t.Context(), v.ID)
	must(t, err)
	if got.Size != 3 || got.Status != db.Available || len(got.AdminMetadata) > 0 {
		t.Errorf("%d GiB, %s, %v", got.Size, got.Status, got.AdminMetadata)
	}
	inStep(t, s)
	refused(t, s.CompleteExtend(t.Context(), alice, v.ID, false), "Volume is not being extended.")
}

func TestNovaCannotExtend(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := extending(t, s, "3", `["JOB"]`)
	must(t, s.CompleteExtend(t.Context(), alice, v.ID, true))
	if got := status(t, s, v.ID); got != db.ErrorExtending {
		t.Errorf("status %s", got)
	}
	inStep(t, s)
	set, err := s.QuotaSet(t.Context(), alice.ProjectID, nil)
	must(t, err)
	if set["gigabytes"].Reserved != 0 || set["gigabytes"].InUse != 1 {
		t.Errorf("gigabytes %+v", set["gigabytes"])
	}
	page, err := s.ListMessages(t.Context(), db.ListQuery{Project: alice.ProjectID, Limit: 10})
	must(t, err)
	if len(page.Items) != 1 || page.Items[0].EventID() != "VOLUME_VOLUME_007_010" {
		t.Errorf("messages %+v", page.Items)
	}
}

func TestAnExtendWithoutItsMarksIsNotCompleted(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	for _, c := range []struct{ size, reservations, message string }{
		{"", "[]", "Required volume admin metadata is malformed or missing."},
		{"many", "[]", "Required volume admin metadata is malformed or missing."},
		{"3", "[", "Required volume admin metadata is malformed or missing."},
		{"1", "[]", "The target volume size provided in volume admin metadata 1 is smaller or equal to the current volume size."},
		{"3", "{}", "The stored quota reservations for extending the volume must be in a list format."},
	} {
		v := extending(t, s, c.size, c.reservations)
		refused(t, s.CompleteExtend(t.Context(), alice, v.ID, false), c.message)
		if got := status(t, s, v.ID); got != db.Extending {
			t.Errorf("status %s", got)
		}
	}
}

// migrated is a volume with the copy that another one of its pool fills.
func migrated(t *testing.T, s *db.Store) (v, c db.Volume) {
	t.Helper()
	v, c = made(t, s, db.NewVolume{}), made(t, s, db.NewVolume{})
	sql(t, s, `UPDATE volumes SET migration_status = 'migrating', status = 'maintenance', previous_status = 'available' WHERE id = $1`, v.ID)
	sql(t, s, `UPDATE volumes SET migration_status = 'target:' || $2::text, host = 'other@file#pool' WHERE id = $1`, c.ID, v.ID)
	return v, c
}

func TestNovaCompletesAMigration(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, c := migrated(t, s)
	var seen []string
	_, err := s.EachVolume(t.Context(), db.ListQuery{Limit: 10, NoTargets: true}, func(v *db.VolumeView) { seen = append(seen, v.ID) })
	must(t, err)
	if len(seen) != 1 || seen[0] != v.ID {
		t.Errorf("users see %v", seen)
	}
	kept, err := s.CompleteMigration(t.Context(), alice, v.ID, c.ID, false)
	must(t, err)
	got, err := s.GetVolume(t.Context(), v.ID)
	must(t, err)
	if kept != v.ID || *got.Host != "other@file#pool" || got.BackendID() != c.ID || got.Status != db.Available || *got.MigrationStatus != "success" {
		t.Errorf("kept %s: %+v", kept, got)
	}
	old, err := s.GetVolume(t.Context(), c.ID)
	must(t, err)
	if *old.Host != worker || old.BackendID() != v.ID || old.Status != db.Deleting {
		t.Errorf("what is to go: %+v", old)
	}
	must(t, s.VolumeDeleted(t.Context(), claim(t, s, db.VolumeQueue(worker))))
	inStep(t, s)
}

func TestNovaCannotMigrate(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, c := migrated(t, s)
	kept, err := s.CompleteMigration(t.Context(), alice, v.ID, c.ID, true)
	must(t, err)
	got, err := s.GetVolume(t.Context(), v.ID)
	must(t, err)
	if kept != v.ID || *got.Host != worker || got.NameID != nil || got.Status != db.Available || *got.MigrationStatus != "error" {
		t.Errorf("kept %s: %+v", kept, got)
	}
	if j := claim(t, s, "volume.other@file"); j.Kind != db.JobVolumeDelete || j.VolumeID != c.ID {
		t.Errorf("job %+v", j)
	}
}

func TestVolumesThatAreNoPairAreNotCompleted(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, c := migrated(t, s)
	other := made(t, s, db.NewVolume{})
	complete := func(id, copyID string) error {
		_, err := s.CompleteMigration(t.Context(), alice, id, copyID, false)
		return err
	}
	refused(t, complete(other.ID, c.ID), "Source volume not mid-migration.")
	refused(t, complete(v.ID, other.ID), "Destination volume not mid-migration.")
	sql(t, s, `UPDATE volumes SET migration_status = 'success' WHERE id = $1`, other.ID)
	refused(t, complete(other.ID, c.ID), "Destination has migration_status target:"+v.ID+", expected target:"+other.ID+".")
}

// A server changed its disk for another by itself: the new one has its attachments.
func TestAttachmentsGoToTheVolumeThatAServerChangedTo(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, c := made(t, s, db.NewVolume{}), made(t, s, db.NewVolume{})
	sql(t, s, `INSERT INTO attachments (id, volume_id, project_id, attach_status, instance_uuid, mountpoint)
VALUES (gen_random_uuid(), $1, 'p1', 'attached', gen_random_uuid(), '/dev/vdb')`, v.ID)
	sql(t, s, `UPDATE volumes SET status = 'in-use', attach_status = 'attached' WHERE id = $1`, v.ID)
	kept, err := s.CompleteMigration(t.Context(), alice, v.ID, c.ID, false)
	must(t, err)
	if kept != c.ID || status(t, s, v.ID) != db.Available || status(t, s, c.ID) != db.InUse {
		t.Errorf("kept %s; %s and %s", kept, status(t, s, v.ID), status(t, s, c.ID))
	}
	at, err := s.AttachmentsOf(t.Context(), c.ID)
	must(t, err)
	if len(at) != 1 || *at[0].Mountpoint != "/dev/vdb" {
		t.Errorf("attachments %+v", at)
	}
}
