package db_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
)

// encryptedType is a type whose volumes have keys.
func encryptedType(t *testing.T, s *db.Store) db.VolumeType {
	t.Helper()
	ty, err := s.CreateVolumeType(t.Context(), uuid.NewString(), nil, true, nil)
	must(t, err)
	_, err = s.CreateTypeEncryption(t.Context(), ty.ID, luks())
	must(t, err)
	return ty
}

func newKey(t *testing.T, s *db.Store) string {
	t.Helper()
	key := uuid.NewString()
	must(t, s.KeyMade(t.Context(), alice.ProjectID, key))
	return key
}

func encrypted(t *testing.T, s *db.Store, ty db.VolumeType, key string) db.Volume {
	t.Helper()
	v, err := s.CreateVolume(t.Context(), alice, db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: "nova", EncryptionKeyID: &key})
	must(t, err)
	must(t, s.VolumePlaced(t.Context(), claim(t, s, db.QueueScheduler), worker, "nova"))
	must(t, s.VolumeCreated(t.Context(), claim(t, s, db.VolumeQueue(worker)), uuid.NewString()))
	return v
}

func loose(t *testing.T, s *db.Store, want ...string) {
	t.Helper()
	got, err := s.LooseKeys(t.Context(), alice.ProjectID)
	must(t, err)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("loose keys %v, want %v", got, want)
	}
}

func TestADeleteWaitsForItsKey(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ty := encryptedType(t, s)
	v := encrypted(t, s, ty, newKey(t, s))
	var held db.HeldDelete
	must(t, s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{Held: &held}))
	if held.KeyID != *v.EncryptionKeyID {
		t.Fatalf("held: %+v", held)
	}
	noClaim(t, s, db.VolumeQueue(worker))
	must(t, s.CancelDelete(t.Context(), held))
	if got := status(t, s, v.ID); got != db.ErrorDeleting {
		t.Errorf("a delete whose key stays leaves %s", got)
	}
	must(t, s.ReleaseDelete(t.Context(), held)) // too late: nothing begins
	noClaim(t, s, db.VolumeQueue(worker))

	w := encrypted(t, s, ty, newKey(t, s))
	must(t, s.DeleteVolume(t.Context(), alice, w.ID, db.DeleteOptions{Held: &held}))
	must(t, s.ReleaseDelete(t.Context(), held))
	j := claim(t, s, db.VolumeQueue(worker))
	must(t, s.CancelDelete(t.Context(), held)) // too late: it has begun
	must(t, s.VolumeDeleted(t.Context(), j))
	loose(t, s)
	settled(t, s)
}

func TestAKeyIsNotForgottenWhoeverDeletesItsVolume(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := encrypted(t, s, encryptedType(t, s), newKey(t, s))
	must(t, s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{}))
	must(t, s.VolumeDeleted(t.Context(), claim(t, s, db.VolumeQueue(worker))))
	loose(t, s, *v.EncryptionKeyID)
	must(t, s.KeyGone(t.Context(), *v.EncryptionKeyID))
	loose(t, s)
}

func TestAKeyIsUsedOnce(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ty := encryptedType(t, s)
	key := newKey(t, s)
	encrypted(t, s, ty, key)
	n := db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: "nova", EncryptionKeyID: &key}
	if _, err := s.CreateVolume(t.Context(), alice, n); !db.IsKind(err, db.Invalid) {
		t.Errorf("two volumes with one key: %v", err)
	}
	n.Type, n.EncryptionKeyID = defaultType(t, s), new(newKey(t, s))
	if _, err := s.CreateVolume(t.Context(), alice, n); !db.IsKind(err, db.Invalid) {
		t.Errorf("an open volume with a key: %v", err)
	}
	loose(t, s) // made just now: somebody may be about to use it
	settled(t, s)
}

func TestARetypeChangesKeys(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ty, plain := encryptedType(t, s), defaultType(t, s)
	// The service has copies to read while it lasts.
	ofService := func(want ...string) {
		t.Helper()
		got, err := s.LooseKeys(t.Context(), "")
		must(t, err)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("loose keys of the service %v, want %v", got, want)
		}
	}
	readable := func() *string {
		key := uuid.NewString()
		must(t, s.KeyMade(t.Context(), "", key))
		return &key
	}
	begin := func(v db.Volume, to db.VolumeType, key *string, r db.Readable) *db.Job {
		t.Helper()
		must(t, s.RetypeVolume(t.Context(), alice, v.ID, db.Retype{Type: to, OnDemand: true, KeyID: key, Readable: r}))
		j := claim(t, s, db.QueueScheduler)
		args, err := j.Move()
		must(t, err)
		if !reflect.DeepEqual(args.Readable, r) {
			t.Errorf("the worker reads %+v, want %+v", args.Readable, r)
		}
		if !args.Reencrypts {
			t.Fatal("the retype would copy nothing")
		}
		args.Host, args.Step = worker, db.StepCopy
		must(t, s.PassMove(t.Context(), j, worker, args))
		return claim(t, s, db.VolumeQueue(worker))
	}
	v, key := made(t, s, db.NewVolume{}), newKey(t, s)
	r := db.Readable{New: readable()}
	j := begin(v, ty, &key, r)
	ofService()
	must(t, s.Failed(t.Context(), j, "no reason"))
	loose(t, s, key)
	ofService(*r.New)
	must(t, s.KeyGone(t.Context(), *r.New))
	must(t, s.KeyGone(t.Context(), key))
	for { // what the failed move has left
		d, err := s.Claim(t.Context(), db.VolumeQueue(worker), "", "me/1")
		must(t, err)
		if d == nil {
			break
		}
		must(t, s.Discarded(t.Context(), d, ""))
	}
	w := encrypted(t, s, ty, newKey(t, s))
	r = db.Readable{Old: readable()}
	j = begin(w, plain, nil, r)
	ofService()
	args, err := j.Move()
	must(t, err)
	must(t, s.Migrating(t.Context(), j))
	must(t, s.Moved(t.Context(), j, args, uuid.NewString(), "nova"))
	got, err := s.GetVolume(t.Context(), w.ID)
	must(t, err)
	if got.EncryptionKeyID != nil || got.VolumeTypeID != plain.ID {
		t.Errorf("the retyped volume has the key %v and the type %s", got.EncryptionKeyID, got.VolumeTypeID)
	}
	loose(t, s, *w.EncryptionKeyID)
	ofService(*r.Old)
	settled(t, s)
}

