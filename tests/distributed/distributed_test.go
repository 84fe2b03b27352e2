package distributed

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

// TestTheRolesAsSeparateProcesses goes through one set-up in this order: the
// later parts take away what the earlier ones need.
func TestTheRolesAsSeparateProcesses(t *testing.T) {
	c := startCluster(t)
	unlimited(t, c)
	makeTypes(t, c)
	for _, part := range []struct {
		name string
		run  func(t *testing.T, c *cluster)
	}{
		{"volumes move between the nodes", volumesMove},
		{"types choose the backend", typesChoose},
		{"every operation on both backends", everyOperation},
		{"data over both targets", dataOverBothTargets},
		{"no valid host is an error with a message", noValidHost},
		{"a stopped scheduler loses nothing", schedulerStopped},
		{"kill -9 of each role", killEachRole},
		{"RabbitMQ away and back", brokerAway},
		{"one worker down", oneWorkerDown},
		{"usage is what exists", usageIsTheTruth},
		{"everything can be deleted", deleteEverything},
		{"the roles never met in a deadlock", noDeadlock},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.run(t, c) }) {
			return
		}
	}
}

func unlimited(t *testing.T, c *cluster) {
	t.Helper()
	c.client(t).Request(http.MethodPut, "/os-quota-sets/"+project, map[string]any{"quota_set": map[string]int{"volumes": -1, "gigabytes": -1, "snapshots": -1}},
		http.StatusOK, nil)
}

func makeTypes(t *testing.T, c *cluster) {
	t.Helper()
	for _, name := range []string{"fast", "slow", "nowhere"} {
		c.client(t).Request(http.MethodPost, "/types", map[string]any{"volume_type": map[string]any{"name": name,
			"extra_specs": map[string]string{"volume_backend_name": name}}}, http.StatusOK, nil)
	}
}

// begin starts making a volume of a type, "" for the default one.
func begin(t *testing.T, c *harness.Client, kind string) string {
	t.Helper()
	body := map[string]any{"size": 1, "name": "of type " + kind}
	if kind != "" {
		body["volume_type"] = kind
	}
	var out struct{ Volume volume }
	c.Request(http.MethodPost, "/volumes", map[string]any{"volume": body}, http.StatusAccepted, &out)
	return out.Volume.ID
}

func typesChoose(t *testing.T, c *cluster) {
	cl := c.client(t)
	want := make(map[string]string)
	for range 3 {
		want[begin(t, cl, "fast")] = "node1@fast"
		want[begin(t, cl, "slow")] = "node2@slow"
		want[begin(t, cl, "")] = ""
	}
	for id, host := range want {
		cl.WaitStatus(id, "available")
		got := hostOf(t, cl, id)
		if host != "" && got != host || got != "node1@fast" && got != "node2@slow" {
			t.Errorf("volume %s is on %s, want %s", id, got, host)
		}
		node, _, _ := strings.Cut(got, "@")
		if _, err := os.Stat(c.pool(node) + "/volume-" + id); err != nil {
			t.Errorf("volume %s has no file on its host: %v", id, err)
		}
	}
}

func everyOperation(t *testing.T, c *cluster) {
	cl := c.client(t)
	for _, kind := range []string{"fast", "slow"} {
		id := begin(t, cl, kind)
		cl.WaitStatus(id, "available")
		snapshot := cl.Snapshot(id, "s")
		restored := cl.CreateVolume(harness.VolumeSpec{SnapshotID: snapshot.ID, SizeGiB: 2})
		twin := cl.CreateVolume(harness.VolumeSpec{SourceID: id})
		if a, b, from := hostOf(t, cl, restored.ID), hostOf(t, cl, twin.ID), hostOf(t, cl, id); a != from || b != from {
			t.Errorf("a volume on %s has its copies on %s and %s", from, a, b)
		}
		cl.Extend(id, 3)
		cl.DeleteSnapshot(snapshot.ID)
		for _, gone := range []string{restored.ID, twin.ID, id} {
			cl.DeleteVolume(gone)
		}
	}
}

func dataOverBothTargets(t *testing.T, c *cluster) {
	cl := c.client(t)
	for kind, host := range map[string]string{"fast": "node1", "slow": "node2"} {
		id := begin(t, cl, kind)
		cl.WaitStatus(id, "available")
		disk := cl.Attach(id, harness.Initiator)
		if disk.Portal != c.portals[host] {
			t.Errorf("the portal is %s, want %s of %s", disk.Portal, c.portals[host], host)
		}
		disk.MustQemuIO(t, "write -P 171 0 4M", "write -P 7 1020M 4M", "flush")
		disk.MustQemuIO(t, "read -P 171 0 4M", "read -P 0 4M 4M", "read -P 7 1020M 4M")
		snapshot := cl.Snapshot(id, "of data")
		disk.MustQemuIO(t, "write -P 99 0 4M", "flush")
		copied := cl.Attach(cl.CreateVolume(harness.VolumeSpec{SnapshotID: snapshot.ID}).ID, harness.Initiator)
		copied.MustQemuIO(t, "read -P 171 0 4M", "read -P 7 1020M 4M")
		// The worker comes back with its exports.
		worker := map[string]string{"node1": "volume1", "node2": "volume2"}[host]
		c.kill(worker)
		c.start(worker)
		c.listens(t, disk.Portal)
		disk.MustQemuIO(t, "read -P 99 0 4M", "read -P 7 1020M 4M")
		cl.Detach(copied)
		cl.Detach(disk)
	}
	c.ready()
}

