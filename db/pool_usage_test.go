package db_test

import (
	"encoding/json"
	"testing"

	"github.com/clinker-io/clinker/db"
)

// What the scheduler counts against a pool follows every change of its volumes.
func TestPoolUsageFollowsTheVolumes(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	svc, err := s.RegisterService(t.Context(), db.BackendOf(worker), db.BinaryVolume, "nova")
	must(t, err)
	must(t, s.ReportPools(t.Context(), svc.ID, map[string]json.RawMessage{worker: []byte(`{}`)}))
	expect := func(what string, gib, volumes int64) {
		t.Helper()
		pools, err := s.LivePools(t.Context())
		must(t, err)
		if len(pools) != 1 || pools[0].AllocatedGib != gib || pools[0].Volumes != volumes {
			t.Fatalf("%s: %+v, want %d GiB in %d volumes", what, pools, gib, volumes)
		}
	}
	expect("nothing placed", 0, 0)
	a := made(t, s, db.NewVolume{SizeGiB: 2})
	made(t, s, db.NewVolume{SizeGiB: 5})
	expect("two volumes", 7, 2)
	_, err = create(t, s, db.NewVolume{SizeGiB: 100})
	must(t, err)
	expect("one not placed yet", 7, 2)
	must(t, s.ExtendVolume(t.Context(), alice, a.ID, 4, false))
	must(t, s.NoValidBackend(t.Context(), claim(t, s, db.QueueScheduler), "full")) // the one not placed
	must(t, s.HandOver(t.Context(), claim(t, s, db.QueueScheduler), worker))
	must(t, s.VolumeExtended(t.Context(), claim(t, s, db.VolumeQueue(worker)), 4))
	expect("one extended", 9, 2)
	must(t, s.DeleteVolume(t.Context(), alice, a.ID, db.DeleteOptions{}))
	must(t, s.VolumeDeleted(t.Context(), claim(t, s, db.VolumeQueue(worker))))
	expect("one deleted", 5, 1)
}
