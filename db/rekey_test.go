package db_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
)

// Of the keys that a clone is made with, it has one in the end; the others are
// given up, however it ends.
func TestTheKeysOfAClone(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	src := encrypted(t, s, encryptedType(t, s), newKey(t, s))
	ty, err := s.GetVolumeType(t.Context(), src.VolumeTypeID)
	must(t, err)
	ofService := func() *string {
		key := uuid.NewString()
		must(t, s.KeyMade(t.Context(), "", key))
		return &key
	}
	for _, end := range []string{"with a key of its own", "with that of its source", "without a pool", "in an error"} {
		first := newKey(t, s)
		r := &db.Rekey{KeyID: newKey(t, s), Readable: db.Readable{Old: ofService(), New: ofService()}}
		n := db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: "nova", SourceVolumeID: &src.ID, EncryptionKeyID: &first, Rekey: r}
		v, err := s.CreateVolume(t.Context(), alice, n)
		must(t, err)
		n.ID = uuid.NewString()
		if _, err := s.CreateVolume(t.Context(), alice, n); !db.IsKind(err, db.Invalid) {
			t.Errorf("two clones with the same keys: %v", err)
		}
		j, kept := claim(t, s, db.QueueScheduler), first
		if end == "without a pool" {
			must(t, s.NoValidBackend(t.Context(), j, "no reason"))
		} else {
			must(t, s.VolumePlaced(t.Context(), j, worker, "nova"))
			j = claim(t, s, db.VolumeQueue(worker))
		}
		switch end {
		case "with a key of its own":
			kept = r.KeyID
			must(t, s.Rekeyed(t.Context(), v.ID, r))
			loose(t, s, first)
			must(t, s.Rekeyed(t.Context(), v.ID, r)) // the worker was killed
			must(t, s.VolumeCreated(t.Context(), j, uuid.NewString()))
		case "with that of its source":
			must(t, s.VolumeCreated(t.Context(), j, uuid.NewString()))
		case "in an error":
			must(t, s.Failed(t.Context(), j, "no reason"))
		}
		got, err := s.GetVolume(t.Context(), v.ID)
		must(t, err)
		if got.EncryptionKeyID == nil || *got.EncryptionKeyID != kept {
			t.Errorf("%s: the clone has the key %v", end, got.EncryptionKeyID)
		}
		gone := first
		if kept == first {
			gone = r.KeyID
		}
		loose(t, s, gone)
		must(t, s.KeyGone(t.Context(), gone))
		keys, err := s.LooseKeys(t.Context(), "")
		must(t, err)
		if len(keys) != 2 {
			t.Errorf("%s: of the service %d keys are given up", end, len(keys))
		}
		for _, key := range keys {
			must(t, s.KeyGone(t.Context(), key))
		}
	}
	settled(t, s)
}
