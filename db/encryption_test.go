package db_test

import (
	"context"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
)

func luks() db.EncryptionSpecs {
	provider, location := "luks", "front-end"
	cipher := new("aes-xts-plain64")
	return db.EncryptionSpecs{Provider: &provider, ControlLocation: &location, Cipher: &cipher}
}

// Either the volume comes first and the type stays open, or the volume is
// refused: never is there an open volume of an encrypted type.
func TestNoOpenVolumeOfAnEncryptedType(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	for range 10 {
		ty, err := s.CreateVolumeType(t.Context(), uuid.NewString(), nil, true, nil)
		must(t, err)
		var wg sync.WaitGroup
		var made, closed error
		wg.Go(func() {
			_, made = s.CreateVolume(context.Background(), alice, db.NewVolume{ID: uuid.NewString(), SizeGiB: 1, Type: ty, AvailabilityZone: "nova"})
		})
		wg.Go(func() { _, closed = s.CreateTypeEncryption(context.Background(), ty.ID, luks()) })
		wg.Wait()
		if (made == nil) == (closed == nil) {
			t.Fatalf("volume: %v, encryption: %v", made, closed)
		}
	}
	settled(t, s)
}

func TestVolumeOfAnEncryptedTypeLeavesNothing(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	_, err := s.CreateTypeEncryption(t.Context(), defaultType(t, s).ID, luks())
	must(t, err)
	if _, err := create(t, s, db.NewVolume{}); !db.IsKind(err, db.Invalid) || err.Error() != "Key manager error" {
		t.Fatalf("create: %v", err)
	}
	noClaim(t, s, db.QueueScheduler)
	left := 0
	_, err = s.EachVolume(t.Context(), db.ListQuery{Limit: 10}, func(*db.VolumeView) { left++ })
	must(t, err)
	if left != 0 || inUse(t, s, alice.ProjectID, "volumes") != 0 {
		t.Errorf("%d volumes are left", left)
	}
	settled(t, s)
}
