package cli

import (
	"net/http"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

// snapshots is the life of a snapshot, and what is made from it.
func snapshots(o openstack, c *harness.Client, _ *harness.Service) {
	t := o.t
	source := c.CreateVolume(harness.VolumeSpec{Name: "source", SizeGiB: 1})
	v := o.show("volume", "snapshot", "create", "--volume", "source", "--description", "kept", "--property", "k=v", "keep")
	columns(t, "snapshot create", v, "created_at,description,id,name,properties,size,status,updated_at,volume_id,user_id,group_snapshot_id,consumes_quota")
	fields(t, "snapshot create", v, map[string]any{"name": "keep", "size": 1, "volume_id": source.ID, "status": "creating", "description": "kept",
		"properties": map[string]string{"k": "v"}})
	id := v["id"].(string)
	c.WaitSnapshot(id, "available")

	o.ok("volume", "snapshot", "list").header("ID,Name,Description,Status,Size")
	row := item(t, o.list("volume", "snapshot", "list", "--long"), "ID", id)
	fields(t, "snapshot list", row, map[string]any{"Name": "keep", "Description": "kept", "Status": "available", "Size": 1, "Volume": source.ID,
		"Properties": map[string]string{"k": "v"}})
	o.ok("volume", "snapshot", "set", "--name", "kept", "--description", "other", "--property", "l=w", "keep")
	v = o.show("volume", "snapshot", "show", "kept")
	columns(t, "snapshot show", v, "created_at,description,id,name,properties,size,status,updated_at,volume_id,user_id,group_snapshot_id,consumes_quota,"+
		"os-extended-snapshot-attributes:progress,os-extended-snapshot-attributes:project_id")
	fields(t, "snapshot show", v, map[string]any{"id": id, "name": "kept", "description": "other", "status": "available",
		"os-extended-snapshot-attributes:progress": "100%", "properties": map[string]string{"k": "v", "l": "w"}})

	restored := o.show("volume", "create", "--snapshot", "kept", "--size", "2", "restored")
	fields(t, "volume create --snapshot", restored, map[string]any{"snapshot_id": id, "size": 2, "name": "restored"})
	twin := o.show("volume", "create", "--source", "source", "twin")
	fields(t, "volume create --source", twin, map[string]any{"source_volid": source.ID, "size": 1, "name": "twin"})
	c.WaitStatus(restored["id"].(string), "available")
	c.WaitStatus(twin["id"].(string), "available")

	o.fails("have snapshots", "volume", "delete", "source")
	o.ok("volume", "snapshot", "delete", "kept")
	gone(t, c, "/snapshots/"+id)
	o.ok("volume", "delete", "--purge", "source", "twin", "restored")
	gone(t, c, "/volumes/"+source.ID)
}

// gone waits until GET answers 404; the API has nothing to wait on.
func gone(t testing.TB, c *harness.Client, below string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		resp, raw, err := c.Do(http.MethodGet, below, nil)
		if err != nil {
			t.Fatalf("GET %s: %v", below, err)
		}
		if resp.StatusCode == http.StatusNotFound {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there: %s", below, raw)
		}
		time.Sleep(pause)
	}
}
