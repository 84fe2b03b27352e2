package api

import (
	"fmt"
	"slices"
	"testing"
)

func TestGroupSnapshots(t *testing.T) {
	t.Parallel()
	for _, specs := range []string{"", `"consistent_group_snapshot_enabled": "<is> True"`} {
		t.Run(specs, func(t *testing.T) { groupSnapshots(t, newCaller(t), specs) })
	}
}

func groupSnapshots(t *testing.T, c caller, specs string) {
	t.Parallel()
	vt, gt := c.volumeType(), c.groupType(specs)
	g := c.group(gt, vt)
	members := []string{c.member(g, vt), c.member(g, vt)}
	c.attach(members[0])
	a := c.at("3.14").want(202, "POST", "/group_snapshots", fmt.Sprintf(`{"group_snapshot": {"group_id": %q, "name": "gs", "description": "d"}}`, g))
	keys(t, a.what, a.object("group_snapshot"), "id name group_type_id")
	gs := a.text("group_snapshot", "id")
	c.status("group_snapshot", gs, "available")
	const first = "id group_id group_type_id status created_at name description"
	for mv, want := range map[string]string{"3.14": first, "3.57": first, "3.58": first + " project_id"} {
		keys(t, "show at "+mv, c.at(mv).want(200, "GET", "/group_snapshots/"+gs, nil).object("group_snapshot"), want)
		keys(t, "detail at "+mv, c.at(mv).want(200, "GET", "/group_snapshots/detail", nil).object("group_snapshots", 0), want)
	}
	keys(t, "list", c.want(200, "GET", "/group_snapshots", nil).object("group_snapshots", 0), "id name")
	snaps := c.want(200, "GET", "/snapshots/detail", nil)
	var of []string
	for _, s := range snaps.list("snapshots") {
		s := s.(map[string]any)
		of = append(of, s["volume_id"].(string))
		if s["group_snapshot_id"] != gs || s["status"] != "available" || s["name"] != "gs" || s["os-extended-snapshot-attributes:progress"] != "100%" {
			t.Errorf("member: %v", s)
		}
	}
	slices.Sort(of)
	if slices.Sort(members); !slices.Equal(of, members) {
		t.Errorf("snapshots of %v, want %v", of, members)
	}
	member := snaps.text("snapshots", 0, "id")
	gone := "GroupSnapshot " + unknownID + " could not be found."
	one := "/group_snapshots/" + gs
	check(t, c, []row{
		{name: "too old", mv: "3.13", method: "GET", path: one, status: 404, fault: genericNotFound},
		{name: "unknown", method: "GET", path: "/group_snapshots/" + unknownID, status: 404, fault: gone},
		{name: "of an unknown group", method: "POST", path: "/group_snapshots", body: `{"group_snapshot": {"group_id": "` + unknownID + `"}}`, status: 404,
			fault: "Group " + unknownID + " could not be found."},
		{name: "of no group", method: "POST", path: "/group_snapshots", body: `{"group_snapshot": {"name": "x"}}`, status: 400},
		{name: "no body", method: "POST", path: "/group_snapshots", status: 400},
		{name: "delete a member", method: "DELETE", path: "/snapshots/" + member, status: 400,
			fault: "Invalid snapshot: Snapshot status must be available or error and must not be part of a group."},
		{name: "force delete a member", method: "POST", path: "/snapshots/" + member + "/action", body: `{"os-force_delete": null}`, status: 400,
			fault: "Invalid snapshot: Snapshot must not be part of a group."},
		{name: "delete the group", method: "POST", path: "/groups/" + g + "/action", body: `{"delete": {"delete-volumes": true}}`, status: 400, fault: "Invalid Group: Group has existing snapshots."},
		{name: "bad filter", method: "GET", path: "/group_snapshots?sort=bogus", status: 400},
		{name: "no paging yet", mv: "3.28", method: "GET", path: "/group_snapshots?sort=bogus&limit=0&marker=" + unknownID, status: 200},
		{name: "reset too old", mv: "3.18", method: "POST", path: one + "/action", body: `{"reset_status": {"status": "error"}}`, status: 404, fault: genericNotFound},
		{name: "reset to nonsense", method: "POST", path: one + "/action", body: `{"reset_status": {"status": "in-use"}}`, status: 400,
			fault: "Invalid GroupSnapshot Status: Group snapshot status: in-use is invalid, valid statuses are: ('error', 'available', 'creating', 'deleting', 'deleted', 'updating', 'error_deleting')."},
		{name: "reset", mv: "3.19", method: "POST", path: one + "/action", body: `{"reset_status": {"status": "Updating"}}`, status: 202},
		{name: "delete then", method: "DELETE", path: one, status: 400,
			fault: "Invalid GroupSnapshot: GroupSnapshot status must be available or error, and no Group can be currently using it as source for its creation."},
		{name: "reset back", method: "POST", path: one + "/action", body: `{"reset_status": {"status": "available"}}`, status: 202},
		{name: "delete unknown", method: "DELETE", path: "/group_snapshots/" + unknownID, status: 404, fault: gone},
	})
	for query, want := range map[string]string{"": "gs", "name=gs": "gs", "name=x": "", "group_id=" + g: "gs", "status=error": "", "limit=0": "", "name~=s": "gs"} {
		if got := names(c.want(200, "GET", "/group_snapshots?"+query, nil), "group_snapshots"); got != want {
			t.Errorf("%s lists %q, want %q", query, got, want)
		}
	}
	c.quota(`"snapshots": 3`)
	c.want(413, "POST", "/group_snapshots", fmt.Sprintf(`{"group_snapshot": {"group_id": %q}}`, g)).isFault("SnapshotLimitExceeded: Maximum number of snapshots allowed (3) exceeded")
	copies(t, c, gs, g, 2)
	c.want(202, "DELETE", one, nil)
	c.gone(one)
	if got := c.want(200, "GET", "/snapshots", nil).list("snapshots"); len(got) != 0 || c.usage("snapshots") != 0 {
		t.Errorf("left after the delete: %v", got)
	}
}

