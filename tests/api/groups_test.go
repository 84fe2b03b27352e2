package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// volumeType makes one of this test's own and returns its id.
func (c caller) volumeType() string {
	c.t.Helper()
	name := "grouped-" + newCaller(c.t).project[:12]
	return c.want(200, "POST", "/types", fmt.Sprintf(`{"volume_type": {"name": %q}}`, name)).text("volume_type", "id")
}

// group makes one and returns its id when it is available.
func (c caller) group(groupType string, volumeTypes ...string) string {
	c.t.Helper()
	types, _ := json.Marshal(volumeTypes)
	id := c.want(202, "POST", "/groups", fmt.Sprintf(`{"group": {"name": "g", "group_type": %q, "volume_types": %s}}`, groupType, types)).text("group", "id")
	c.status("group", id, "available")
	return id
}

// member makes a volume in a group.
func (c caller) member(group, volumeType string) string {
	c.t.Helper()
	return c.volume(map[string]any{"group_id": group, "volume_type": volumeType})
}

// usage is how much of a resource the project uses.
func (c caller) usage(resource string) float64 {
	c.t.Helper()
	a := c.want(200, "GET", "/os-quota-sets/"+c.project+"?usage=true", nil)
	if a.get("quota_set", resource, "reserved") != 0.0 {
		c.t.Errorf("%s reserved: %s", resource, a.raw)
	}
	return a.get("quota_set", resource, "in_use").(float64)
}

func ids(a answer, key string) []string {
	var out []string
	for _, o := range a.list(key) {
		out = append(out, o.(map[string]any)["id"].(string))
	}
	return out
}

