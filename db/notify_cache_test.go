package db_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/migrations"
)

func TestTheCacheTellsOfWhatItDoes(t *testing.T) {
	t.Parallel()
	s, err := db.Open(t.Context(), pgtest.New(t, migrations.Up), db.Options{Quotas: unlimited, Notify: true, Host: "node"})
	must(t, err)
	defer s.Close()
	ctx, now := t.Context(), time.Now().Truncate(time.Second)
	v, err := s.GetVolume(ctx, made(t, s, db.NewVolume{}).ID)
	must(t, err)
	find := func(updated time.Time) {
		t.Helper()
		_, err := s.CachedVolume(ctx, worker, picture, updated, false)
		must(t, err)
	}
	find(now)
	n := db.ImageVolume{ID: uuid.NewString(), Of: &v, SizeGiB: 1, ProjectID: "internal", UserID: "cinder", ImageID: picture}
	must(t, s.AddImageVolume(ctx, n))
	must(t, s.ImageVolumeReady(ctx, n.ID, uuid.NewString(), nil, nil))
	must(t, s.CacheImage(ctx, n.ID, picture, now))
	find(now)
	find(now.Add(time.Hour))
	must(t, s.DropImageVolume(ctx, n.ID))
	must(t, s.DropImageVolume(ctx, v.ID)) // one that is not in the cache
	rows, err := s.Pool().Query(ctx, "SELECT publisher_id || ' ' || event_type, payload FROM notifications WHERE event_type LIKE 'image%' ORDER BY id")
	must(t, err)
	var told []string
	var what string
	var payload json.RawMessage
	_, err = pgx.ForEachRow(rows, []any{&what, &payload}, func() error {
		var p map[string]string
		told = append(told, what)
		if err := json.Unmarshal(payload, &p); err != nil || len(p) != 2 || p["image_id"] != picture || p["host"] != worker {
			t.Errorf("%s: %s %v", what, payload, err)
		}
		return nil
	})
	must(t, err)
	const event = "volume.node image_volume_cache."
	if want := []string{event + "miss", event + "hit", event + "miss", event + "evict"}; !slices.Equal(told, want) {
		t.Errorf("told: %v", told)
	}
}
