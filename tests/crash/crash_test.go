// Package crash pulls the plug: it kills the whole service in the middle of
// writes and of every kind of operation, starts it again, and looks for
// anything that was lost, stuck or left behind.
package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

const (
	rounds  = 5
	callers = 4
	// settleLimit is how long everything may take to reach a resting state
	// after a start. A lease is 30 s; a single node does not have to wait for it.
	settleLimit = 25 * time.Second
)

func TestKilledAtAnyMomentNothingIsLostStuckOrLeftBehind(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	unlimited(t, s)
	disk := newDisk(t, s)
	host := backend(t, s)
	for round := range rounds {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{}, callers+1)
		for range callers {
			go func() { storm(ctx, s.Client(t), host); done <- struct{}{} }()
		}
		go func() { disk.writeUntil(ctx); done <- struct{}{} }()
		time.Sleep(time.Duration(500+rand.IntN(1500)) * time.Millisecond) // any moment will do
		s.Kill9()
		stop()
		for range callers + 1 {
			<-done
		}
		started := time.Now()
		s.Restart(t)
		t.Logf("round %d: up again after %v, %d writes acknowledged so far", round, time.Since(started).Round(time.Millisecond), disk.acknowledged)
		settled(t, s)
		disk.verify(t)
		poolIsWhatTheAPISays(t, s)
		quotaIsTheTruth(t, s)
		exportsAreTheAttachments(t, s)
	}
	if disk.acknowledged == 0 {
		t.Fatal("no write was ever acknowledged, so nothing was proved")
	}
	disk.detach(t)
	deleteAll(t, s)
	poolIsWhatTheAPISays(t, s)
	if left := poolFiles(t, s); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
	quotaIsTheTruth(t, s)
}

func unlimited(t *testing.T, s *harness.Service) {
	t.Helper()
	s.Client(t).Request(http.MethodPut, "/os-quota-sets/"+s.Project(), map[string]any{"quota_set": map[string]int{
		"volumes": -1, "gigabytes": -1, "snapshots": -1}}, http.StatusOK, nil)
}

// storm makes and unmakes things as fast as it can until ctx ends. Refusals are
// part of it, and so is an end of the service.
func storm(ctx context.Context, c *harness.Client, host string) {
	c = c.WithMicroversion("3.66")
	do := func(method, path string, body any) { _, _, _ = c.Do(method, path, body) }
	for ctx.Err() == nil {
		ids, snaps := idsOf(c, "/volumes", "volumes"), idsOf(c, "/snapshots", "snapshots")
		vol, snap := pick(ids), pick(snaps)
		switch n := rand.IntN(14); {
		case n < 4 || vol == "":
			do(http.MethodPost, "/volumes", map[string]any{"volume": map[string]any{"size": 1, "name": "storm"}})
		case n < 6:
			do(http.MethodDelete, "/volumes/"+vol+"?cascade=true", nil)
		case n == 6:
			do(http.MethodPost, "/volumes", map[string]any{"volume": map[string]any{"size": 1, "name": "storm", "source_volid": vol}})
		case n == 7:
			do(http.MethodPost, "/volumes/"+vol+"/action", map[string]any{"os-extend": map[string]int{"new_size": 2 + rand.IntN(3)}})
		case n < 10:
			do(http.MethodPost, "/snapshots", map[string]any{"snapshot": map[string]any{"volume_id": vol}})
		case n == 12:
			do(http.MethodPost, "/volumes/"+vol+"/action", map[string]any{"os-unmanage": nil})
			do(http.MethodPost, "/manageable_volumes", map[string]any{"volume": map[string]any{"host": host, "name": "storm", "ref": map[string]string{"source-name": "volume-" + vol}}})
		case n == 13:
			revert(c)
		case n == 10 && snap != "":
			do(http.MethodPost, "/volumes", map[string]any{"volume": map[string]any{"size": 4, "name": "storm", "snapshot_id": snap}})
		case snap != "":
			do(http.MethodDelete, "/snapshots/"+snap, nil)
		}
	}
}

// revert goes back to the newest snapshot of all, which is the newest of its volume.
func revert(c *harness.Client) {
	_, raw, err := c.Do(http.MethodGet, "/snapshots/detail?limit=1", nil)
	var out struct{ Snapshots []harness.Snapshot }
	if err != nil || json.Unmarshal(raw, &out) != nil || len(out.Snapshots) == 0 {
		return
	}
	s := out.Snapshots[0]
	_, _, _ = c.Do(http.MethodPost, "/volumes/"+s.VolumeID+"/action", map[string]any{"revert": map[string]string{"snapshot_id": s.ID}})
}

