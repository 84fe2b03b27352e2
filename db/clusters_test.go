package db_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
)

// joined registers worker's service as a member of a cluster; "" of none.
func joined(t *testing.T, s *db.Store, cluster string) db.Service {
	t.Helper()
	v, err := s.RegisterService(t.Context(), db.BackendOf(worker), db.BinaryVolume, "nova")
	must(t, err)
	must(t, s.JoinCluster(t.Context(), v.ID, db.BinaryVolume, cluster))
	return v
}

func clusterOf(t *testing.T, s *db.Store, id string) string {
	t.Helper()
	v, err := s.GetVolume(t.Context(), id)
	must(t, err)
	if v.ClusterName == nil {
		return ""
	}
	return *v.ClusterName
}

func TestVolumesFollowTheirServiceIntoACluster(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	before := made(t, s, db.NewVolume{})
	joined(t, s, "")
	if got := clusterOf(t, s, before.ID); got != "" {
		t.Errorf("in cluster %q without one", got)
	}
	joined(t, s, "west@file")
	joined(t, s, "west@file") // as after a restart
	after := made(t, s, db.NewVolume{})
	for _, id := range []string{before.ID, after.ID} {
		if got := clusterOf(t, s, id); got != "west@file#pool" {
			t.Errorf("in cluster %q", got)
		}
	}
	if err := s.RemoveCluster(t.Context(), "west@file", db.BinaryVolume); !db.IsKind(err, db.Invalid) {
		t.Errorf("a cluster with hosts is removed: %v", err)
	}
	if _, err := s.MoveVolumes(t.Context(), worker, "other@file#pool"); err != nil || clusterOf(t, s, after.ID) != "" {
		t.Errorf("moved away it is in cluster %q, %v", clusterOf(t, s, after.ID), err)
	}
	if _, err := s.MoveVolumes(t.Context(), "other@file", "node@file"); err != nil || clusterOf(t, s, after.ID) != "west@file#pool" {
		t.Errorf("moved back it is in cluster %q, %v", clusterOf(t, s, after.ID), err)
	}
	joined(t, s, "")
	if got := clusterOf(t, s, before.ID); got != "" {
		t.Errorf("still in cluster %q", got)
	}
	must(t, s.RemoveCluster(t.Context(), "west@file", db.BinaryVolume))
	if err := s.RemoveCluster(t.Context(), "west@file", db.BinaryVolume); !db.IsKind(err, db.NotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

func TestMatchesHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host, wanted string
		want         bool
	}{
		{"n@b#p", "n", true}, {"n@b#p", "n@b", true}, {"n@b#p", "n@b#p", true}, {"n@b", "n", true}, {"n", "n", true},
		{"n@b#p", "n@b#", false}, {"n@b#pq", "n@b#p", false}, {"n@bc", "n@b", false}, {"nn@b", "n", false}, {"n", "n@b", false},
	} {
		if got := db.MatchesHost(c.host, c.wanted); got != c.want {
			t.Errorf("%s for %s: %v", c.host, c.wanted, got)
		}
	}
}