// copies makes groups from a group snapshot and from a group.
func copies(t *testing.T, c caller, groupSnapshot, group string, volumes int) {
	t.Helper()
	before := c.usage("volumes")
	for key, source := range map[string]string{"group_snapshot_id": groupSnapshot, "source_group_id": group} {
		a := c.at("3.14").want(202, "POST", "/groups/action", fmt.Sprintf(`{"create-from-src": {"name": "copy", %q: %q}}`, key, source))
		keys(t, a.what, a.object("group"), "id name")
		id := a.text("group", "id")
		c.status("group", id, "available")
		shown := c.want(200, "GET", "/groups/"+id+"?list_volume=true", nil)
		if shown.text("group", key) != source || len(shown.list("group", "volumes")) != volumes || shown.get("group", "name") != "copy" {
			t.Errorf("copy of %s: %s", key, shown.raw)
		}
		for _, v := range shown.list("group", "volumes") {
			vol := c.want(200, "GET", "/volumes/"+v.(string), nil)
			if vol.text("volume", "status") != "available" || (vol.get("volume", "snapshot_id") == nil) == (vol.get("volume", "source_volid") == nil) {
				t.Errorf("copied volume: %s", vol.raw)
			}
		}
		if got := c.usage("volumes"); got != before+float64(volumes) {
			t.Errorf("%v volumes are used, want %v", got, before+float64(volumes))
		}
		c.want(202, "POST", "/groups/"+id+"/action", `{"delete": {"delete-volumes": true}}`)
		c.gone("/groups/" + id)
	}
	if got := c.usage("volumes"); got != before {
		t.Errorf("%v volumes are used, want %v", got, before)
	}
}

func TestGroupCopyRefusals(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	vt, gt := c.volumeType(), c.groupType("")
	g := c.group(gt, vt)
	post := func(name, members string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/groups/action", body: `{"create-from-src": {` + members + `}}`, status: status, fault: fault}
	}
	from := `"source_group_id": "` + g + `"`
	rows := []row{
		{name: "too old", mv: "3.13", method: "POST", path: "/groups/action", body: `{"create-from-src": {` + from + `}}`, status: 404, fault: genericNotFound},
		post("no source", "", 400, ""),
		post("two sources", from+`, "group_snapshot_id": "`+unknownID+`"`, 400, ""),
		post("unknown group", `"source_group_id": "`+unknownID+`"`, 404, "Group "+unknownID+" could not be found."),
		post("unknown snapshot", `"group_snapshot_id": "`+unknownID+`"`, 404, "GroupSnapshot "+unknownID+" could not be found."),
		post("empty group", from, 400, "Invalid Group: Source Group is empty. No group will be created."),
	}
	check(t, c, rows)
	v := c.member(g, vt)
	c.want(202, "POST", "/volumes/"+v+"/action", `{"os-reset_status": {"status": "error"}}`)
	check(t, c, []row{
		post("volume in error", from, 400, "Invalid volume: Originating source volume status must be one of 'available, in-use' values"),
		{name: "snapshot of a volume in error", method: "POST", path: "/group_snapshots", body: `{"group_snapshot": {"group_id": "` + g + `"}}`, status: 400,
			fault: "Invalid volume: The snapshot cannot be created when the volume is in error status."},
	})
	c.want(202, "POST", "/volumes/"+v+"/action", `{"os-reset_status": {"status": "available"}}`)
	c.quota(`"groups": 1`)
	c.want(413, "POST", "/groups/action", `{"create-from-src": {`+from+`}}`).isFault("GroupLimitExceeded: Maximum number of groups allowed (1) exceeded")
	c.quota(`"groups": -1, "volumes": 1`)
	c.want(413, "POST", "/groups/action", `{"create-from-src": {`+from+`}}`).isFault("VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'.")
	if c.usage("groups") != 1 || c.usage("volumes") != 1 || len(c.want(200, "GET", "/groups", nil).list("groups")) != 1 {
		t.Error("refused copies left something")
	}
}
