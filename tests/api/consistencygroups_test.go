package api

import (
	"fmt"
	"testing"
)

// cg makes a consistency group and returns its id when it is available.
func (c caller) cg(volumeType string) string {
	c.t.Helper()
	a := c.want(202, "POST", "/consistencygroups", fmt.Sprintf(`{"consistencygroup": {"name": "cg", "volume_types": "%s,"}}`, volumeType))
	keys(c.t, a.what, a.object("consistencygroup"), "id name")
	id := a.text("consistencygroup", "id")
	c.status("consistencygroup", id, "available")
	return id
}

func TestConsistencyGroups(t *testing.T) {
	t.Parallel()
	c := newCaller(t).at("3.0")
	vt := c.volumeType()
	g := c.cg(vt)
	one := "/consistencygroups/" + g
	const shown = "id status availability_zone created_at name description volume_types"
	keys(t, "show", c.want(200, "GET", one, nil).object("consistencygroup"), shown)
	keys(t, "detail", c.want(200, "GET", "/consistencygroups/detail", nil).object("consistencygroups", 0), shown)
	a := c.want(200, "GET", "/consistencygroups?limit=1", nil)
	keys(t, "list", a.object("consistencygroups", 0), "id name")
	if a.text("consistencygroup_links", 0, "rel") != "next" {
		t.Errorf("no next link: %s", a.raw)
	}
	unknown := "Group " + unknownID + " could not be found."
	post := func(name, body string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/consistencygroups", body: body, status: status, fault: fault}
	}
	put := func(name, mv, path, members string, status int, fault string) row {
		return row{name: name, mv: mv, method: "PUT", path: path, body: `{"consistencygroup": {` + members + `}}`, status: status, fault: fault}
	}
	const allEmpty = "Name, description, add_volumes, and remove_volumes can not be all empty in the request body."
	later := c.at(newest)
	gt := later.want(200, "GET", "/group_types?sort=created_at:asc", nil).text("group_types", 0, "id")
	free := c.volume(map[string]any{"volume_type": vt})
	check(t, c, []row{
		post("no types", `{"consistencygroup": {"name": "x"}}`, 400, "Invalid input for field/attribute consistencygroup. Value: {'name': 'x'}. 'volume_types' is a required property"),
		post("empty types", `{"consistencygroup": {"name": "x", "volume_types": ""}}`, 400, "volume_types must be provided to create consistency group x."),
		post("null types", `{"consistencygroup": {"volume_types": null}}`, 400, "volume_types must be provided to create consistency group None."),
		post("list of types", `{"consistencygroup": {"volume_types": ["a"]}}`, 400, ""),
		post("unknown type", `{"consistencygroup": {"volume_types": "nobody"}}`, 404, "Volume type with name nobody could not be found."),
		post("zone", fmt.Sprintf(`{"consistencygroup": {"volume_types": %q, "availability_zone": "mars"}}`, vt), 400, "Invalid input received: Availability zone 'mars' is invalid."),
		post("nothing", `{}`, 400, "'consistencygroup' is a required property"),
		{name: "no body", method: "POST", path: "/consistencygroups", status: 400},
		{name: "show unknown", method: "GET", path: "/consistencygroups/" + unknownID, status: 404, fault: unknown},
		{name: "any action", method: "POST", path: one + "/action", body: `{"delete": {}}`, status: 404, fault: genericNotFound},
		put("update unknown", "", "/consistencygroups/"+unknownID, `"name": "x"`, 404, unknown),
		put("empty name at 3.5", "3.5", one, `"name": ""`, 400, allEmpty),
		put("nothing at 3.6", "3.6", one, ``, 400, "Must specify one or more of the following keys to update: name, description, add_volumes, remove_volumes."),
		put("empty name at 3.6", "3.6", one, `"name": ""`, 202, ""),
		put("empty name on the oldest path", "3.6", one+"/update", `"name": ""`, 400, allEmpty),
		put("rename on the oldest path", "", one+"/update", `"name": "n"`, 202, ""),
		put("add", "", one, `"add_volumes": "`+free+`"`, 202, ""),
		// The newer calls leave these groups alone.
		{name: "newer show", mv: newest, method: "GET", path: "/groups/" + g, status: 400,
			fault: "Group_type " + gt + " is reserved for migrating CGs to groups. Migrated group can only be operated by CG APIs."},
		{name: "newer delete", mv: newest, method: "POST", path: "/groups/" + g + "/action", body: `{"delete": {}}`, status: 400},
		{name: "newer update", mv: newest, method: "PUT", path: "/groups/" + g, body: `{"group": {"name": "x"}}`, status: 400},
		{name: "newer copy", mv: newest, method: "POST", path: "/groups/action", body: `{"create-from-src": {"source_group_id": "` + g + `"}}`, status: 400},
		{name: "newer snapshot", mv: newest, method: "POST", path: "/group_snapshots", body: `{"group_snapshot": {"group_id": "` + g + `"}}`, status: 400,
			fault: "Group_type " + gt + " is reserved for migrating CGs to groups. Migrated group snapshots can only be operated by CG snapshot APIs."},
		{name: "delete without body", method: "DELETE", path: one, status: 400},
		{name: "delete with volumes", method: "DELETE", path: one, body: `{"consistencygroup": {}}`, status: 400, fault: "Invalid Group: Group " + g + " still contains volumes. *"},
		{name: "delete with bad force", method: "POST", path: one + "/delete", body: `{"consistencygroup": {"force": "perhaps"}}`, status: 400},
		{name: "delete unknown", method: "POST", path: "/consistencygroups/" + unknownID + "/delete", body: `{}`, status: 404, fault: unknown},
	})
	if len(later.want(200, "GET", "/groups", nil).list("groups")) != 0 {
		t.Error("the newer list shows a consistency group")
	}
	if v := later.want(200, "GET", "/volumes/"+free, nil); v.text("volume", "consistencygroup_id") != g || v.text("volume", "group_id") != g {
		t.Errorf("volume: %s", v.raw)
	}
	made := c.volume(map[string]any{"consistencygroup_id": g, "volume_type": vt})
	c.want(202, "POST", one+"/delete", `{"consistencygroup": {"force": true}}`)
	c.gone(one)
	c.gone("/volumes/" + made)
	if c.usage("groups") != 0 || c.usage("volumes") != 0 {
		t.Error("usage after the delete")
	}
	empty := c.cg(vt)
	c.want(202, "DELETE", "/consistencygroups/"+empty, `{}`)
	c.gone("/consistencygroups/" + empty)
}