func TestQuotasAreSynchronised(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	made(t, s, db.NewVolume{SizeGiB: 3})
	growing := made(t, s, db.NewVolume{})
	must(t, s.ExtendVolume(t.Context(), alice, growing.ID, 5, false))
	found, err := s.SyncQuotas(t.Context(), "", true)
	if err != nil || len(found) != 0 {
		t.Fatalf("right usages are wrong: %+v, %v", found, err)
	}
	sql := func(q string) {
		t.Helper()
		_, err := s.Pool().Exec(t.Context(), q)
		must(t, err)
	}
	sql("UPDATE quota_usages SET in_use = 9, reserved = 0 WHERE resource = 'gigabytes'")
	sql("DELETE FROM quota_usages WHERE resource = 'volumes'")
	sql("INSERT INTO quota_usages (project_id, resource, in_use) VALUES ('p2', 'snapshots', 1)")
	for _, c := range []struct {
		project string
		fix     bool
		want    int
	}{{"", false, 3}, {"p2", false, 1}, {"p1", true, 2}, {"p1", false, 0}, {"", true, 1}, {"", false, 0}} {
		found, err := s.SyncQuotas(t.Context(), c.project, c.fix)
		if err != nil || len(found) != c.want {
			t.Errorf("%+v: %+v, %v", c, found, err)
		}
	}
	set, err := s.QuotaSet(t.Context(), alice.ProjectID, nil)
	must(t, err)
	if g, v := set["gigabytes"], set["volumes"]; g.InUse != 4 || g.Reserved != 4 || v.InUse != 2 {
		t.Errorf("gigabytes %+v, volumes %+v", g, v)
	}
}

func TestVolumesMoveToAnotherHostWithTheirJobs(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := made(t, s, db.NewVolume{})
	must(t, s.DeleteVolume(t.Context(), alice, v.ID, db.DeleteOptions{}))
	if _, err := s.MoveVolumes(t.Context(), "node@file", "other@file#pool"); !db.IsKind(err, db.Invalid) {
		t.Errorf("a backend becomes a pool: %v", err)
	}
	for _, c := range []struct {
		from, to, host string
		want           int
	}{
		{"node@fil", "x@y", worker, 0},
		{"node@file", "other@file", "other@file#pool", 1},
		{"other@file#pool", "other@file#second", "other@file#second", 1},
	} {
		n, err := s.MoveVolumes(t.Context(), c.from, c.to)
		row, getErr := s.GetVolume(t.Context(), v.ID)
		must(t, getErr)
		if err != nil || n != c.want || *row.Host != c.host {
			t.Errorf("%+v: %d, %v, on %s", c, n, err, *row.Host)
		}
		var where string
		must(t, s.Pool().QueryRow(t.Context(), "SELECT string_agg(host, ' ') FROM pool_usage WHERE volumes <> 0 OR gib <> 0").Scan(&where))
		if where != c.host {
			t.Errorf("%+v: volumes are counted on %s", c, where)
		}
	}
	noClaim(t, s, db.VolumeQueue("node@file"))
	if j := claim(t, s, db.VolumeQueue("other@file")); j.VolumeID != v.ID {
		t.Errorf("claimed %+v", j)
	}
}

func TestServicesAndOldRowsAreRemoved(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	v := joined(t, s, "")
	must(t, s.ReportPools(t.Context(), v.ID, map[string]json.RawMessage{worker: json.RawMessage(`{}`)}))
	must(t, s.RemoveService(t.Context(), v.Host, v.Binary))
	if err := s.RemoveService(t.Context(), v.Host, v.Binary); !db.IsKind(err, db.NotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if pools, err := s.LivePools(t.Context()); err != nil || len(pools) != 0 {
		t.Errorf("pools %+v, %v", pools, err)
	}
	for _, age := range []string{"1 hour", "3 days"} {
		_, err := s.Pool().Exec(t.Context(), `INSERT INTO jobs (id, kind, queue, project_id, user_id, request_id, volume_id, state, finished_at)
			VALUES ($1, 'x', 'q', 'p', 'u', 'r', $1, 'done', now() - $2::interval)`, uuid.NewString(), age)
		must(t, err)
		_, err = s.Pool().Exec(t.Context(), `INSERT INTO messages (project_id, resource_type, action_id, detail_id, expires_at) VALUES ('p', 'VOLUME', '1', '1', now() - $1::interval)`, age)
		must(t, err)
	}
	const day = 24 * 3600 * 1e9
	jobs, messages, err := s.PurgeOlder(t.Context(), 2*day)
	if err != nil || jobs != 1 || messages != 1 {
		t.Errorf("%d jobs, %d messages, %v", jobs, messages, err)
	}
}
