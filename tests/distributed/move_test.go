package distributed

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

// volumesMove migrates a volume between the nodes, with each worker killed on the way.
func volumesMove(t *testing.T, c *cluster) {
	cl := c.client(t)
	id := cl.CreateVolume(harness.VolumeSpec{SizeGiB: 1}).ID
	disk := cl.Attach(id, harness.Initiator)
	disk.MustQemuIO(t, "write -P 171 0 4M", "write -P 7 1020M 4M", "flush")
	cl.Detach(disk)
	cl.WaitStatus(id, "available")
	for _, victim := range []string{"", "volume1", "volume2"} {
		from := hostOf(t, cl, id)
		to := map[string]string{"node1@fast": "node2@slow", "node2@slow": "node1@fast"}[from]
		cl.Request(http.MethodPost, "/volumes/"+id+"/action", map[string]any{"os-migrate_volume": map[string]any{"host": to, "lock_volume": true}},
			http.StatusAccepted, nil)
		if victim != "" {
			await(t, "the move to begin", func() bool { return migration(t, cl, id) != "starting" })
			c.kill(victim)
			c.start(victim)
		}
		await(t, "the move to end", func() bool { return migration(t, cl, id) == "success" })
		if got := hostOf(t, cl, id); got != to {
			t.Fatalf("volume %s is on %s, want %s (killed: %q)", id, got, to, victim)
		}
		await(t, "one copy", func() bool { return copies(t, c, from) == 0 && copies(t, c, to) == 1 })
		cl.WaitStatus(id, "available")
		disk := cl.Attach(id, harness.Initiator)
		disk.MustQemuIO(t, "read -P 171 0 4M", "read -P 0 4M 4M", "read -P 7 1020M 4M")
		cl.Detach(disk)
		cl.WaitStatus(id, "available")
		c.ready()
	}
	cl.DeleteVolume(id)
}

func migration(t *testing.T, cl *harness.Client, id string) string {
	t.Helper()
	var out struct {
		Volume struct {
			Migration string `json:"migration_status"`
		}
	}
	cl.Request(http.MethodGet, "/volumes/"+id, nil, http.StatusOK, &out)
	return out.Volume.Migration
}

// copies counts the volumes in the pool of a backend.
func copies(t *testing.T, c *cluster, backend string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(c.pool(map[string]string{"node1@fast": "node1", "node2@slow": "node2"}[backend]), "*volume-*"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return len(found)
}
