package api

import (
	"fmt"
	"strings"
	"testing"
)

// create wraps members of a volume.
func create(members map[string]any) any { return map[string]any{"volume": members} }

const unknownID = "11111111-2222-3333-4444-555555555555"

func TestCreateRefusesWhatCinderRefuses(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	source := c.volume()
	snapshot := c.snapshot(source)
	big := c.volume(map[string]any{"size": 2})
	bigSnapshot := c.snapshot(big)
	var rows []row
	add := func(name string, members map[string]any, status int, fault string) {
		rows = append(rows, row{name: name, method: "POST", path: "/volumes", body: create(members), status: status, fault: fault})
	}
	const field = "Invalid input for field/attribute "
	add("size 0", map[string]any{"size": 0}, 400, field+"size. Value: 0. 0 is less than the minimum of 1")
	add("size -1", map[string]any{"size": -1}, 400, field+"size. Value: -1. -1 is less than the minimum of 1")
	add("size huge", map[string]any{"size": 2147483648}, 400, field+"size. Value: 2147483648. 2147483648 is greater than the maximum of 2147483647")
	add("size enormous", map[string]any{"size": 1e30}, 400, field+"size.*")
	add("size 1.5", map[string]any{"size": 1.5}, 400, field+"size. Value: 1.5. 1.5 is not of type 'integer', 'string', 'null'")
	add("size text", map[string]any{"size": "one"}, 400, field+"size. Value: one. 'one' does not match '^[0-9]+$'")
	add("size text 0", map[string]any{"size": "0"}, 400, field+"size. Value: 0. 0 is less than the minimum of 1")
	add("size empty", map[string]any{"size": ""}, 400, field+"size. Value: . '' does not match '^[0-9]+$'")
	add("size true", map[string]any{"size": true}, 400, field+"size. Value: True. True is not of type 'integer', 'string', 'null'")
	add("size list", map[string]any{"size": []int{1}}, 400, field+"size. Value: [1]. [1] is not of type 'integer', 'string', 'null'")
	add("size null", map[string]any{"size": nil}, 400, "Invalid input received: Volume size 'None' must be an integer and greater than 0")
	add("no size", map[string]any{"name": "x"}, 400, "Invalid input received: Volume size 'None' must be an integer and greater than 0")
	add("name 256", map[string]any{"size": 1, "name": strings.Repeat("n", 256)}, 400, "Invalid input received: name has 256 characters, more than 255.")
	add("name number", map[string]any{"size": 1, "name": 7}, 400, field+"name. Value: 7. 7 is not of type 'string', 'null'")
	add("description 256", map[string]any{"size": 1, "description": strings.Repeat("d", 256)}, 400,
		"Invalid input received: description has 256 characters, more than 255.")
	add("description object", map[string]any{"size": 1, "description": map[string]any{}}, 400, field+"description. Value: {}. {} is not of type 'string', 'null'")
	add("metadata text", map[string]any{"size": 1, "metadata": "x"}, 400, field+"metadata. Value: x. 'x' is not of type 'object', 'null'")
	add("metadata number", map[string]any{"size": 1, "metadata": map[string]any{"k": 1}}, 400, field+"k. Value: 1. 1 is not of type 'string'")
	add("metadata value 256", map[string]any{"size": 1, "metadata": map[string]any{"k": strings.Repeat("v", 256)}}, 400, field+"k. Value: *")
	add("metadata key 256", map[string]any{"size": 1, "metadata": map[string]any{strings.Repeat("k", 256): "v"}}, 400, field+"metadata. Value: *")
	add("metadata key empty", map[string]any{"size": 1, "metadata": map[string]any{"": "v"}}, 400, field+"metadata. Value: {'': 'v'}. *")
	add("metadata key bad", map[string]any{"size": 1, "metadata": map[string]any{"k*": "v"}}, 400, field+"metadata. Value: {'k*': 'v'}. *")
	add("snapshot_id bad", map[string]any{"size": 1, "snapshot_id": "abc"}, 400, field+"snapshot_id. Value: abc. *")
	add("source_volid bad", map[string]any{"size": 1, "source_volid": "abc"}, 400, field+"source_volid. Value: abc. *")
	add("source_volid number", map[string]any{"size": 1, "source_volid": 5}, 400, field+"source_volid. Value: 5. *")
	add("unknown snapshot", map[string]any{"size": 1, "snapshot_id": unknownID}, 404, "Snapshot "+unknownID+" could not be found.")
	add("unknown source", map[string]any{"size": 1, "source_volid": unknownID}, 404, "Volume "+unknownID+" could not be found.")
	add("unknown type", map[string]any{"size": 1, "volume_type": "nonsense"}, 404, "Volume type with name nonsense could not be found.")
	add("unknown type id", map[string]any{"size": 1, "volume_type": unknownID}, 404, "Volume type *")
	add("type number", map[string]any{"size": 1, "volume_type": 5}, 400, field+"volume_type. Value: 5. 5 is not of type 'string', 'null'")
	add("unknown zone", map[string]any{"size": 1, "availability_zone": "moon"}, 400, "Availability zone 'moon' is invalid.")
	add("zone number", map[string]any{"size": 1, "availability_zone": 5}, 400, field+"availability_zone. Value: 5. *")
	add("multiattach", map[string]any{"size": 1, "multiattach": true}, 400, "")
	add("multiattach odd", map[string]any{"size": 1, "multiattach": "perhaps"}, 400, field+"multiattach. Value: perhaps. *")
	add("snapshot and source", map[string]any{"size": 1, "snapshot_id": snapshot, "source_volid": source}, 400,
		"Invalid input received: May specify only one of backup, imageRef, snapshot, source volume")
	add("smaller than snapshot", map[string]any{"size": 1, "snapshot_id": bigSnapshot}, 400, "Invalid input received: Volume size '1'GB cannot be smaller"+
		" than the snapshot size 2GB. They must be >= original snapshot size.")
	add("smaller than source", map[string]any{"size": 1, "source_volid": big}, 400, "Invalid input received: Volume size '1'GB cannot be smaller"+
		" than original volume size  2GB. They must be >= original volume size.")
	before := len(c.want(200, "GET", "/volumes", nil).list("volumes"))
	check(t, c, rows)
	if after := len(c.want(200, "GET", "/volumes", nil).list("volumes")); after != before {
		t.Errorf("%d volumes before the refusals, %d after", before, after)
	}
}

