package db_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
)

const picture = "11111111-2222-3333-4444-555555555555"

// downloading is a volume whose image is on its way, and its job.
func downloading(t *testing.T, s *db.Store) (db.Volume, *db.Job) {
	t.Helper()
	v, err := create(t, s, db.NewVolume{ImageID: picture})
	must(t, err)
	must(t, s.VolumePlaced(t.Context(), claim(t, s, db.QueueScheduler), worker, "nova"))
	j := claim(t, s, db.VolumeQueue(worker))
	must(t, s.Downloading(t.Context(), v.ID))
	if got := status(t, s, v.ID); got != db.Downloading {
		t.Fatalf("status %q", got)
	}
	return v, j
}

func TestAVolumeRemembersItsImage(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, j := downloading(t, s)
	must(t, s.VolumeImaged(t.Context(), j, uuid.NewString(), db.Metadata{"image_id": picture}))
	v, err := s.GetVolume(t.Context(), v.ID)
	must(t, err)
	if v.Status != db.Available || !v.Bootable || v.ImageMetadata["image_id"] != picture || v.LaunchedAt == nil {
		t.Errorf("volume: %+v", v)
	}
	settled(t, s)
}

func TestAVolumeReservedUnderItsDownload(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	for _, fails := range []bool{false, true} {
		v, j := downloading(t, s)
		sql(t, s, "UPDATE volumes SET status = 'reserved' WHERE id = $1", v.ID)
		want := db.Reserved
		if fails {
			want = db.InError // nobody may use what has no data
			must(t, s.Failed(t.Context(), j, "no"))
		} else {
			must(t, s.VolumeImaged(t.Context(), j, uuid.NewString(), nil))
		}
		if got := status(t, s, v.ID); got != want {
			t.Errorf("status %q, want %q", got, want)
		}
	}
}

func TestADownloadMayGoToAnotherPool(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, j := downloading(t, s)
	must(t, s.Reschedule(t.Context(), j, worker))
	must(t, s.VolumePlaced(t.Context(), claim(t, s, db.QueueScheduler), "other@file#pool", "nova"))
	v, err := s.GetVolume(t.Context(), v.ID)
	must(t, err)
	if v.Host == nil || *v.Host != "other@file#pool" {
		t.Errorf("host %v", v.Host)
	}
}

func TestUploadsEndAsTheAttachmentsSay(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ctx := t.Context()
	v := made(t, s, db.NewVolume{})
	_, err := s.UploadVolume(ctx, alice, v.ID, picture, false)
	must(t, err)
	if got := status(t, s, v.ID); got != db.Uploading {
		t.Errorf("status %q", got)
	}
	refused(t, s.MayUpload(ctx, v.ID, true), "Invalid volume: Volume "+v.ID+" status must be available or in-use")
	must(t, s.VolumeUploaded(ctx, claim(t, s, db.VolumeQueue(worker))))
	sql(t, s, "UPDATE volumes SET status = 'in-use' WHERE id = $1", v.ID)
	sql(t, s, "INSERT INTO attachments (id, volume_id, project_id, attach_status, attach_mode) VALUES ($1, $2, 'p1', 'attached', 'rw')", uuid.NewString(), v.ID)
	_, err = s.UploadVolume(ctx, alice, v.ID, picture, false)
	refused(t, err, "Invalid volume: Volume "+v.ID+" status must be available")
	_, err = s.UploadVolume(ctx, alice, v.ID, picture, true)
	must(t, err)
	must(t, s.Failed(ctx, claim(t, s, db.VolumeQueue(worker)), "no"))
	if got := status(t, s, v.ID); got != db.InUse {
		t.Errorf("status %q", got)
	}
}

func TestReimageGivesTheStatusBack(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ctx := t.Context()
	v := made(t, s, db.NewVolume{})
	sql(t, s, "UPDATE volumes SET status = 'reserved' WHERE id = $1", v.ID)
	refused(t, s.ReimageVolume(ctx, alice, v.ID, db.ReimageArgs{ImageID: picture}, false),
		"Invalid volume: Volume "+v.ID+" status must be available or error, but current status is reserved.")
	must(t, s.ReimageVolume(ctx, alice, v.ID, db.ReimageArgs{ImageID: picture}, true))
	must(t, s.Reimaged(ctx, claim(t, s, db.VolumeQueue(worker)), db.Metadata{"image_id": picture}))
	got, err := s.GetVolume(ctx, v.ID)
	must(t, err)
	if got.Status != db.Reserved || !got.Bootable {
		t.Errorf("volume: %+v", got)
	}
	must(t, s.ReimageVolume(ctx, alice, v.ID, db.ReimageArgs{ImageID: picture}, true))
	must(t, s.Failed(ctx, claim(t, s, db.VolumeQueue(worker)), "no"))
	if got := status(t, s, v.ID); got != db.InError {
		t.Errorf("status %q", got)
	}
	for range 2 {
		sql(t, s, "INSERT INTO attachments (id, volume_id, project_id, attach_status, attach_mode) VALUES ($1, $2, 'p1', 'attached', 'rw')", uuid.NewString(), v.ID)
	}
	if err := s.ReimageVolume(ctx, alice, v.ID, db.ReimageArgs{ImageID: picture}, true); !db.IsKind(err, db.Conflict) {
		t.Errorf("with two servers: %v", err)
	}
}

func TestTheCacheForgetsWhatIsDeletedOrOutOfDate(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ctx := t.Context()
	v, err := s.GetVolume(ctx, made(t, s, db.NewVolume{SizeGiB: 2}).ID)
	must(t, err)
	n := db.ImageVolume{ID: uuid.NewString(), Of: &v, SizeGiB: 1, ProjectID: "internal", UserID: "cinder", ImageID: picture, Metadata: db.Metadata{"k": "v"}}
	for range 2 { // a second attempt changes nothing
		must(t, s.AddImageVolume(ctx, n))
	}
	must(t, s.ImageVolumeReady(ctx, n.ID, uuid.NewString(), db.Metadata{"image_id": picture}, n.Metadata))
	made := time.Now().Truncate(time.Second)
	must(t, s.CacheImage(ctx, n.ID, picture, made))
	find := func(host string, updated time.Time) string {
		t.Helper()
		id, err := s.CachedVolume(ctx, host, picture, updated)
		must(t, err)
		return id
	}
	if find(worker, made) != n.ID || find("other@file#pool", made) != "" || find(worker, made.Add(time.Second)) != "" {
		t.Error("the cache finds what it should not, or not what it should")
	}
	entries, err := s.CacheEntries(ctx, worker)
	if err != nil || len(entries) != 1 || entries[0].Size != 1 || entries[0].ProjectID != "internal" {
		t.Errorf("entries %+v, %v", entries, err)
	}
	held, err := s.ImageVolumes(ctx, worker, []string{n.ID, v.ID})
	if err != nil || len(held) != 2 {
		t.Errorf("volumes %v, %v", held, err)
	}
	settled(t, s)
	must(t, s.DropImageVolume(ctx, n.ID))
	if find(worker, made) != "" {
		t.Error("a volume that is gone is found")
	}
	settled(t, s)
}