func TestGroupLife(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	vt, gt := c.volumeType(), c.groupType("")
	a := c.at("3.13").want(202, "POST", "/groups", fmt.Sprintf(`{"group": {"name": " g ", "description": "d", "group_type": %q, "volume_types": [%q], "availability_zone": "nova"}}`, gt, vt))
	keys(t, a.what, a.object("group"), "id name")
	g := a.text("group", "id")
	c.status("group", g, "available")
	const first = "id status availability_zone created_at name description group_type volume_types"
	later := first
	for _, step := range []struct{ mv, adds string }{{"3.13", ""}, {"3.14", " group_snapshot_id source_group_id"}, {"3.37", ""}, {"3.38", " replication_status"},
		{"3.57", ""}, {"3.58", " project_id"}, {newest, ""}} {
		later += step.adds
		keys(t, "show at "+step.mv, c.at(step.mv).want(200, "GET", "/groups/"+g, nil).object("group"), later)
		keys(t, "detail at "+step.mv, c.at(step.mv).want(200, "GET", "/groups/detail", nil).object("groups", 0), later)
	}
	keys(t, "list", c.want(200, "GET", "/groups", nil).object("groups", 0), "id name")
	v := c.member(g, vt)
	shown := c.want(200, "GET", "/groups/"+g+"?list_volume=true", nil)
	keys(t, shown.what, shown.object("group"), later+" volumes")
	for key, want := range map[string]any{"name": "g", "description": "d", "group_type": gt, "status": "available", "replication_status": "disabled",
		"project_id": c.project, "group_snapshot_id": nil, "source_group_id": nil, "availability_zone": "nova"} {
		if got := shown.get("group", key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if shown.get("group", "volumes", 0) != v || shown.get("group", "volume_types", 0) != vt {
		t.Errorf("members: %s", shown.raw)
	}
	keys(t, "list_volume at 3.24", c.at("3.24").want(200, "GET", "/groups/"+g+"?list_volume=true", nil).object("group"), first+" group_snapshot_id source_group_id")
	keys(t, "detail list_volume", c.want(200, "GET", "/groups/detail?list_volume=True", nil).object("groups", 0), later+" volumes")
	vol := c.want(200, "GET", "/volumes/"+v, nil)
	if vol.text("volume", "group_id") != g || vol.get("volume", "consistencygroup_id") != nil {
		t.Errorf("volume: %s", vol.raw)
	}
	if got := ids(c.want(200, "GET", "/volumes?group_id="+g, nil), "volumes"); !slices.Equal(got, []string{v}) {
		t.Errorf("volumes of the group: %v", got)
	}
	if c.usage("groups") != 1 || c.usage("volumes") != 1 {
		t.Error("usage of one group with one volume")
	}
	action := func(name string, body string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/groups/" + g + "/action", body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		{name: "delete the volume", method: "DELETE", path: "/volumes/" + v, status: 400, fault: notDeletable},
		action("delete with volumes in it", `{"delete": {}}`, 400, "Invalid Group: Group "+g+" still contains volumes. The delete-volumes flag is required to delete it."),
		action("delete nonsense", `{"delete": {"delete-volumes": "perhaps"}}`, 400, ""),
		action("two actions", `{"delete": {}, "reset_status": {}}`, 400, "Malformed request body"),
		action("unknown action", `{"explode": {}}`, 400, "There is no such action: explode. *"),
		{name: "delete unknown", method: "POST", path: "/groups/" + unknownID + "/action", body: `{"delete": {}}`, status: 404, fault: "Group " + unknownID + " could not be found."},
		{name: "too old", mv: "3.12", method: "POST", path: "/groups/" + g + "/action", body: `{"delete": {}}`, status: 404, fault: genericNotFound},
		{name: "DELETE without body", method: "DELETE", path: "/groups/" + g, status: 400},
		{name: "the type is in use", method: "DELETE", path: "/group_types/" + gt, status: 400,
			fault: "Target group type is still in use. Group Type " + gt + " deletion is not allowed with groups present with the type."},
		{name: "the volume type is in use", method: "DELETE", path: "/types/" + vt, status: 400, fault: "Target volume type is still in use."},
	})
	at := c.attach(v)
	check(t, c, []row{action("delete attached", `{"delete": {"delete-volumes": true}}`, 400, "Invalid Group: Volume in group "+g+" is attached. Need to detach first.")})
	c.at("3.54").want(200, "DELETE", "/attachments/"+at, nil)
	s := c.snapshot(v)
	check(t, c, []row{action("delete with snapshots", `{"delete": {"delete-volumes": true}}`, 400, "Invalid Group: Volume in group still has dependent snapshots.")})
	c.want(202, "DELETE", "/snapshots/"+s, nil)
	c.gone("/snapshots/" + s)
	c.want(202, "POST", "/groups/"+g+"/action", `{"delete": {"delete-volumes": true}}`)
	c.gone("/groups/" + g)
	c.gone("/volumes/" + v)
	if c.usage("groups") != 0 || c.usage("volumes") != 0 || c.usage("gigabytes") != 0 {
		t.Error("usage after the delete")
	}
	c.want(202, "DELETE", "/group_types/"+gt, nil)
}

func TestGroupCreateRefusals(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	vt, gt := c.volumeType(), c.groupType("")
	post := func(name, members string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/groups", body: `{"group": {` + members + `}}`, status: status, fault: fault}
	}
	cg := c.want(200, "GET", "/group_types?sort=created_at:asc", nil).text("group_types", 0, "id")
	types := fmt.Sprintf(`"volume_types": [%q]`, vt)
	kind := fmt.Sprintf(`"group_type": %q`, gt)
	check(t, c, []row{
		{name: "too old", mv: "3.12", method: "POST", path: "/groups", body: `{"group": {` + kind + `, ` + types + `}}`, status: 404, fault: genericNotFound},
		post("no type", types, 400, ""),
		post("no volume types", kind, 400, ""),
		post("empty volume types", kind+`, "volume_types": []`, 400, ""),
		post("same twice", kind+fmt.Sprintf(`, "volume_types": [%q, %q]`, vt, vt), 400, ""),
		post("unknown key", kind+`, `+types+`, "size": 1`, 400, ""),
		post("description", kind+`, `+types+`, "description": "a\nb"`, 400, ""),
		post("unknown type", types+`, "group_type": "`+unknownID+`"`, 404, "Group type "+unknownID+" could not be found."),
		post("unknown type by name", types+`, "group_type": "nobody"`, 404, "Group type with name nobody could not be found."),
		post("unknown volume type", kind+`, "volume_types": ["`+unknownID+`"]`, 404, "Volume type "+unknownID+" could not be found."),
		post("unknown volume type by name", kind+`, "volume_types": ["nobody"]`, 404, "Volume type with name nobody could not be found."),
		post("zone", kind+`, `+types+`, "availability_zone": "mars"`, 400, "Invalid input received: Availability zone 'mars' is invalid."),
		post("the older type", types+`, "group_type": "default_cgsnapshot_type"`, 400,
			"Group_type "+cg+" is reserved for migrating CGs to groups. Migrated group can only be operated by CG APIs."),
		{name: "no group", method: "POST", path: "/groups", body: `{}`, status: 400, fault: "'group' is a required property"},
		{name: "no body", method: "POST", path: "/groups", status: 400},
	})
	c.quota(`"groups": 0`)
	c.want(413, "POST", "/groups", `{"group": {`+kind+`, `+types+`}}`).isFault("GroupLimitExceeded: Maximum number of groups allowed (0) exceeded")
	c.quota(`"groups": -1`)
	// A group without a host goes in any state, and its volumes go into error.
	far := c.want(200, "POST", "/types", fmt.Sprintf(`{"volume_type": {"name": "far-%s", "extra_specs": {"volume_backend_name": "nowhere"}}}`, c.project[:8])).text("volume_type", "id")
	id := c.want(202, "POST", "/groups", `{"group": {`+kind+fmt.Sprintf(`, "volume_types": [%q]}}`, far)).text("group", "id")
	c.await("an error", func() bool { return c.want(200, "GET", "/groups/"+id, nil).text("group", "status") == "error" })
	check(t, c, []row{
		{name: "volume in a group in error", method: "POST", path: "/volumes", body: create(map[string]any{"size": 1, "group_id": id, "volume_type": far}), status: 400,
			fault: "Invalid Group: Originating group status must be one of 'available, creating' values"},
		{name: "snapshot of an empty group", method: "POST", path: "/group_snapshots", body: `{"group_snapshot": {"group_id": "` + id + `"}}`, status: 400,
			fault: "Invalid Group: Source group cannot be empty or in 'creating' or 'updating' state. No group snapshot will be created."},
		{name: "copy", method: "POST", path: "/groups/action", body: `{"create-from-src": {"source_group_id": "` + id + `"}}`, status: 400, fault: "Invalid Group: No valid host to create group *"},
		{name: "delete", method: "POST", path: "/groups/" + id + "/action", body: `{"delete": {}}`, status: 202},
		{name: "gone", method: "GET", path: "/groups/" + id, status: 404, fault: "Group " + id + " could not be found."},
	})
	if c.usage("groups") != 0 {
		t.Error("groups are used up")
	}
}

func TestVolumeCreateInAGroup(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	vt, gt := c.volumeType(), c.groupType("")
	g := c.group(gt, vt)
	post := func(name string, members map[string]any, status int, fault string) row {
		members["size"] = 1
		return row{name: name, method: "POST", path: "/volumes", body: create(members), status: status, fault: fault}
	}
	check(t, c, []row{
		post("unknown group", map[string]any{"group_id": unknownID, "volume_type": vt}, 404, "Group "+unknownID+" could not be found."),
		post("no type", map[string]any{"group_id": g}, 400, "Invalid input received: volume_type must be provided when creating a volume in a group."),
		post("another type", map[string]any{"group_id": g, "volume_type": "__DEFAULT__"}, 400, "Invalid input received: Invalid volume_type provided: *"),
	})
	// Not yet scheduled groups take volumes too, which then wait for them.
	n := c.want(202, "POST", "/groups", fmt.Sprintf(`{"group": {"group_type": %q, "volume_types": [%q]}}`, gt, vt)).text("group", "id")
	v := c.want(202, "POST", "/volumes", create(map[string]any{"size": 1, "group_id": n, "volume_type": vt})).text("volume", "id")
	c.status("volume", v, "available")
	c.want(202, "POST", "/groups/"+n+"/action", `{"delete": {"delete-volumes": true}}`)
	c.gone("/volumes/" + v)
}

func TestGroupUpdate(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	vt, gt := c.volumeType(), c.groupType("")
	g, other := c.group(gt, vt), c.group(gt, vt)
	free, wrong, taken := c.volume(map[string]any{"volume_type": vt}), c.volume(), c.member(other, vt)
	foreign := newCaller(t)
	alien := foreign.volume(map[string]any{"volume_type": vt})
	broken := c.volume(map[string]any{"volume_type": vt})
	c.want(202, "POST", "/volumes/"+broken+"/action", `{"os-reset_status": {"status": "error"}}`)
	put := func(name, members string, status int, fault string) row {
		return row{name: name, method: "PUT", path: "/groups/" + g, body: `{"group": {` + members + `}}`, status: status, fault: fault}
	}
	add := func(id string) string { return `"add_volumes": "` + id + `"` }
	cannot := "Invalid volume: Cannot add volume %s to group " + g + " "
	check(t, c, []row{
		{name: "too old", mv: "3.12", method: "PUT", path: "/groups/" + g, body: `{"group": {"name": "x"}}`, status: 404, fault: genericNotFound},
		put("nothing", "", 400, ""),
		put("unknown key", `"size": 1`, 400, ""),
		put("same name", `"name": "g"`, 400, "Invalid Group: Cannot update group "+g+" because no valid name, description, add_volumes, or remove_volumes were provided."),
		put("both", add(free)+`, "remove_volumes": "`+free+`"`, 400, "Invalid volume: UUIDs ['"+free+"'] are in both add and remove volume list."),
		put("unknown volume", add(unknownID), 400, fmt.Sprintf(cannot, unknownID)+"because volume cannot be found."),
		put("no uuid", add("abc"), 400, fmt.Sprintf(cannot, "abc")+"because volume cannot be found."),
		put("wrong type", add(wrong), 400, fmt.Sprintf(cannot, wrong)+"because volume type *"),
		put("in another group", add(taken), 400, fmt.Sprintf(cannot, taken)+"because it is already in group "+other+"."),
		put("another project's", add(alien), 400, fmt.Sprintf(cannot, alien)+"as they belong to different projects."),
		put("in error", add(broken), 400, fmt.Sprintf(cannot, broken)+"because volume is in an invalid state: error. Valid states are: ('available', 'in-use')."),
		put("not in it", `"remove_volumes": "`+free+`"`, 400, "Invalid volume: Cannot remove volume "+free+" from group "+g+" because it is not in the group."),
		put("rename", `"name": "h", "description": "e"`, 202, ""),
		put("add", add(free), 202, ""),
		{name: "unknown", method: "PUT", path: "/groups/" + unknownID, body: `{"group": {"name": "x"}}`, status: 404, fault: "Group " + unknownID + " could not be found."},
	})
	c.status("group", g, "available")
	a := c.want(200, "GET", "/groups/"+g+"?list_volume=1", nil)
	if a.text("group", "name") != "h" || a.text("group", "description") != "e" || a.get("group", "volumes", 0) != free {
		t.Errorf("after the update: %s", a.raw)
	}
	check(t, c, []row{
		put("added already", add(free), 400, "Invalid Group: Cannot update group *"),
		{name: "reset", method: "POST", path: "/groups/" + g + "/action", body: `{"reset_status": {"status": "error"}}`, status: 202},
		put("remove from a group in error", `"remove_volumes": "`+free+`"`, 400, "Invalid Group: Group status must be available."),
		put("rename a group in error", `"name": "i"`, 202, ""),
		put("remove", `"remove_volumes": "`+free+`"`, 202, ""),
	})
	if got := c.want(200, "GET", "/volumes/"+free, nil).get("volume", "group_id"); got != nil {
		t.Errorf("the removed volume is in %v", got)
	}
	c.want(202, "DELETE", "/volumes/"+free, nil)
	c.gone("/volumes/" + free)
}

func TestGroupLists(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	vt, gt := c.volumeType(), c.groupType("")
	made := make([]string, 3)
	for i := range made {
		made[i] = c.want(202, "POST", "/groups", fmt.Sprintf(`{"group": {"name": "g%d", "group_type": %q, "volume_types": [%q]}}`, i, gt, vt)).text("group", "id")
		c.status("group", made[i], "available")
	}
	for query, want := range map[string]string{"": "g2 g1 g0", "sort=name:asc": "g0 g1 g2", "name=g1": "g1", "status=available": "g2 g1 g0", "limit=1": "g2",
		"offset=1&limit=1": "g1", "marker=" + made[1]: "g0", "limit=0": "", "name~=1": "g1", "group_snapshot_id=" + unknownID: "", "list_volume=true&name=g0": "g0", "bogus=1": ""} {
		if got := names(c.want(200, "GET", "/groups/detail?"+query, nil), "groups"); got != want {
			t.Errorf("%s lists %q, want %q", query, got, want)
		}
	}
	a := c.want(200, "GET", "/groups?limit=2", nil)
	if href := a.text("group_links", 0, "href"); href != base+"/"+c.project+"/groups?limit=2&marker="+made[1] {
		t.Errorf("next is %q", href)
	}
	other := newCaller(t)
	if got := ids(other.want(200, "GET", "/groups?all_tenants=0", nil), "groups"); !slices.Contains(got, made[0]) {
		t.Error("all_tenants, whatever its value, does not list other projects")
	}
	if got := other.want(200, "GET", "/groups", nil).list("groups"); len(got) != 0 {
		t.Errorf("another project sees %v", got)
	}
	check(t, c, []row{
		{name: "too old", mv: "3.12", method: "GET", path: "/groups", status: 404, fault: genericNotFound},
		{name: "sort", method: "GET", path: "/groups?sort=bogus", status: 400},
		{name: "marker", method: "GET", path: "/groups?marker=" + unknownID, status: 404},
		{name: "limit", method: "GET", path: "/groups?limit=-1", status: 400, fault: "limit param must be positive"},
		{name: "list_volume", method: "GET", path: "/groups/detail?list_volume=perhaps", status: 400},
	})
}

func TestGroupResetAndReplication(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	vt, plain, replicated := c.volumeType(), c.groupType(""), c.groupType(`"consistent_group_replication_enabled": "<is> True"`)
	g := c.group(plain, vt)
	r := c.want(202, "POST", "/groups", fmt.Sprintf(`{"group": {"group_type": %q, "volume_types": [%q]}}`, replicated, vt)).text("group", "id")
	act := func(name, mv, id, body string, status int, fault string) row {
		return row{name: name, mv: mv, method: "POST", path: "/groups/" + id + "/action", body: body, status: status, fault: fault}
	}
	rows := []row{
		act("reset too old", "3.19", g, `{"reset_status": {"status": "error"}}`, 404, genericNotFound),
		act("reset to nonsense", "", g, `{"reset_status": {"status": "bogus"}}`, 400,
			"Invalid Group Status: Group status: bogus is invalid, valid status are: ('error', 'available', 'creating', 'deleting', 'deleted', 'updating', 'in-use', 'error_deleting')."),
		act("reset to in-use", "", g, `{"reset_status": {"status": "in-use"}}`, 400, "Invalid Group Status: Group status: in-use is invalid, *"),
		act("reset to blank", "", g, `{"reset_status": {"status": " "}}`, 400, "Invalid Group Status: The 'status' can not be empty."),
		act("reset without status", "", g, `{"reset_status": {}}`, 400, ""),
		act("reset unknown", "", unknownID, `{"reset_status": {"status": "error"}}`, 404, "Group "+unknownID+" could not be found."),
		act("reset", "3.20", g, `{"reset_status": {"status": "ERROR_deleting"}}`, 202, ""),
		act("delete then", "", g, `{"delete": {}}`, 400, "Invalid Group: Group status must be available or error, but current status is: error_deleting"),
	}
	for _, key := range []string{"enable_replication", "disable_replication", "failover_replication", "list_replication_targets"} {
		body := fmt.Sprintf(`{%q: {}}`, key)
		rows = append(rows, act(key+" too old", "3.37", g, body, 404, genericNotFound),
			act(key, "3.38", g, body, 400, "Invalid group type: Group "+g+" is not a replication group type."),
			act(key+" of volume types without it", "", r, body, 400, "Invalid volume type: Volume type "+vt+" does not have 'replication_enabled' spec key set to '<is> True'."),
			act(key+" unknown", "", unknownID, body, 404, "Group "+unknownID+" could not be found."),
			act(key+" text", "", g, fmt.Sprintf(`{%q: "x"}`, key), 400, ""))
	}
	check(t, c, rows)
	if got := c.want(200, "GET", "/groups/"+g, nil).text("group", "status"); got != "error_deleting" {
		t.Errorf("status after the reset is %s", got)
	}
}

func TestReplicationOfATypeThatNoBackendHas(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	gt := c.groupType(`"group_replication_enabled": "<is> True"`)
	vt := c.want(200, "POST", "/types", fmt.Sprintf(`{"volume_type": {"name": "repl-%s", "extra_specs": {"replication_enabled": "<is> True"}}}`, c.project[:8])).text("volume_type", "id")
	g := c.want(202, "POST", "/groups", fmt.Sprintf(`{"group": {"group_type": %q, "volume_types": [%q]}}`, gt, vt)).text("group", "id")
	c.await("an error", func() bool { return c.want(200, "GET", "/groups/"+g, nil).text("group", "status") == "error" })
	act := func(name, body string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/groups/" + g + "/action", body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		act("enable", `{"enable_replication": {}}`, 400, "Invalid Group: Group "+g+" status must be ['available'], but current status is: error. Cannot enable replication."),
		act("disable", `{"disable_replication": {}}`, 400, "Invalid Group: Group "+g+" replication status must be ['enabled', 'error'], but current status is: disabled. Cannot disable replication."),
		act("reset", `{"reset_status": {"status": "available"}}`, 202, ""),
		act("failover", `{"failover_replication": {}}`, 400, "Invalid Group: Group "+g+" replication status must be ['enabled', 'failed-over'], but current status is: disabled. Cannot failover replication."),
		act("enable what no backend can", `{"enable_replication": {}}`, 202, ""),
		act("targets", `{"list_replication_targets": {}}`, 200, ""),
	})
	if got := c.want(200, "GET", "/groups/"+g, nil).text("group", "replication_status"); got != "error" {
		t.Errorf("replication status is %s", got)
	}
}
