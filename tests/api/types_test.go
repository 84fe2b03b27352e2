package api

import (
	"fmt"
	"testing"
)

func TestVolumeTypes(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	name := "type-" + c.project[:8]
	body := fmt.Sprintf(`{"volume_type": {"name": %q, "description": "d", "extra_specs": {"colour": "red"}}}`, name)
	a := c.want(200, "POST", "/types", body)
	// The views of create and update are older than that of show.
	keys(t, a.what, a.object("volume_type"), "id name is_public description extra_specs os-volume-type-access:is_public")
	id := a.text("volume_type", "id")
	if a.text("volume_type", "extra_specs", "colour") != "red" || a.get("volume_type", "is_public") != true {
		t.Errorf("created: %s", a.raw)
	}
	path, specs := "/types/"+id, "/types/"+id+"/extra_specs"
	keys(t, "show", c.want(200, "GET", path, nil).object("volume_type"), "id name is_public description extra_specs qos_specs_id os-volume-type-access:is_public")
	keys(t, "update", c.want(200, "PUT", path, `{"volume_type": {"description": "f"}}`).object("volume_type"), "id name is_public description extra_specs")
	check(t, c, []row{
		{name: "name taken", method: "POST", path: "/types", body: body, status: 409, fault: "Volume Type " + name + " already exists."},
		{name: "no name", method: "POST", path: "/types", body: `{"volume_type": {}}`, status: 400,
			fault: "Invalid input for field/attribute volume_type. Value: {}. 'name' is a required property"},
		{name: "empty name", method: "POST", path: "/types", body: `{"volume_type": {"name": ""}}`, status: 400},
		{name: "blank name", method: "POST", path: "/types", body: `{"volume_type": {"name": "  "}}`, status: 400,
			fault: "An invalid 'name' value was provided. The 'name' can not be empty."},
		{name: "unknown key", method: "POST", path: "/types", body: `{"volume_type": {"name": "x", "size": 1}}`, status: 400},
		{name: "show", method: "GET", path: path, status: 200},
		{name: "show default", method: "GET", path: "/types/default", status: 200},
		{name: "show unknown", method: "GET", path: "/types/" + unknownID, status: 404, fault: "Volume type " + unknownID + " could not be found."},
		{name: "delete unknown", method: "DELETE", path: "/types/" + unknownID, status: 404},
		{name: "update nothing", method: "PUT", path: path, body: `{"volume_type": {}}`, status: 400,
			fault: "Specify volume type name, description, is_public or a combination thereof."},
		{name: "update blank", method: "PUT", path: path, body: `{"volume_type": {"name": " "}}`, status: 400, fault: "Volume type name can not be empty."},
		{name: "update", method: "PUT", path: path, body: `{"volume_type": {"description": "e"}}`, status: 200},
		{name: "list specs", method: "GET", path: specs, status: 200},
		{name: "add spec", method: "POST", path: specs, body: `{"extra_specs": {"shape": "round", "none": null}}`, status: 200},
		{name: "bad spec key", method: "POST", path: specs, body: `{"extra_specs": {"a b": "c"}}`, status: 400},
		{name: "spec number", method: "POST", path: specs, body: `{"extra_specs": {"a": 1}}`, status: 400},
		{name: "show spec", method: "GET", path: specs + "/shape", status: 200},
		{name: "unknown spec", method: "GET", path: specs + "/nothing", status: 404, fault: "Volume Type " + id + " has no extra specs with key nothing."},
		{name: "update spec", method: "PUT", path: specs + "/shape", body: `{"shape": "square"}`, status: 200},
		{name: "update another", method: "PUT", path: specs + "/shape", body: `{"other": "square"}`, status: 400, fault: "Request body and URI mismatch"},
		{name: "update two", method: "PUT", path: specs + "/shape", body: `{"shape": "a", "b": "c"}`, status: 400},
		{name: "delete spec", method: "DELETE", path: specs + "/colour", status: 202},
		{name: "delete unknown spec", method: "DELETE", path: specs + "/colour", status: 404},
	})
	if m := c.want(200, "GET", specs, nil).object("extra_specs"); len(m) != 2 || m["shape"] != "square" || m["none"] != nil {
		t.Errorf("extra specs are %v", m)
	}
	c.want(202, "DELETE", specs+"/shape", nil)
	c.want(202, "DELETE", specs+"/none", nil)
	// The file backend takes a type without specs.
	volume := c.volume(map[string]any{"volume_type": name})
	v := c.at(newest).want(200, "GET", "/volumes/"+volume, nil)
	if v.text("volume", "volume_type") != name || v.text("volume", "volume_type_id") != id {
		t.Errorf("volume: %s", v.raw)
	}
	check(t, c, []row{
		{name: "specs in use", method: "POST", path: specs, body: `{"extra_specs": {"a": "b"}}`, status: 400, fault: "Volume Type is currently in use."},
		{name: "delete in use", method: "DELETE", path: path, status: 400, fault: "Target volume type is still in use."},
	})
	c.want(202, "DELETE", "/volumes/"+volume, nil)
	c.gone("/volumes/" + volume)
	c.want(202, "DELETE", path, nil)
	c.want(404, "GET", path, nil)
}

