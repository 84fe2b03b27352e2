package api

import (
	"fmt"
	"strings"
	"testing"
)

const noForce = "Since microversion 3.66 the 'force' flag is invalid for this request.  For backward compatability, however, when " +
	"the 'force' flag is passed with a value evaluating to True, it is silently ignored."

func snapshotOf(volume string, members map[string]any) any {
	body := map[string]any{"volume_id": volume}
	for k, v := range members {
		body[k] = v
	}
	return map[string]any{"snapshot": body}
}

func TestSnapshotsOfVolumesInEachState(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	idle, used, reserved, broken := c.volume(), c.volume(), c.volume(), c.volume()
	c.attach(used)
	c.reserve(reserved)
	c.want(202, "POST", "/volumes/"+broken+"/action", `{"os-reset_status": {"status": "error"}}`)
	post := func(name, mv, volume string, members map[string]any, status int, fault string) row {
		return row{name: name + " " + mv, mv: mv, method: "POST", path: "/snapshots", body: snapshotOf(volume, members), status: status, fault: fault}
	}
	force := func(v any) map[string]any { return map[string]any{"force": v} }
	busy := func(id, want, is string) string {
		return fmt.Sprintf("Invalid volume: Volume %s status must be %s, but current status is: %s.", id, want, is)
	}
	check(t, c, []row{
		post("in-use", "3.65", used, nil, 400, busy(used, "available", "in-use")),
		post("in-use", "3.66", used, nil, 202, ""),
		post("in-use force", "3.65", used, force(true), 202, ""),
		post("in-use force text", "3.0", used, force("True"), 202, ""),
		post("in-use force false", "3.65", used, force(false), 400, busy(used, "available", "in-use")),
		post("in-use force", "3.66", used, force(true), 202, ""),
		post("force false", "3.66", idle, force(false), 400, noForce),
		post("force false", "3.65", idle, force(false), 202, ""),
		post("force odd", "3.65", idle, force("perhaps"), 400, "Invalid input for field/attribute force. Value: perhaps. *"),
		post("reserved", "3.66", reserved, nil, 400, busy(reserved, "available, in-use", "reserved")),
		post("reserved force", "3.65", reserved, force(true), 400, busy(reserved, "available, in-use", "reserved")),
		post("error", "3.66", broken, nil, 400, "Invalid volume: The snapshot cannot be created when the volume is in error status."),
	})
}

func TestSnapshotCreateRefusesWhatCinderRefuses(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	post := func(name string, body any, status int, fault string) row {
		return row{name: name, method: "POST", path: "/snapshots", body: body, status: status, fault: fault}
	}
	with := func(k string, v any) any { return snapshotOf(id, map[string]any{k: v}) }
	const field = "Invalid input for field/attribute "
	check(t, c, []row{
		post("no volume", `{"snapshot": {"name": "x"}}`, 400, field+"snapshot. Value: {'name': 'x'}. 'volume_id' is a required property"),
		post("bad volume", snapshotOf("abc", nil), 400, field+"volume_id. Value: abc. *"),
		post("unknown volume", snapshotOf(unknownID, nil), 404, "Volume "+unknownID+" could not be found."),
		post("unknown key", with("size", 1), 400, field+"snapshot. Value: *"),
		post("name 256", with("name", strings.Repeat("n", 256)), 400, field+"name. Value: *"),
		post("description newline", with("description", "a\nb"), 400, field+"description. Value: *"),
		post("description emoji", with("description", "😀"), 400, field+"description. Value: *"),
		post("description 256", with("description", strings.Repeat("d", 256)), 400, field+"description. Value: *"),
		post("metadata", with("metadata", map[string]any{"k": 1}), 400, field+"k. Value: 1. 1 is not of type 'string'"),
		post("no snapshot", `{}`, 400, "'snapshot' is a required property"),
		post("null", `{"snapshot": null}`, 400, field+"snapshot. Value: None. None is not of type 'object'"),
	})
}

