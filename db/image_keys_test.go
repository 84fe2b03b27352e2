package db_test

import (
	"encoding/json"
	"testing"

	"github.com/clinker-io/clinker/db"
)

// reimaged is an encrypted volume over which an image with a key is being written.
func reimaged(t *testing.T, s *db.Store) (v db.Volume, key string, j *db.Job) {
	t.Helper()
	v = encrypted(t, s, encryptedType(t, s), newKey(t, s))
	key = newKey(t, s)
	with := db.ReimageArgs{ImageID: picture, Change: &db.KeyChange{Old: *v.EncryptionKeyID, New: key, Owner: alice.ProjectID}}
	must(t, s.ReimageVolume(t.Context(), alice, v.ID, with, false))
	sql(t, s, "UPDATE loose_keys SET due = now()") // a job may take long
	loose(t, s)
	return v, key, claim(t, s, db.VolumeQueue(worker))
}

func hasKey(t *testing.T, s *db.Store, volume, want string) {
	t.Helper()
	v, err := s.GetVolume(t.Context(), volume)
	must(t, err)
	if v.EncryptionKeyID == nil || *v.EncryptionKeyID != want {
		t.Errorf("the volume has the key %v, want %s", v.EncryptionKeyID, want)
	}
}

func TestAReimageChangesTheKey(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, key, j := reimaged(t, s)
	hasKey(t, s, v.ID, *v.EncryptionKeyID)
	must(t, s.Reimaged(t.Context(), j, db.Metadata{"image_id": picture}))
	hasKey(t, s, v.ID, key)
	loose(t, s, *v.EncryptionKeyID)
}

func TestAFailedReimageLeavesTheKey(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, key, j := reimaged(t, s)
	must(t, s.Failed(t.Context(), j, "no"))
	hasKey(t, s, v.ID, *v.EncryptionKeyID)
	loose(t, s, key)
}

func TestAVolumeDeletedUnderItsReimageLeavesNoKey(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v, key, j := reimaged(t, s)
	must(t, s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{Force: true}))
	must(t, s.Reimaged(t.Context(), j, db.Metadata{"image_id": picture}))
	hasKey(t, s, v.ID, *v.EncryptionKeyID)
	loose(t, s, key)
}

func TestAKeyOfAnImageIsNoLooseOne(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ctx := t.Context()
	v := encrypted(t, s, encryptedType(t, s), newKey(t, s))
	key := newKey(t, s)
	_, err := s.UploadVolume(ctx, alice, v.ID, db.UploadArgs{ImageID: picture, KeyID: &key}, false)
	must(t, err)
	sql(t, s, "UPDATE loose_keys SET due = now()")
	loose(t, s)
	var args db.UploadArgs
	must(t, json.Unmarshal(claim(t, s, db.VolumeQueue(worker)).Args, &args))
	must(t, s.KeyLeft(ctx, alice.ProjectID, args.KeyID)) // the image is gone
	must(t, s.KeyLeft(ctx, alice.ProjectID, nil))
	loose(t, s, key)
	_, err = s.UploadVolume(ctx, alice, v.ID, db.UploadArgs{ImageID: picture, KeyID: &nobodys}, false)
	refused(t, err, "status must be available")
	sql(t, s, "UPDATE volumes SET status = 'available' WHERE id = $1", v.ID)
	_, err = s.UploadVolume(ctx, alice, v.ID, db.UploadArgs{ImageID: picture, KeyID: &nobodys}, false)
	refused(t, err, "Key manager error") // somebody has swept it meanwhile
	if got := status(t, s, v.ID); got != db.Available {
		t.Errorf("status %q", got)
	}
}

var nobodys = picture // no key of anybody