func TestCreateByMicroversion(t *testing.T) {
	t.Parallel()
	extra := create(map[string]any{"size": 1, "unknown": 1})
	const closed = "Invalid input for field/attribute volume. Value: *"
	check(t, newCaller(t), []row{
		{name: "unknown field 3.52", mv: "3.52", method: "POST", path: "/volumes", body: extra, status: 202},
		{name: "unknown field 3.0", mv: "3.0", method: "POST", path: "/volumes", body: extra, status: 202},
		{name: "unknown field 3.53", mv: "3.53", method: "POST", path: "/volumes", body: extra, status: 400, fault: closed},
		{name: "unknown field newest", mv: newest, method: "POST", path: "/volumes", body: extra, status: 400, fault: closed},
		{name: "unknown beside volume", mv: "3.0", method: "POST", path: "/volumes", body: `{"volume": {"size": 1}, "other": 1}`, status: 400,
			fault: "Additional properties are not allowed ('other' was unexpected)"},
		{name: "no volume", method: "POST", path: "/volumes", body: `{"other": {}}`, status: 400},
		{name: "empty object", method: "POST", path: "/volumes", body: `{}`, status: 400, fault: "'volume' is a required property"},
		{name: "volume null", method: "POST", path: "/volumes", body: `{"volume": null}`, status: 400,
			fault: "Invalid input for field/attribute volume. Value: None. None is not of type 'object'"},
		{name: "volume list", method: "POST", path: "/volumes", body: `{"volume": []}`, status: 400,
			fault: "Invalid input for field/attribute volume. Value: []. [] is not of type 'object'"},
		{name: "backup_id 3.47", mv: "3.47", method: "POST", path: "/volumes", body: create(map[string]any{"size": 1, "backup_id": "junk"}), status: 400},
	})
}

func TestWhatCreateTakes(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	name := strings.Repeat("é", 255)
	for _, r := range []struct {
		what    string
		members map[string]any
		key     string
		want    any
	}{
		{"size as text", map[string]any{"size": "1"}, "size", 1.0},
		{"name of 255 letters", map[string]any{"size": 1, "name": name}, "name", name},
		{"name with blanks around", map[string]any{"size": 1, "name": "  x y  "}, "name", "x y"},
		{"empty name", map[string]any{"size": 1, "name": ""}, "name", ""},
		{"no name", map[string]any{"size": 1}, "name", nil},
		{"name null", map[string]any{"size": 1, "name": nil}, "name", nil},
		{"display_name", map[string]any{"size": 1, "display_name": "shown"}, "name", "shown"},
		{"description with newline and emoji", map[string]any{"size": 1, "description": "a\nb 😀"}, "description", "a\nb 😀"},
		{"metadata null", map[string]any{"size": 1, "metadata": nil}, "metadata", map[string]any{}},
	} {
		a := c.want(202, "POST", "/volumes", create(r.members))
		if got := a.get("volume", r.key); fmt.Sprint(got) != fmt.Sprint(r.want) {
			t.Errorf("%s: %s is %v, want %v", r.what, r.key, got, r.want)
		}
		id := a.text("volume", "id")
		c.status("volume", id, "available")
		if got := c.want(200, "GET", "/volumes/"+id, nil).get("volume", r.key); fmt.Sprint(got) != fmt.Sprint(r.want) {
			t.Errorf("%s: %s is shown as %v, want %v", r.what, r.key, got, r.want)
		}
	}
}