func TestFieldsOfASnapshotByMicroversion(t *testing.T) {
	t.Parallel()
	const (
		first  = "id name description volume_id status size metadata created_at updated_at"
		detail = first + " os-extended-snapshot-attributes:project_id os-extended-snapshot-attributes:progress"
	)
	c := newCaller(t)
	volume := c.volume()
	a := c.at("3.0").want(202, "POST", "/snapshots", snapshotOf(volume, map[string]any{"name": "s", "description": "d", "metadata": map[string]string{"k": "v"}}))
	keys(t, "POST at 3.0", a.object("snapshot"), first)
	if a.text("snapshot", "status") != "creating" {
		t.Errorf("a new snapshot: %s", a.raw)
	}
	id := a.text("snapshot", "id")
	c.status("snapshot", id, "available")
	later := detail
	for _, step := range []struct{ mv, adds string }{{"3.0", ""}, {"3.13", ""}, {"3.14", " group_snapshot_id"}, {"3.40", ""}, {"3.41", " user_id"},
		{"3.64", ""}, {"3.65", " consumes_quota"}, {newest, ""}} {
		later += step.adds
		keys(t, "show at "+step.mv, c.at(step.mv).want(200, "GET", "/snapshots/"+id, nil).object("snapshot"), later)
		keys(t, "detail at "+step.mv, c.at(step.mv).want(200, "GET", "/snapshots/detail", nil).object("snapshots", 0), later)
	}
	keys(t, "list", c.at("3.0").want(200, "GET", "/snapshots", nil).object("snapshots", 0), first)
	v := c.want(200, "GET", "/snapshots/"+id, nil)
	if v.text("snapshot", "os-extended-snapshot-attributes:progress") != "100%" || v.text("snapshot", "volume_id") != volume ||
		v.get("snapshot", "size") != 1.0 || v.text("snapshot", "metadata", "k") != "v" {
		t.Errorf("shown as %s", v.raw)
	}
	check(t, c, []row{
		{name: "rename", method: "PUT", path: "/snapshots/" + id, body: `{"snapshot": {"name": "t"}}`, status: 200},
		{name: "nothing", method: "PUT", path: "/snapshots/" + id, body: `{"snapshot": {}}`, status: 400},
		{name: "size", method: "PUT", path: "/snapshots/" + id, body: `{"snapshot": {"size": 3}}`, status: 400},
	})
	if got := c.want(200, "GET", "/snapshots/"+id, nil).text("snapshot", "name"); got != "t" {
		t.Errorf("name is %q after the update", got)
	}
}

func TestSnapshotListsAndDelete(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	volume := c.volume()
	ids := make([]string, 3)
	for i := range ids {
		ids[i] = c.want(202, "POST", "/snapshots", snapshotOf(volume, map[string]any{"name": fmt.Sprintf("s%d", i)})).text("snapshot", "id")
		c.status("snapshot", ids[i], "available")
	}
	for query, want := range map[string]string{
		"": "s2 s1 s0", "sort=name:asc": "s0 s1 s2", "sort_key=id&sort_dir=asc&name=s1": "s1", "name=s1": "s1", "status=available": "s2 s1 s0",
		"volume_id=" + volume: "s2 s1 s0", "volume_id=" + unknownID: "", "limit=1": "s2", "offset=1&limit=1": "s1", "marker=" + ids[1]: "s0", "limit=0": "",
	} {
		if got := names(c.want(200, "GET", "/snapshots?"+query, nil), "snapshots"); got != want {
			t.Errorf("%s lists %q, want %q", query, got, want)
		}
	}
	a := c.want(200, "GET", "/snapshots/detail?limit=2", nil)
	if href := a.text("snapshots_links", 0, "href"); href != base+"/"+c.project+"/snapshots/detail?limit=2&marker="+ids[1] {
		t.Errorf("next is %q", href)
	}
	check(t, c, []row{
		{name: "marker", method: "GET", path: "/snapshots?marker=" + unknownID, status: 404, fault: "Snapshot " + unknownID + " could not be found."},
		{name: "sort", method: "GET", path: "/snapshots?sort=bogus", status: 400},
		{name: "limit", method: "GET", path: "/snapshots?limit=-5", status: 400, fault: "limit param must be positive"},
		{name: "volume has snapshots", method: "DELETE", path: "/volumes/" + volume, status: 400, fault: notDeletable},
		{name: "delete", method: "DELETE", path: "/snapshots/" + ids[0], status: 202},
		{name: "bad state", method: "POST", path: "/snapshots/" + ids[1] + "/action", body: `{"os-reset_status": {"status": "creating"}}`, status: 202},
		{name: "creating", method: "DELETE", path: "/snapshots/" + ids[1], status: 400,
			fault: "Invalid snapshot: Snapshot status must be available or error and must not be part of a group."},
		{name: "unknown state", method: "POST", path: "/snapshots/" + ids[1] + "/action", body: `{"os-reset_status": {"status": "bogus"}}`, status: 400,
			fault: "Snapshot status: bogus is invalid, valid statuses are: *"},
		{name: "force", method: "POST", path: "/snapshots/" + ids[1] + "/action", body: `{"os-force_delete": null}`, status: 202},
	})
	c.gone("/snapshots/" + ids[0])
	c.gone("/snapshots/" + ids[1])
}