// backend is the host of the volume service.
func backend(t *testing.T, s *harness.Service) string {
	t.Helper()
	var out struct {
		Services []struct{ Host string } `json:"services"`
	}
	s.Client(t).Request(http.MethodGet, "/os-services?binary=cinder-volume", nil, http.StatusOK, &out)
	return out.Services[0].Host
}

func pick(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[rand.IntN(len(ids))]
}

// settled waits until nothing is in a state that ends in -ing.
func settled(t *testing.T, s *harness.Service) {
	t.Helper()
	c := s.Client(t)
	var moving []string
	for deadline := time.Now().Add(settleLimit); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		moving = moving[:0]
		for _, v := range c.ListVolumes() {
			if !slices.Contains([]string{"available", "in-use", "error"}, v.Status) {
				moving = append(moving, "volume "+v.ID+" "+v.Status)
			}
		}
		for _, v := range c.ListSnapshots() {
			if !slices.Contains([]string{"available", "error"}, v.Status) {
				moving = append(moving, "snapshot "+v.ID+" "+v.Status)
			}
		}
		if len(moving) == 0 {
			return
		}
	}
	t.Fatalf("stuck: %s", strings.Join(moving, ", "))
}

// poolFiles lists what lies in the backend's folder, half-made things included.
func poolFiles(t *testing.T, s *harness.Service) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.StateDir, "volumes"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && !strings.Contains(e.Name(), "volume-") && !strings.Contains(e.Name(), "snapshot-") {
			continue // the pool's own lock
		}
		if strings.HasSuffix(e.Name(), "-unmanaged") {
			continue // was let go: nobody's
		}
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

// poolIsWhatTheAPISays: a file for each volume and snapshot that is whole, and
// no file of anything else.
func poolIsWhatTheAPISays(t *testing.T, s *harness.Service) {
	t.Helper()
	c := s.Client(t)
	known := make(map[string]bool)
	files := poolFiles(t, s)
	for _, v := range c.ListVolumes() {
		known["volume-"+v.ID] = true
		if v.Status != "error" && !slices.Contains(files, "volume-"+v.ID) {
			t.Errorf("volume %s is %s and has no file", v.ID, v.Status)
		}
	}
	for _, v := range c.ListSnapshots() {
		known["snapshot-"+v.ID] = true
		if v.Status != "error" && !slices.Contains(files, "snapshot-"+v.ID) {
			t.Errorf("snapshot %s is %s and has no file", v.ID, v.Status)
		}
	}
	for _, f := range files {
		if !known[f] {
			t.Errorf("file %s belongs to nothing", f)
		}
	}
}

// quotaIsTheTruth compares usage with what is there.
func quotaIsTheTruth(t *testing.T, s *harness.Service) {
	t.Helper()
	c := s.Client(t)
	var out struct {
		Set map[string]any `json:"quota_set"`
	}
	c.Request(http.MethodGet, "/os-quota-sets/"+s.Project()+"?usage=true", nil, http.StatusOK, &out)
	volumes, snaps := c.ListVolumes(), c.ListSnapshots()
	gib := 0
	for _, v := range volumes {
		gib += v.Size
	}
	for _, v := range snaps {
		gib += v.Size
	}
	for resource, want := range map[string]int{"volumes": len(volumes), "snapshots": len(snaps), "gigabytes": gib} {
		q, ok := out.Set[resource].(map[string]any)
		if !ok {
			t.Fatalf("quota set has no %s: %v", resource, out.Set)
		}
		if got := fmt.Sprint(q["in_use"]); got != fmt.Sprint(want) {
			t.Errorf("%s in use: %s, but there are %d", resource, got, want)
		}
		if got := fmt.Sprint(q["reserved"]); got != "0" {
			t.Errorf("%s reserved: %s, but nothing runs", resource, got)
		}
	}
}

func deleteAll(t *testing.T, s *harness.Service) {
	t.Helper()
	c := s.Client(t)
	for _, v := range c.ListVolumes() {
		c.Request(http.MethodDelete, "/volumes/"+v.ID+"?cascade=true", nil, http.StatusAccepted, nil)
	}
	for deadline := time.Now().Add(settleLimit); len(c.ListVolumes()) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("volumes that are not deleted: %+v", c.ListVolumes())
		}
	}
}