// The copy that a move makes has its volume's key, and an administrator may free
// it and delete either, in any order.
func TestAKeyGoesWithTheLastVolumeThatHasIt(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	ty := encryptedType(t, s)
	for _, o := range []db.DeleteOptions{{}, {Held: new(db.HeldDelete)}, {Held: new(db.HeldDelete), Force: true}} {
		for _, copyFirst := range []bool{true, false} {
			v := encrypted(t, s, ty, newKey(t, s))
			first, last := beginSwap(t, s, v).ID, v.ID
			if !copyFirst {
				first, last = last, first
			}
			deleteOneOfTwo(t, s, first, o)
			if o.Held != nil && o.Held.KeyID != "" {
				t.Fatalf("the key of another volume is to be deleted: %+v", o.Held)
			}
			must(t, s.VolumeDeleted(t.Context(), claim(t, s, db.VolumeQueue(worker))))
			loose(t, s)
			deleteOneOfTwo(t, s, last, o)
			if o.Held != nil {
				if o.Held.KeyID != *v.EncryptionKeyID {
					t.Fatalf("the last volume with the key: %+v", o.Held)
				}
				must(t, s.ReleaseDelete(t.Context(), *o.Held))
			}
			must(t, s.VolumeDeleted(t.Context(), claim(t, s, db.VolumeQueue(worker))))
			if o.Held == nil {
				loose(t, s, *v.EncryptionKeyID)
				must(t, s.KeyGone(t.Context(), *v.EncryptionKeyID))
			} else {
				loose(t, s)
				*o.Held = db.HeldDelete{}
			}
		}
	}
}

// deleteOneOfTwo begins to delete a volume of a move that an administrator has freed.
func deleteOneOfTwo(t *testing.T, s *db.Store, id string, o db.DeleteOptions) {
	t.Helper()
	must(t, s.ResetVolume(t.Context(), alice, id, db.VolumeReset{Status: new(db.Available), MigrationStatus: new(*string)}))
	must(t, s.DeleteVolume(t.Context(), alice, id, o))
}

// A failed move, and one whose volume is deleted by force, leave one key each at most.
func TestACopyThatGoesLeavesItsVolumesKey(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := encrypted(t, s, encryptedType(t, s), newKey(t, s))
	j := beginSwap(t, s, v)
	must(t, s.SwapFailed(t.Context(), j, "no reason"))
	must(t, s.VolumeDeleted(t.Context(), claim(t, s, db.VolumeQueue(worker))))
	loose(t, s)
	if got, err := s.GetVolume(t.Context(), v.ID); err != nil || got.EncryptionKeyID == nil || *got.EncryptionKeyID != *v.EncryptionKeyID {
		t.Errorf("the volume has the key %v, %v", got.EncryptionKeyID, err)
	}
	j = beginSwap(t, s, v)
	must(t, s.ResetVolume(t.Context(), alice, v.ID, db.VolumeReset{Status: new(db.Available), MigrationStatus: new(*string)}))
	must(t, s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{Force: true}))
	must(t, s.SwapFailed(t.Context(), j, "no reason"))
	for range 2 {
		must(t, s.VolumeDeleted(t.Context(), claim(t, s, db.VolumeQueue(worker))))
	}
	loose(t, s, *v.EncryptionKeyID)
}

// beginSwap makes the row of the copy of a volume that moves by Nova's help; it
// returns the job, whose id the copy has.
func beginSwap(t *testing.T, s *db.Store, v db.Volume) *db.Job {
	t.Helper()
	must(t, s.MigrateVolume(t.Context(), alice, v.ID, worker+"-other", false))
	j := claim(t, s, db.QueueScheduler)
	must(t, s.Migrating(t.Context(), j))
	args, err := j.Move()
	must(t, err)
	must(t, s.BeginSwap(t.Context(), j, args))
	j = claim(t, s, db.VolumeQueue(args.Host))
	args, err = j.Move()
	must(t, err)
	must(t, s.CopyMade(t.Context(), j, args, uuid.NewString(), "nova"))
	must(t, s.AwaitSwap(t.Context(), claim(t, s, db.VolumeQueue(args.Host)), args, 0))
	return claim(t, s, db.VolumeQueue(args.Host))
}
