package api

import (
	"bytes"
	"fmt"
	"os"
	"testing"
)

// writeVolume changes the start of a volume that nobody has attached.
func writeVolume(t testing.TB, id string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(inPool("volume-"+id), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFileBecomesASnapshotAndIsLetGo(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	volume := c.volume(map[string]any{"size": 2})
	file := "snap-" + c.project
	data := bytes.Repeat([]byte("a moment "), 1000)
	putFile(t, file, data)
	body := func(name string, members string) string {
		return fmt.Sprintf(`{"snapshot": {"volume_id": %q, "ref": {"source-name": %q}%s}}`, volume, name, members)
	}
	if e := c.entry("snapshots", file); e["safe_to_manage"] != true || e["source_reference"] != nil {
		t.Errorf("listed as %v", e)
	}
	a := c.at("3.8").want(202, "POST", "/manageable_snapshots", body(file, `, "name": "s", "description": "d", "metadata": {"k": "v"}`))
	keys(t, a.what, a.object("snapshot"), "id name description volume_id status size metadata created_at updated_at")
	id := a.text("snapshot", "id")
	c.status("snapshot", id, "available")
	s := c.want(200, "GET", "/snapshots/"+id, nil)
	if s.get("snapshot", "size") != 1.0 || s.text("snapshot", "os-extended-snapshot-attributes:progress") != "100%" || s.text("snapshot", "volume_id") != volume {
		t.Errorf("managed as %s", s.raw)
	}
	want := sumOf(data, gib)
	if sum(t, "snapshot-"+id) != want {
		t.Error("the snapshot does not hold what the file held")
	}
	if c.inUse("snapshots") != 1 || c.inUse("gigabytes") != 3 || c.inUse("gigabytes___DEFAULT__") != 3 {
		t.Errorf("the quota has %v snapshots and %v GiB", c.inUse("snapshots"), c.inUse("gigabytes"))
	}
	e := c.entry("snapshots", "snapshot-"+id)
	keys(t, "an entry", e, "reference size safe_to_manage reason_not_safe cinder_id extra_info source_reference")
	if source, _ := e["source_reference"].(map[string]any); e["reason_not_safe"] != "already managed" || e["cinder_id"] != id || source["source-name"] != "volume-"+volume {
		t.Errorf("a managed snapshot is listed as %v", e)
	}
	c.want(202, "POST", "/snapshots/"+id+"/action", `{"os-unmanage": null}`)
	c.gone("/snapshots/" + id)
	if c.inUse("snapshots") != 0 || c.inUse("gigabytes") != 2 {
		t.Error("the quota has the snapshot that was let go")
	}
	if c.entry("volumes", "snapshot-"+id+"-unmanaged") != nil || c.entry("snapshots", "snapshot-"+id+"-unmanaged")["safe_to_manage"] != true {
		t.Error("what was let go is not listed as a snapshot")
	}
	again := c.at("3.0").want(202, "POST", "/os-snapshot-manage", body("snapshot-"+id, "")).text("snapshot", "id")
	c.status("snapshot", again, "available")
	copied := c.volume(map[string]any{"size": 1, "snapshot_id": again})
	if sum(t, "volume-"+copied) != want {
		t.Error("a copy of the snapshot differs")
	}
	missing := c.want(202, "POST", "/os-snapshot-manage", body("nothing-"+c.project, "")).text("snapshot", "id")
	c.await("the end", func() bool {
		return c.want(200, "GET", "/snapshots/"+missing, nil).text("snapshot", "status") == "error"
	})
	if m := c.want(200, "GET", "/messages?resource_uuid="+missing, nil); m.text("messages", 0, "event_id") != "VOLUME_VOLUME_SNAPSHOT_009_013" {
		t.Errorf("told %s", m.raw)
	}
	null := c.want(202, "POST", "/os-snapshot-manage", fmt.Sprintf(`{"snapshot": {"volume_id": %q, "ref": null}}`, volume)).text("snapshot", "id")
	c.await("the end", func() bool { return c.want(200, "GET", "/snapshots/"+null, nil).text("snapshot", "status") == "error" })
	c.want(202, "DELETE", "/snapshots/"+null, nil)
	c.gone("/snapshots/" + null)
	// A plain text is a reference too; larger than the volume is what it is.
	putFile(t, file+"-large", []byte("x"))
	if err := os.Truncate(inPool(file+"-large"), 3*gib); err != nil {
		t.Fatal(err)
	}
	large := c.want(202, "POST", "/os-snapshot-manage", fmt.Sprintf(`{"snapshot": {"volume_id": %q, "ref": %q}}`, volume, file+"-large")).text("snapshot", "id")
	c.status("snapshot", large, "available")
	if got := c.inUse("gigabytes"); got != 2+1+1+2+3 { // volume, copy, snapshot, the one that failed, this one
		t.Errorf("the quota has %v GiB", got)
	}
	field := "Invalid input for field/attribute "
	check(t, c, []row{
		{name: "unknown volume", method: "POST", path: "/os-snapshot-manage", body: `{"snapshot": {"volume_id": "` + unknownID + `", "ref": "x"}}`, status: 404,
			fault: "Volume " + unknownID + " could not be found."},
		{name: "no ref", method: "POST", path: "/os-snapshot-manage", body: `{"snapshot": {"volume_id": "` + volume + `"}}`, status: 400, fault: field + "snapshot. Value: *"},
		{name: "no volume", method: "POST", path: "/os-snapshot-manage", body: `{"snapshot": {"ref": "x"}}`, status: 400, fault: field + "snapshot. Value: *"},
		{name: "ref a list", method: "POST", path: "/os-snapshot-manage", body: `{"snapshot": {"volume_id": "` + volume + `", "ref": []}}`, status: 400, fault: field + "ref. Value: [].*"},
		{name: "too old", mv: "3.7", method: "POST", path: "/manageable_snapshots", body: body("x", ""), status: 404, fault: genericNotFound},
		{name: "too old and bad", mv: "3.7", method: "POST", path: "/manageable_snapshots", body: `{}`, status: 400, fault: "'snapshot' is a required property"},
	})
	c.quota(`"snapshots": 3`)
	check(t, c, []row{{name: "quota", method: "POST", path: "/os-snapshot-manage", body: body("x", ""), status: 413, fault: "SnapshotLimitExceeded: *"}})
}

func TestUpdateSnapshotStatus(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.snapshot(c.volume())
	action := "/snapshots/" + id + "/action"
	reset := func(status string) {
		t.Helper()
		c.want(202, "POST", action, `{"os-reset_status": {"status": "`+status+`"}}`)
	}
	update := func(name, inner string, status int, fault string) row {
		return row{name: name, method: "POST", path: action, body: `{"os-update_snapshot_status": ` + inner + `}`, status: status, fault: fault}
	}
	not := func(to, is string) string {
		return "Provided snapshot status " + to + " not allowed for snapshot with status " + is + "."
	}
	const progress = "Invalid input received: progress must be an integer percentage"
	check(t, c, []row{
		update("available", `{"status": "available"}`, 400, "Snapshot status available not allowed for update_snapshot_status"),
		update("no status", `{}`, 400, "Invalid input for field/attribute os-update_snapshot_status. Value: {}. 'status' is a required property"),
		update("null", `null`, 400, ""),
		update("status a number", `{"status": 1}`, 400, ""),
		{name: "unknown", method: "POST", path: "/snapshots/" + unknownID + "/action", body: `{"os-update_snapshot_status": {"status": "error"}}`, status: 404,
			fault: "Snapshot " + unknownID + " could not be found."},
	})
	reset("creating")
	check(t, c, []row{
		update("creating to deleting", `{"status": "deleting"}`, 400, not("deleting", "creating")),
		update("progress odd", `{"status": "creating", "progress": "many"}`, 400, progress),
		update("progress 101", `{"status": "creating", "progress": "101%"}`, 400, progress+" between 0 and 100"),
		update("progress a number", `{"status": "creating", "progress": 50}`, 400, ""),
		update("creating to creating", `{"status": "creating", "progress": "80%"}`, 202, ""),
	})
	if s := c.want(200, "GET", "/snapshots/"+id, nil); s.text("snapshot", "os-extended-snapshot-attributes:progress") != "80%" || s.text("snapshot", "status") != "creating" {
		t.Errorf("shown as %s", s.raw)
	}
	check(t, c, []row{update("creating to error", `{"status": "error", "progress": ""}`, 202, "")})
	reset("creating")
	check(t, c, []row{update("creating to available", `{"status": "available", "progress": "100%"}`, 202, "")})
	reset("deleting")
	check(t, c, []row{
		update("deleting to available", `{"status": "available"}`, 400, not("available", "deleting")),
		update("deleting to deleting", `{"status": "deleting"}`, 202, ""),
		update("deleting to error_deleting", `{"status": "error_deleting"}`, 202, ""),
	})
	if got := c.want(200, "GET", "/snapshots/"+id, nil).text("snapshot", "status"); got != "error_deleting" {
		t.Errorf("the snapshot is %s", got)
	}
}

func TestRevertToTheNewestSnapshot(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id, empty, used := c.volume(), c.volume(), c.volume()
	writeVolume(t, id, []byte("first "))
	first := c.snapshot(id)
	second := bytes.Repeat([]byte("second "), 500000)
	writeVolume(t, id, second)
	newest := c.snapshot(id)
	writeVolume(t, id, bytes.Repeat([]byte("spoiled! "), 800000))
	c.attach(used)
	usedSnap := c.at("3.66").snapshot(used)
	revert := func(name, mv, volume, inner string, status int, fault string) row {
		return row{name: name, mv: mv, method: "POST", path: "/volumes/" + volume + "/action", body: `{"revert": ` + inner + `}`, status: status, fault: fault}
	}
	to := func(id string) string { return `{"snapshot_id": "` + id + `"}` }
	check(t, c, []row{
		revert("too old", "3.39", id, to(newest), 404, genericNotFound),
		revert("no snapshots", "3.40", empty, to(newest), 400, "Volume "+empty+" doesn't have any snapshots."),
		revert("an older snapshot", "3.40", id, to(first), 400, "Specified snapshot "+first+" is None or not the latest one of volume "+id+"."),
		revert("none", "3.40", id, `{}`, 400, "Specified snapshot None is None or not the latest one of volume "+id+"."),
		revert("null", "3.40", id, `{"snapshot_id": null}`, 400, "Specified snapshot None is None or not the latest one of volume "+id+"."),
		revert("no object", "3.40", id, `null`, 400, ""),
		revert("no text", "3.40", id, `{"snapshot_id": 1}`, 400, ""),
		revert("unknown volume", "3.40", unknownID, to(newest), 404, "Volume "+unknownID+" could not be found."),
		revert("in-use", "3.40", used, to(usedSnap), 409, "Invalid volume: Can't revert volume "+used+" to its latest snapshot "+usedSnap+". Volume's status must be 'available'."),
		{name: "snapshot in error", method: "POST", path: "/snapshots/" + newest + "/action", body: `{"os-reset_status": {"status": "error"}}`, status: 202},
		revert("a broken snapshot", "3.40", id, to(newest), 409, "Invalid snapshot: Can't revert volume "+id+" to its latest snapshot "+newest+". Snapshot's status must be 'available'."),
		{name: "snapshot well", method: "POST", path: "/snapshots/" + newest + "/action", body: `{"os-reset_status": {"status": "available"}}`, status: 202},
	})
	c.status("volume", id, "available") // a refusal changes nothing
	c.want(202, "POST", "/volumes/"+id+"/action", `{"revert": {"snapshot_id": "`+newest+`", "more": 1}}`)
	c.status("volume", id, "available")
	c.status("snapshot", newest, "available")
	want := sumOf(second, gib)
	if sum(t, "volume-"+id) != want || sum(t, "snapshot-"+newest) != want {
		t.Error("volume or snapshot do not hold what the snapshot held")
	}
	c.want(202, "POST", "/volumes/"+id+"/action", `{"os-extend": {"new_size": 2}}`)
	c.status("volume", id, "available")
	check(t, c, []row{revert("grown since", "3.40", id, to(newest), 400, "Can't revert volume "+id+" to its latest snapshot "+newest+". The volume size must be equal to the snapshot size.")})
	c.attach(id) // it can be used as before
}
