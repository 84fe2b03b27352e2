package crash

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

const groupRounds = 3

func TestKilledAmidGroupJobsNothingIsStuckOrLeftBehind(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	unlimited(t, s)
	c := s.Client(t).WithMicroversion("3.66")
	c.Request(http.MethodPut, "/os-quota-sets/"+s.Project(), map[string]any{"quota_set": map[string]int{"groups": -1}}, http.StatusOK, nil)
	c.Request(http.MethodPost, "/group_types", map[string]any{"group_type": map[string]any{"name": "together",
		"group_specs": map[string]string{"consistent_group_snapshot_enabled": "<is> True"}}}, http.StatusAccepted, nil)
	for range groupRounds {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{}, callers)
		for range callers {
			go func() { groupStorm(ctx, s.Client(t)); done <- struct{}{} }()
		}
		time.Sleep(time.Duration(500+rand.IntN(1500)) * time.Millisecond) // any moment will do
		s.Kill9()
		stop()
		for range callers {
			<-done
		}
		s.Restart(t)
		started := time.Now()
		groupsSettled(t, s)
		settled(t, s)
		t.Logf("%d groups and %d group snapshots at rest after %v", len(statesOf(t, s, "groups")), len(statesOf(t, s, "group_snapshots")),
			time.Since(started).Round(time.Millisecond))
		poolIsWhatTheAPISays(t, s)
		quotaIsTheTruth(t, s)
	}
	deleteGroups(t, s)
	deleteAll(t, s)
	if left := poolFiles(t, s); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
	quotaIsTheTruth(t, s)
}

// groupStorm is storm for groups.
func groupStorm(ctx context.Context, c *harness.Client) {
	c = c.WithMicroversion("3.66")
	post := func(path, key string, body map[string]any) {
		_, _, _ = c.Do(http.MethodPost, path, map[string]any{key: body})
	}
	for ctx.Err() == nil {
		group, snap := pick(idsOf(c, "/groups", "groups")), pick(idsOf(c, "/group_snapshots", "group_snapshots"))
		switch n := rand.IntN(12); {
		case n < 2 || group == "":
			post("/groups", "group", map[string]any{"group_type": "together", "volume_types": []string{"__DEFAULT__"}})
		case n < 6:
			post("/volumes", "volume", map[string]any{"size": 1, "volume_type": "__DEFAULT__", "group_id": group})
		case n < 8:
			post("/group_snapshots", "group_snapshot", map[string]any{"group_id": group})
		case n == 8:
			post("/groups/action", "create-from-src", map[string]any{"source_group_id": group})
		case n == 9 && snap != "":
			post("/groups/action", "create-from-src", map[string]any{"group_snapshot_id": snap})
		case n == 10:
			post("/groups/"+group+"/action", "delete", map[string]any{"delete-volumes": true})
		case snap != "":
			_, _, _ = c.Do(http.MethodDelete, "/group_snapshots/"+snap, nil)
		}
	}
}

// groupsSettled waits until no group or group snapshot is in a state that ends in -ing.
func groupsSettled(t *testing.T, s *harness.Service) {
	t.Helper()
	var moving []string
	for deadline := time.Now().Add(settleLimit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		moving = moving[:0]
		for _, kind := range []string{"groups", "group_snapshots"} {
			for _, o := range statesOf(t, s, kind) {
				if !slices.Contains([]string{"available", "error"}, o.Status) {
					moving = append(moving, kind+" "+o.ID+" "+o.Status)
				}
			}
		}
		if len(moving) == 0 {
			return
		}
	}
	t.Fatalf("stuck: %s", strings.Join(moving, ", "))
}

type state struct{ ID, Status string }

func statesOf(t *testing.T, s *harness.Service, kind string) []state {
	t.Helper()
	var out map[string][]state
	s.Client(t).WithMicroversion("3.66").Request(http.MethodGet, "/"+kind+"/detail", nil, http.StatusOK, &out)
	return out[kind]
}

// deleteGroups removes the snapshots of groups and then the groups.
func deleteGroups(t *testing.T, s *harness.Service) {
	t.Helper()
	c := s.Client(t).WithMicroversion("3.66")
	for _, kind := range []string{"group_snapshots", "groups"} {
		for _, o := range statesOf(t, s, kind) {
			if kind == "groups" {
				c.Request(http.MethodPost, "/groups/"+o.ID+"/action", map[string]any{"delete": map[string]any{"delete-volumes": true}}, http.StatusAccepted, nil)
			} else {
				c.Request(http.MethodDelete, "/group_snapshots/"+o.ID, nil, http.StatusAccepted, nil)
			}
		}
		for deadline := time.Now().Add(settleLimit); len(statesOf(t, s, kind)) > 0; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s that are not deleted: %v", kind, statesOf(t, s, kind))
			}
		}
	}
}