func TestFieldsOfAVolumeByMicroversion(t *testing.T) {
	t.Parallel()
	const (
		first = "id status size availability_zone created_at updated_at name description volume_type snapshot_id source_volid " +
			"metadata links user_id bootable encrypted replication_status consistencygroup_id multiattach attachments migration_status"
		detail = first + " os-vol-host-attr:host os-vol-tenant-attr:tenant_id os-vol-mig-status-attr:migstat os-vol-mig-status-attr:name_id"
	)
	c := newCaller(t)
	a := c.at("3.0").want(202, "POST", "/volumes", create(map[string]any{"size": 1, "name": "v"}))
	keys(t, "POST at 3.0", a.object("volume"), first)
	id := a.text("volume", "id")
	if got := a.text("volume", "status"); got != "creating" {
		t.Errorf("a new volume is %s", got)
	}
	c.status("volume", id, "available")
	later := detail
	for _, step := range []struct{ mv, adds string }{{"3.12", ""}, {"3.13", " group_id"}, {"3.20", ""}, {"3.21", " provider_id"},
		{"3.47", ""}, {"3.48", " shared_targets service_uuid"}, {"3.60", ""}, {"3.61", " cluster_name"}, {"3.62", ""}, {"3.63", " volume_type_id"},
		{"3.64", ""}, {"3.65", " consumes_quota"}, {newest, ""}} {
		later += step.adds
		show := c.at(step.mv).want(200, "GET", "/volumes/"+id, nil)
		keys(t, "show at "+step.mv, show.object("volume"), later)
		keys(t, "detail at "+step.mv, c.at(step.mv).want(200, "GET", "/volumes/detail", nil).object("volumes", 0), later)
	}
	v := c.at("3.0").want(200, "GET", "/volumes/"+id, nil).object("volume")
	for key, want := range map[string]any{"bootable": "false", "encrypted": false, "multiattach": false, "snapshot_id": nil, "source_volid": nil,
		"volume_type": "__DEFAULT__", "availability_zone": "nova", "size": 1.0, "user_id": "tester", "os-vol-tenant-attr:tenant_id": c.project,
		"replication_status": nil, "consistencygroup_id": nil, "migration_status": nil} {
		if v[key] != want {
			t.Errorf("%s is %v, want %v", key, v[key], want)
		}
	}
	if host, _ := v["os-vol-host-attr:host"].(string); !strings.Contains(host, "@") || !strings.Contains(host, "#") {
		t.Errorf("host is %q, want host@backend#pool", host)
	}
	keys(t, "summary list", c.want(200, "GET", "/volumes", nil).object("volumes", 0), "id name links")
}

func TestVolumesFromSnapshotsAndVolumes(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	source := c.volume(map[string]any{"size": 2})
	snapshot := c.snapshot(source)
	a := c.want(202, "POST", "/volumes", create(map[string]any{"snapshot_id": snapshot}))
	b := c.want(202, "POST", "/volumes", create(map[string]any{"source_volid": strings.ToUpper(source), "size": 3}))
	for _, x := range []struct {
		a              answer
		key, from      string
		size           float64
		otherKey, name string
	}{{a, "snapshot_id", snapshot, 2, "source_volid", "from snapshot"}, {b, "source_volid", source, 3, "snapshot_id", "from volume"}} {
		id := x.a.text("volume", "id")
		c.status("volume", id, "available")
		v := c.want(200, "GET", "/volumes/"+id, nil).object("volume")
		if v[x.key] != x.from || v["size"] != x.size || v[x.otherKey] != nil {
			t.Errorf("%s: %v", x.name, v)
		}
	}
}

func TestUpdateAVolume(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume(map[string]any{"name": "old", "description": "d"})
	put := func(name, mv string, body any, status int, fault string) row {
		return row{name: name, mv: mv, method: "PUT", path: "/volumes/" + id, body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		put("name", "", create(map[string]any{"name": " new "}), 200, ""),
		put("display_description", "", create(map[string]any{"display_description": "other"}), 200, ""),
		put("unknown", "3.0", create(map[string]any{"size": 5}), 400, "Invalid input for field/attribute volume. Value: *"),
		put("nothing 3.52", "3.52", create(map[string]any{}), 200, ""),
		put("nothing 3.53", "3.53", create(map[string]any{}), 400, ""),
		put("name 256", "", create(map[string]any{"name": strings.Repeat("n", 256)}), 400, "Invalid input received: name has 256 characters, more than 255."),
		put("metadata", "", create(map[string]any{"metadata": map[string]string{"k": "v"}}), 200, ""),
	})
	v := c.want(200, "GET", "/volumes/"+id, nil)
	if v.text("volume", "name") != "new" || v.text("volume", "description") != "other" || v.text("volume", "metadata", "k") != "v" {
		t.Errorf("after the updates: %s", v.raw)
	}
}