// listens waits until somebody accepts connections.
func (c *cluster) listens(t *testing.T, address string) {
	t.Helper()
	await(t, "an iSCSI target on "+address, func() bool { return accepts(address) })
}

func noValidHost(t *testing.T, c *cluster) {
	cl := c.client(t)
	id := begin(t, cl, "nowhere")
	cl.WaitStatus(id, "error")
	message(t, cl, id)
	cl.DeleteVolume(id)
}

// message insists on the user message of a volume that found no host.
func message(t *testing.T, cl *harness.Client, id string) {
	t.Helper()
	var out struct {
		Messages []struct {
			Event string `json:"event_id"`
			Text  string `json:"user_message"`
		}
	}
	cl.Request(http.MethodGet, "/messages?resource_uuid="+id, nil, http.StatusOK, &out)
	if len(out.Messages) != 1 || out.Messages[0].Event != "VOLUME_VOLUME_001_003" || out.Messages[0].Text == "" {
		t.Errorf("messages about %s: %+v", id, out.Messages)
	}
}

func schedulerStopped(t *testing.T, c *cluster) {
	cl := c.client(t)
	p := c.running["scheduler"]
	delete(c.running, "scheduler")
	if err := p.Terminate(stopLimit); err != nil {
		t.Fatalf("stop the scheduler: %v", err)
	}
	var ids []string
	for i := range 6 {
		ids = append(ids, begin(t, cl, []string{"fast", "slow", ""}[i%3]))
	}
	for _, id := range ids {
		if got := cl.Volume(id).Status; got != "creating" {
			t.Errorf("volume %s is %s without a scheduler", id, got)
		}
	}
	c.start("scheduler")
	for _, id := range ids {
		cl.WaitStatus(id, "available")
	}
	c.ready()
}

func oneWorkerDown(t *testing.T, c *cluster) {
	cl := c.client(t)
	c.kill("volume2")
	c.state("cinder-volume", "node2@slow", "down")
	lost, fine := begin(t, cl, "slow"), begin(t, cl, "fast")
	cl.WaitStatus(fine, "available")
	cl.WaitStatus(lost, "error")
	message(t, cl, lost)
	if host := hostOf(t, cl, func() string { id := begin(t, cl, ""); cl.WaitStatus(id, "available"); return id }()); host != "node1@fast" {
		t.Errorf("a volume of no type is on %s while node2 is down", host)
	}
	c.start("volume2")
	c.ready()
	cl.WaitStatus(begin(t, cl, "slow"), "available")
	cl.DeleteVolume(lost)
}

func usageIsTheTruth(t *testing.T, c *cluster) {
	cl := c.client(t)
	volumes, snapshots := list(t, cl), cl.ListSnapshots()
	want := map[string]int{"volumes": len(volumes), "snapshots": len(snapshots)}
	for _, v := range volumes {
		want["gigabytes"] += v.Size
	}
	for _, s := range snapshots {
		want["gigabytes"] += s.Size
	}
	usage(t, cl, want)
}

// usage insists on the quota's figures.
func usage(t *testing.T, cl *harness.Client, want map[string]int) {
	t.Helper()
	var out struct {
		Set map[string]any `json:"quota_set"`
	}
	cl.Request(http.MethodGet, "/os-quota-sets/"+project+"?usage=true", nil, http.StatusOK, &out)
	for kind, n := range want {
		if got := fmt.Sprint(out.Set[kind]); got != fmt.Sprint(map[string]any{"in_use": n, "limit": -1, "reserved": 0}) {
			t.Errorf("usage of %s is %s, want %d", kind, got, n)
		}
	}
}

func deleteEverything(t *testing.T, c *cluster) {
	cl := c.client(t)
	for _, v := range list(t, cl) {
		cl.Request(http.MethodDelete, "/volumes/"+v.ID+"?cascade=true", nil, http.StatusAccepted, nil)
	}
	await(t, "all volumes to be gone", func() bool {
		t.Helper()
		left := list(t, cl)
		for _, v := range left {
			if v.Status == "error_deleting" {
				t.Fatalf("volume %s is in status %s", v.ID, v.Status)
			}
		}
		return len(left) == 0
	})
	usage(t, cl, map[string]int{"volumes": 0, "snapshots": 0, "gigabytes": 0})
	for host := range backends {
		var left []string
		entries, err := os.ReadDir(c.pool(host))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), "volume-") || strings.HasPrefix(e.Name(), "snapshot-") {
				left = append(left, e.Name())
			}
		}
		if len(left) > 0 {
			t.Errorf("files left on %s: %v", host, left)
		}
	}
}

// noDeadlock looks into the logs: a transaction that PostgreSQL ended because of
// a deadlock is done again after a second or more, so nothing else shows it.
func noDeadlock(t *testing.T, c *cluster) {
	for _, r := range roles {
		raw, err := os.ReadFile(c.log(r.name))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(raw), "deadlock detected"); n > 0 {
			t.Errorf("%d deadlocks in %s", n, r.name)
		}
	}
}
