package api

import (
	"fmt"
	"testing"
)

// groupType makes one and returns its id.
func (c caller) groupType(specs string) string {
	c.t.Helper()
	name := "grouptype-" + newCaller(c.t).project[:12]
	return c.want(202, "POST", "/group_types", fmt.Sprintf(`{"group_type": {"name": %q, "group_specs": {%s}}}`, name, specs)).text("group_type", "id")
}

func TestGroupTypes(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	name := "gt-" + c.project[:12]
	body := fmt.Sprintf(`{"group_type": {"name": %q, "description": "d", "group_specs": {"colour": "red"}}}`, name)
	a := c.at("3.11").want(202, "POST", "/group_types", body)
	const all = "id name description is_public group_specs"
	keys(t, a.what, a.object("group_type"), all)
	if a.get("group_type", "is_public") != true || a.text("group_type", "group_specs", "colour") != "red" {
		t.Errorf("created: %s", a.raw)
	}
	id := a.text("group_type", "id")
	one := "/group_types/" + id
	gone := "Group type " + unknownID + " could not be found."
	check(t, c, []row{
		{name: "too old", mv: "3.10", method: "GET", path: "/group_types", status: 404, fault: genericNotFound},
		{name: "create too old", mv: "3.10", method: "POST", path: "/group_types", body: body, status: 404, fault: genericNotFound},
		{name: "taken", method: "POST", path: "/group_types", body: body, status: 409, fault: "Group Type " + name + " already exists."},
		{name: "no name", method: "POST", path: "/group_types", body: `{"group_type": {}}`, status: 400,
			fault: "Invalid input for field/attribute group_type. Value: {}. 'name' is a required property"},
		{name: "blank name", method: "POST", path: "/group_types", body: `{"group_type": {"name": " "}}`, status: 400},
		{name: "number as spec", method: "POST", path: "/group_types", body: `{"group_type": {"name": "x", "group_specs": {"a": 1}}}`, status: 400},
		{name: "unknown key", method: "POST", path: "/group_types", body: `{"group_type": {"name": "x", "size": 1}}`, status: 400},
		{name: "no body", method: "POST", path: "/group_types", status: 400},
		{name: "show", method: "GET", path: one, status: 200},
		{name: "show unknown", method: "GET", path: "/group_types/" + unknownID, status: 404, fault: gone},
		{name: "show no uuid", method: "GET", path: "/group_types/abc", status: 404, fault: "Group type abc could not be found."},
		{name: "no default", method: "GET", path: "/group_types/default", status: 404, fault: "Default group type can not be found."},
		{name: "update nothing", method: "PUT", path: one, body: `{"group_type": {}}`, status: 400,
			fault: "Specify group type name, description or a combination thereof."},
		{name: "update blank", method: "PUT", path: one, body: `{"group_type": {"name": "  "}}`, status: 400, fault: "Group type name can not be empty."},
		{name: "update taken", method: "PUT", path: one, body: `{"group_type": {"name": "default_cgsnapshot_type"}}`, status: 409,
			fault: "Group Type default_cgsnapshot_type already exists."},
		{name: "update unknown", method: "PUT", path: "/group_types/" + unknownID, body: `{"group_type": {"description": "e"}}`, status: 404, fault: gone},
		{name: "delete unknown", method: "DELETE", path: "/group_types/" + unknownID, status: 404, fault: gone},
		{name: "bad filter", method: "GET", path: "/group_types?is_public=perhaps", status: 400, fault: "Invalid is_public filter [perhaps]"},
		{name: "bad sort", method: "GET", path: "/group_types?sort=bogus", status: 400},
		{name: "bad marker", method: "GET", path: "/group_types?marker=" + unknownID, status: 404},
	})
	a = c.want(200, "PUT", one, fmt.Sprintf(`{"group_type": {"name": %q, "is_public": false}}`, name+"-b"))
	keys(t, a.what, a.object("group_type"), all)
	if a.text("group_type", "name") != name+"-b" || a.text("group_type", "description") != "d" || a.get("group_type", "is_public") != false {
		t.Errorf("updated: %s", a.raw)
	}
	in := func(query string) bool {
		for _, g := range c.want(200, "GET", "/group_types?"+query, nil).list("group_types") {
			if g.(map[string]any)["id"] == id {
				return true
			}
		}
		return false
	}
	if in("") || in("is_public=true") || !in("is_public=False") || !in("is_public=None") {
		t.Error("a private type is in the wrong lists")
	}
	a = c.want(200, "GET", "/group_types?limit=1&sort=name:asc", nil)
	if n := len(a.list("group_types")); n != 1 || a.text("group_type_links", 0, "rel") != "next" {
		t.Errorf("first page: %s", a.raw)
	}
	c.want(202, "DELETE", one, nil)
	c.want(404, "GET", one, nil)
}

func TestGroupSpecs(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.groupType(`"colour": "red"`)
	specs := "/group_types/" + id + "/group_specs"
	unknown := "/group_types/" + unknownID + "/group_specs"
	a := c.want(202, "POST", specs, `{"group_specs": {"shape": "round", "none": null}}`)
	if m := a.object("group_specs"); len(m) != 2 || m["shape"] != "round" {
		t.Errorf("added: %s", a.raw)
	}
	gone := "Group type " + unknownID + " could not be found."
	check(t, c, []row{
		{name: "too old", mv: "3.10", method: "GET", path: specs, status: 404, fault: genericNotFound},
		{name: "list of unknown", method: "GET", path: unknown, status: 404, fault: gone},
		{name: "add to unknown", method: "POST", path: unknown, body: `{"group_specs": {"a": "b"}}`, status: 404, fault: gone},
		{name: "bad key", method: "POST", path: specs, body: `{"group_specs": {"a b": "c"}}`, status: 400},
		{name: "number", method: "POST", path: specs, body: `{"group_specs": {"a": 1}}`, status: 400},
		{name: "no specs", method: "POST", path: specs, body: `{}`, status: 400, fault: "'group_specs' is a required property"},
		{name: "show", method: "GET", path: specs + "/shape", status: 200},
		{name: "show unknown", method: "GET", path: specs + "/nothing", status: 404, fault: "Group Type " + id + " has no extra spec with key nothing."},
		{name: "update", method: "PUT", path: specs + "/shape", body: `{"shape": "square"}`, status: 200},
		{name: "update another", method: "PUT", path: specs + "/shape", body: `{"other": "square"}`, status: 400, fault: "Request body and URI mismatch"},
		{name: "update two", method: "PUT", path: specs + "/shape", body: `{"shape": "a", "b": "c"}`, status: 400},
		{name: "delete", method: "DELETE", path: specs + "/colour", status: 202},
		{name: "delete again", method: "DELETE", path: specs + "/colour", status: 404, fault: "Group Type " + id + " has no specs with key colour."},
	})
	if m := c.want(200, "GET", specs, nil).object("group_specs"); len(m) != 2 || m["shape"] != "square" || m["none"] != nil {
		t.Errorf("specs are %v", m)
	}
}