func TestCGSnapshots(t *testing.T) {
	t.Parallel()
	c := newCaller(t).at("3.0")
	vt := c.volumeType()
	g := c.cg(vt)
	c.volume(map[string]any{"consistencygroup_id": g, "volume_type": vt})
	unknown := "GroupSnapshot " + unknownID + " could not be found."
	a := c.want(202, "POST", "/cgsnapshots", fmt.Sprintf(`{"cgsnapshot": {"name": " s ", "consistencygroup_id": %q}}`, g))
	keys(t, a.what, a.object("cgsnapshot"), "id name")
	id := a.text("cgsnapshot", "id")
	c.status("cgsnapshot", id, "available")
	const shown = "id consistencygroup_id status created_at name description"
	a = c.want(200, "GET", "/cgsnapshots/"+id, nil)
	keys(t, "show", a.object("cgsnapshot"), shown)
	if a.text("cgsnapshot", "consistencygroup_id") != g || a.text("cgsnapshot", "name") != "s" {
		t.Errorf("shown: %s", a.raw)
	}
	keys(t, "detail", c.want(200, "GET", "/cgsnapshots/detail", nil).object("cgsnapshots", 0), shown)
	keys(t, "list", c.want(200, "GET", "/cgsnapshots?limit=1", nil).object("cgsnapshots", 0), "id name")
	from := func(name, members string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/consistencygroups/create_from_src", body: `{"consistencygroup-from-src": {` + members + `}}`, status: status, fault: fault}
	}
	check(t, c, []row{
		{name: "of no group", method: "POST", path: "/cgsnapshots", body: `{"cgsnapshot": {"name": "x"}}`, status: 400},
		{name: "of an unknown group", method: "POST", path: "/cgsnapshots", body: `{"cgsnapshot": {"consistencygroup_id": "` + unknownID + `"}}`, status: 404,
			fault: "Group " + unknownID + " could not be found."},
		{name: "no body", method: "POST", path: "/cgsnapshots", status: 400},
		{name: "show unknown", method: "GET", path: "/cgsnapshots/" + unknownID, status: 404, fault: unknown},
		{name: "delete unknown", method: "DELETE", path: "/cgsnapshots/" + unknownID, status: 404, fault: unknown},
		{name: "limit", method: "GET", path: "/cgsnapshots?limit=-1", status: 400},
		{name: "newer show", mv: newest, method: "GET", path: "/group_snapshots/" + id, status: 400, fault: "Group_type *"},
		{name: "newer delete", mv: newest, method: "DELETE", path: "/group_snapshots/" + id, status: 400, fault: "Group_type *"},
		{name: "delete of the group", method: "POST", path: "/consistencygroups/" + g + "/delete", body: `{"consistencygroup": {"force": true}}`, status: 400,
			fault: "Invalid Group: Group has existing snapshots."},
		from("no source", `"name": "n"`, 400, "Either 'cgsnapshot_id' or 'source_cgid' must be provided to create consistency group n from source."),
		from("two sources", `"cgsnapshot_id": "a", "source_cgid": "b"`, 400, "Cannot provide both 'cgsnapshot_id' and 'source_cgid' to create consistency group None from source."),
		from("unknown snapshot", `"cgsnapshot_id": "`+unknownID+`"`, 404, unknown),
		from("unknown group", `"source_cgid": "`+unknownID+`"`, 404, "Group "+unknownID+" could not be found."),
	})
	for _, source := range []string{`"cgsnapshot_id": "` + id + `", "source_cgid": null`, `"source_cgid": "` + g + `"`} {
		made := c.want(202, "POST", "/consistencygroups/create_from_src", `{"consistencygroup-from-src": {`+source+`}}`).text("consistencygroup", "id")
		c.status("consistencygroup", made, "available")
		c.want(202, "POST", "/consistencygroups/"+made+"/delete", `{"consistencygroup": {"force": true}}`)
		c.gone("/consistencygroups/" + made)
	}
	c.want(202, "DELETE", "/cgsnapshots/"+id, nil)
	c.gone("/cgsnapshots/" + id)
	if c.usage("snapshots") != 0 || c.usage("groups") != 1 || c.usage("volumes") != 1 {
		t.Error("usage after the deletes")
	}
}