func TestTheDefaultTypeStays(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	a := c.want(200, "GET", "/types/default", nil)
	if a.text("volume_type", "name") != "__DEFAULT__" {
		t.Errorf("default: %s", a.raw)
	}
	found := false
	for i := range c.want(200, "GET", "/types", nil).list("volume_types") {
		found = found || c.want(200, "GET", "/types?sort=created_at:asc", nil).text("volume_types", i, "id") == a.text("volume_type", "id")
	}
	if !found {
		t.Error("the default type is not in the list")
	}
	refused := c.send("DELETE", "/types/"+a.text("volume_type", "id"), nil)
	if refused.status != 400 {
		t.Errorf("%s: status %d: %s", refused.what, refused.status, refused.raw)
	}
}

func TestATypeThatNoBackendHasMakesAnErrorAndAMessage(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	name := "nowhere-" + c.project[:8]
	c.want(200, "POST", "/types", fmt.Sprintf(`{"volume_type": {"name": %q, "extra_specs": {"volume_backend_name": "nowhere"}}}`, name))
	id := c.want(202, "POST", "/volumes", create(map[string]any{"size": 1, "volume_type": name})).text("volume", "id")
	c.status("volume", id, "error")
	a := c.want(200, "GET", "/messages", nil)
	if n := len(a.list("messages")); n != 1 {
		t.Fatalf("%d messages: %s", n, a.raw)
	}
	m := a.object("messages", 0)
	keys(t, "message", m, "id event_id user_message message_level created_at guaranteed_until request_id links resource_type resource_uuid")
	for key, want := range map[string]any{"event_id": "VOLUME_VOLUME_001_003", "message_level": "ERROR", "resource_type": "VOLUME", "resource_uuid": id,
		"user_message": "schedule allocate volume:Could not find any available weighted backend."} {
		if m[key] != want {
			t.Errorf("message: %s is %v, want %v", key, m[key], want)
		}
	}
	if r, _ := m["request_id"].(string); !requestID.MatchString(r) {
		t.Errorf("message: request_id %v", m["request_id"])
	}
	one := "/messages/" + m["id"].(string)
	check(t, c, []row{
		{name: "show", method: "GET", path: one, status: 200},
		{name: "by resource", mv: "3.5", method: "GET", path: "/messages?resource_uuid=" + id, status: 200},
		{name: "delete", method: "DELETE", path: one, status: 204},
		{name: "gone", method: "GET", path: one, status: 404, fault: "Message " + m["id"].(string) + " could not be found."},
		{name: "delete again", method: "DELETE", path: one, status: 404},
		{name: "old", mv: "3.2", method: "GET", path: one, status: 404, fault: genericNotFound},
		// A volume that was never scheduled goes at once.
		{name: "delete the volume", method: "DELETE", path: "/volumes/" + id, status: 202},
	})
	c.gone("/volumes/" + id)
}
