package api

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
)

func TestWorkersAreCleanedUp(t *testing.T) {
	t.Parallel()
	b := withClusters(t) // old@file is down, its cluster is up
	if _, err := b.store.RegisterService(t.Context(), "alone@file", db.BinaryVolume, "az1"); err != nil {
		t.Fatal(err)
	}
	b.sql(t, "UPDATE services SET heartbeat_at = now() - interval '1 hour' WHERE host = 'alone@file'")
	all, err := b.store.Services(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	worker := make(map[string]string)
	id := make(map[string]int64)
	for _, s := range all {
		cluster := "null"
		if s.ClusterName != nil {
			cluster = `"` + *s.ClusterName + `"`
		}
		id[s.Host], worker[s.Host] = s.ID, fmt.Sprintf(`{"id": %d, "host": "%s", "binary": "%s", "cluster_name": %s}`, s.ID, s.Host, s.Binary, cluster)
	}
	busy, waiting := uuid.NewString(), uuid.NewString()
	insert := `INSERT INTO jobs (id, kind, queue, project_id, user_id, request_id, volume_id, state, owner, attempts, lease_until)
		VALUES ($1, 'volume.delete', $2, 'p', 'u', 'r', $1, $3, $4, 1, now() + make_interval(secs => $5))`
	b.sql(t, insert, busy, db.VolumeQueue("old@file"), "running", "old@file/dead", 10)
	b.sql(t, insert, waiting, db.QueueScheduler, "queued", nil, 0)
	renewed := uuid.NewString()
	b.sql(t, insert, renewed, db.VolumeQueue("old@file"), "running", "old@file/alive", 29)

	post := func(name, body string, status int, want string) call {
		return call{name: name, method: "POST", path: "/workers/cleanup", body: body, header: mv("volume 3.24"), status: status, want: want}
	}
	lists := func(cleaning, unavailable string) string {
		return `{"cleaning": [` + cleaning + `], "unavailable": [` + unavailable + `]}`
	}
	none := func(id string) string {
		return bad("Invalid input received: There is no resource with UUID " + id + " pending cleanup.")
	}
	old, alone, scheduler, node := worker["old@file"], worker["alone@file"], worker["node"], worker["node@file"]
	steps(t, b.user, []call{post("users clean nothing up", `{}`, 403, forbidden("workers:cleanup"))})
	steps(t, b.admin, []call{
		{name: "too old", method: "POST", path: "/workers/cleanup", body: `{}`, header: mv("volume 3.23"), status: 404, want: generic404},
		post("another resource", fmt.Sprintf(`{"resource_id": "%s", "host": "old@file"}`, uuid.New()), 202, lists(old, "")),
	})
	if j := claimable(t, b, "old@file"); j != nil {
		t.Errorf("cleaning up another volume released job %s", j.ID)
	}
	steps(t, b.admin, []call{
		post("of a resource, whose service is down", fmt.Sprintf(`{"resource_id": "%s"}`, busy), 202, lists(old, "")),
		post("of a resource, whose service is up", fmt.Sprintf(`{"resource_id": "%s"}`, waiting), 202, lists("", "")),
		post("of a resource, and up", fmt.Sprintf(`{"resource_id": "%s", "is_up": "yes"}`, waiting), 202, lists(scheduler, "")),
		post("of no resource", fmt.Sprintf(`{"resource_id": "%s"}`, b0), 400, none(b0)),
		post("of another kind of resource", fmt.Sprintf(`{"resource_id": "%s", "resource_type": "snapshot"}`, busy), 400, none(busy)),
		post("of the other binary", fmt.Sprintf(`{"resource_id": "%s", "binary": "cinder-scheduler"}`, busy), 400, none(busy)),
		post("odd type", `{"resource_type": "backup"}`, 400, bad("Invalid input received: Resource type Backup not valid, must be Snapshot or Volume")),
		post("odd binary", `{"binary": "cinder-api"}`, 400, ""),
		post("odd id", `{"resource_id": "x"}`, 400, ""),
		post("odd service", `{"service_id": "x"}`, 400, ""),
		post("empty service", `{"service_id": ""}`, 400, ""),
		post("odd host", `{"host": "a b"}`, 400, ""),
		post("odd boolean", `{"is_up": "perhaps"}`, 400, ""),
		post("more", `{"until": "now"}`, 400, ""),
		post("no body", ``, 400, ""),
		post("whatever is down", `{}`, 202, lists(old, alone)),
		post("enabled and down", `{"disabled": false}`, 202, lists(old, alone)),
		post("disabled and down", `{"disabled": "true"}`, 202, lists("", "")),
		post("up", `{"is_up": true, "binary": "cinder-volume"}`, 202, lists(node, "")),
		post("by service", fmt.Sprintf(`{"service_id": "%d"}`, id["alone@file"]), 202, lists("", alone)),
		post("by host", `{"host": "alone", "resource_type": "Volume"}`, 202, lists("", alone)),
		post("by cluster", `{"cluster_name": "west"}`, 202, lists(old, "")),
	})
	if j := claimable(t, b, "old@file"); j == nil || j.ID != busy {
		t.Errorf("the job of a dead worker is not free: %+v", j)
	}
	if j := claimable(t, b, "old@file"); j != nil {
		t.Errorf("the job of a worker that renews its lease was taken away: %s", j.ID)
	}
}

const b0 = "00000000-0000-4000-8000-0000000000b0"

func claimable(t *testing.T, b backed, host string) *db.Job {
	t.Helper()
	j, err := b.store.Claim(t.Context(), db.VolumeQueue(host), "", "another")
	if err != nil {
		t.Fatal(err)
	}
	return j
}
