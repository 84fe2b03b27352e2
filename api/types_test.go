package api

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const unknownType = "00000000-0000-4000-8000-000000000000"

// newType makes a type and returns its id.
func newType(t *testing.T, b backed, inner string) string {
	t.Helper()
	return dig(t, ask(t, b.admin, "POST", "/types", "0", `{"volume_type": `+inner+`}`), "volume_type", "id").(string)
}

// useType puts a volume of the type into the table.
func useType(t *testing.T, b backed, id string) {
	t.Helper()
	b.sql(t, `INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, volume_type_id)
		VALUES (gen_random_uuid(), $1, 'u', 1, 'available', 'nova', $2)`, project, id)
}

func TestTypesAreMadeChangedAndDeleted(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	made := ask(t, b.admin, "POST", "/types", "0", `{"volume_type": {"name": "gold", "description": "d", "extra_specs": {"a b/c": "1", "none": null}}}`)
	id := dig(t, made, "volume_type", "id").(string)
	want := map[string]any{"id": id, "name": "gold", "description": "d", "is_public": true, "os-volume-type-access:is_public": true,
		"extra_specs": map[string]any{"a b/c": "1", "none": nil}}
	if diff := cmp.Diff(want, made["volume_type"]); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	want["qos_specs_id"] = nil
	if diff := cmp.Diff(want, ask(t, b.admin, "GET", "/types/"+id, "0", "")["volume_type"]); diff != "" {
		t.Errorf("shown to an administrator (-want +got):\n%s", diff)
	}
	delete(want, "qos_specs_id")
	want["extra_specs"] = map[string]any{}
	if diff := cmp.Diff(want, ask(t, b.user, "GET", "/types/"+id, "0", "")["volume_type"]); diff != "" {
		t.Errorf("shown to a user (-want +got):\n%s", diff)
	}
	renamed := ask(t, b.admin, "PUT", "/types/"+id, "0", `{"volume_type": {"name": "silver", "is_public": "no"}}`)
	delete(want, "os-volume-type-access:is_public")
	want["name"], want["is_public"], want["extra_specs"] = "silver", false, map[string]any{"a b/c": "1", "none": nil}
	if diff := cmp.Diff(want, renamed["volume_type"]); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
	standard := dig(t, ask(t, b.user, "GET", "/types/default", "0", ""), "volume_type", "id").(string)
	put := func(name, inner, want string) call {
		return call{name: name, method: "PUT", path: "/types/" + id, body: `{"volume_type": ` + inner + `}`, status: 400, want: want}
	}
	steps(t, b.user, []call{
		{name: "a user makes none", method: "POST", path: "/types", body: `{"volume_type": {"name": "x"}}`, status: 403, want: forbidden("volume_extension:type_create")},
		{name: "a private one is hidden", method: "GET", path: "/types/" + id, status: 404, want: missing("Volume type " + id + " could not be found.")},
	})
	steps(t, b.admin, []call{
		{name: "name taken", method: "POST", path: "/types", body: `{"volume_type": {"name": "silver"}}`, status: 409, want: conflict("Volume Type silver already exists.")},
		{name: "rename to a taken name", method: "PUT", path: "/types/" + id, body: `{"volume_type": {"name": "__DEFAULT__"}}`, status: 409, want: conflict("Volume Type __DEFAULT__ already exists.")},
		{name: "blank name", method: "POST", path: "/types", body: `{"volume_type": {"name": " "}}`, status: 400, want: bad("An invalid 'name' value was provided. The 'name' can not be empty.")},
		put("nothing", `{}`, bad("Specify volume type name, description, is_public or a combination thereof.")),
		put("nulls", `{"name": null, "description": null}`, bad("Specify volume type name, description, is_public or a combination thereof.")),
		put("blank", `{"name": "  "}`, bad("Volume type name can not be empty.")),
		{name: "show by name", method: "GET", path: "/types/silver", status: 404, want: missing("Volume type silver could not be found.")},
		{name: "delete unknown", method: "DELETE", path: "/types/" + unknownType, status: 404, want: missing("Volume type " + unknownType + " could not be found.")},
		{name: "delete the word default", method: "DELETE", path: "/types/default", status: 404, want: missing("Volume type default could not be found.")},
		{name: "delete the default", method: "DELETE", path: "/types/" + standard, status: 400, want: bad("The volume type " + standard + " is a default volume type and cannot be deleted.")},
		{name: "become a project's default", method: "PUT", path: "/default-types/" + project, header: mv("volume 3.62"), body: `{"default_type": {"volume_type": "silver"}}`, status: 200},
		{name: "delete a project's default", method: "DELETE", path: "/types/" + id, status: 400, want: bad("The volume type " + id + " is a default volume type and cannot be deleted.")},
		{name: "no default any more", method: "DELETE", path: "/default-types/" + project, header: mv("volume 3.62"), status: 204},
	})
	useType(t, b, id)
	steps(t, b.admin, []call{{name: "in use", method: "DELETE", path: "/types/" + id, status: 400, want: bad("Target volume type is still in use.")}})
	b.sql(t, "DELETE FROM volumes")
	steps(t, b.admin, []call{
		{name: "delete", method: "DELETE", path: "/types/" + id, status: 202},
		{name: "gone", method: "GET", path: "/types/" + id, status: 404},
	})
}

func TestTypesAreListedByAccessFiltersAndPages(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	newType(t, b, `{"name": "red", "extra_specs": {"colour": "red", "multiattach": "<is> True"}}`)
	newType(t, b, `{"name": "zoned", "extra_specs": {"RESKEY:availability_zones": "az1,az2"}}`)
	shared := newType(t, b, `{"name": "shared", "os-volume-type-access:is_public": false}`)
	newType(t, b, `{"name": "secret", "os-volume-type-access:is_public": false}`)
	if err := b.store.AddTypeProject(t.Context(), shared, project); err != nil {
		t.Fatal(err)
	}
	const std = "__DEFAULT__"
	for _, c := range []struct {
		user  bool
		mv    string
		query string
		want  []any
	}{
		{query: "", want: []any{"shared", "zoned", "red", std}},
		{query: "is_public=None", want: []any{"secret", "shared", "zoned", "red", std}},
		{query: "is_public=false", want: []any{"secret", "shared"}},
		{query: "is_public=1&sort=name:asc", want: []any{std, "red", "shared", "zoned"}},
		{query: "name=red", want: []any{"red"}},
		{query: "colour=red", want: []any{}},
		{query: "extra_specs={'colour':'red'}", want: []any{"red"}},
		{query: "extra_specs={'RESKEY:availability_zones':'az2'}", mv: "52", want: []any{"zoned"}},
		{query: "extra_specs=red", mv: "52", want: []any{}},
		{query: "sort_key=name&sort_dir=desc", want: []any{"zoned", "shared", "red", std}},
		{query: "limit=2&offset=1", want: []any{"zoned", "red"}},
		{query: "limit=0", want: []any{}},
		{user: true, query: "", want: []any{"shared", "zoned", "red", std}},
		{user: true, query: "is_public=false", want: []any{"shared", "zoned", "red", std}},
		{user: true, query: "name=red", want: []any{"shared", "zoned", "red", std}},
		{user: true, mv: "52", query: "extra_specs={'multiattach':'<is>%20True'}", want: []any{"red"}},
		{user: true, mv: "52", query: "extra_specs={'colour':'red'}", want: []any{}},
	} {
		h := b.admin
		if c.user {
			h = b.user
		}
		if c.mv == "" {
			c.mv = "0"
		}
		got := column(t, ask(t, h, "GET", "/types?"+c.query, c.mv, "")["volume_types"], "name")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c, diff)
		}
	}
	page := ask(t, b.admin, "GET", "/types?limit=1&sort=name:asc", "0", "")
	first := dig(t, page, "volume_types", 0, "id").(string)
	next := fmt.Sprintf("http://c:8776/v3/%s/types?limit=1&sort=name%%3Aasc&marker=%s", project, first)
	if got := dig(t, page, "volume_type_links", 0, "href"); got != next {
		t.Errorf("next is %v, want %s", got, next)
	}
	if got := column(t, ask(t, b.admin, "GET", "/types?limit=1&sort=name:asc&marker="+first, "0", "")["volume_types"], "name"); got[0] != "red" {
		t.Errorf("the second page has %v", got)
	}
	steps(t, b.admin, []call{
		{name: "odd is_public", method: "GET", path: "/types?is_public=perhaps", status: 400, want: bad("Invalid is_public filter [perhaps]")},
		{name: "unknown marker", method: "GET", path: "/types?marker=" + unknownType, status: 404, want: missing("Volume type " + unknownType + " could not be found.")},
		{name: "unknown sort key", method: "GET", path: "/types?sort=colour", status: 400},
		{name: "bad limit", method: "GET", path: "/types?limit=-1", status: 400, want: bad("limit param must be positive")},
	})
	steps(t, b.user, []call{
		{name: "filter that users have not", method: "GET", path: "/types?name=red", header: mv("volume 3.52"), status: 400, want: bad("Invalid filters name are found in query options.")},
	})
}

func TestExtraSpecs(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	id := newType(t, b, `{"name": "gold", "extra_specs": {"colour": "red", "multiattach": "<is> True"}}`)
	specs := "/types/" + id + "/extra_specs"
	noKey := func(key string) string {
		return missing("Volume Type " + id + " has no extra specs with key " + key + ".")
	}
	steps(t, b.user, []call{
		{name: "users see few", method: "GET", path: specs, status: 200, want: `{"extra_specs": {"multiattach": "<is> True"}}`},
		{name: "one that users see", method: "GET", path: specs + "/multiattach", status: 200, want: `{"multiattach": "<is> True"}`},
		{name: "one that they do not", method: "GET", path: specs + "/colour", status: 404, want: noKey("colour")},
		{name: "users add none", method: "POST", path: specs, body: `{"extra_specs": {}}`, status: 403, want: forbidden("volume_extension:types_extra_specs:create")},
	})
	steps(t, b.admin, []call{
		{name: "list", method: "GET", path: specs, status: 200, want: `{"extra_specs": {"colour": "red", "multiattach": "<is> True"}}`},
		{name: "add", method: "POST", path: specs, body: `{"extra_specs": {"b": "1", "a": null}}`, status: 200, want: `{"extra_specs": {"a": null, "b": "1"}}`},
		{name: "key with a space", method: "POST", path: specs, body: `{"extra_specs": {"a b": "1"}}`, status: 400},
		{name: "cached and shared", method: "POST", path: specs, body: `{"extra_specs": {"cacheable": "<is> True"}}`, status: 400, want: bad("cacheable cannot be set with multiattach.")},
		{name: "update", method: "PUT", path: specs + "/b", body: `{"b": "2"}`, status: 200, want: `{"b": "2"}`},
		{name: "another key", method: "PUT", path: specs + "/b", body: `{"c": "2"}`, status: 400, want: bad("Request body and URI mismatch")},
		{name: "two keys", method: "PUT", path: specs + "/b", body: `{"b": "2", "c": "3"}`, status: 400},
		{name: "no keys", method: "PUT", path: specs + "/b", body: `{}`, status: 400},
		{name: "show null", method: "GET", path: specs + "/a", status: 200, want: `{"a": null}`},
		{name: "delete", method: "DELETE", path: specs + "/a", status: 202},
		{name: "delete again", method: "DELETE", path: specs + "/a", status: 404, want: noKey("a")},
		{name: "of an unknown type", method: "GET", path: "/types/" + unknownType + "/extra_specs", status: 404, want: missing("Volume type " + unknownType + " could not be found.")},
	})
	useType(t, b, id)
	inUse := bad("Volume Type is currently in use.")
	steps(t, b.admin, []call{
		{name: "add in use", method: "POST", path: specs, body: `{"extra_specs": {"c": "1"}}`, status: 400, want: inUse},
		{name: "update in use", method: "PUT", path: specs + "/b", body: `{"b": "3"}`, status: 400, want: inUse},
		{name: "delete in use", method: "DELETE", path: specs + "/b", status: 400, want: inUse},
		{name: "nothing changed", method: "GET", path: specs, status: 200, want: `{"extra_specs": {"b": "2", "colour": "red", "multiattach": "<is> True"}}`},
	})
}

func TestTheConfiguredDefaultMayBeMissing(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	id := newType(t, b, `{"name": "gold"}`)
	broken := New(Config{Store: b.store, Auth: asUser{"admin", "member"}, DefaultVolumeType: "tin"})
	message := func(m string) string { return fault("computeFault", 500, m) }
	const why = "The request cannot be fulfilled as the default volume type tin cannot be found."
	steps(t, broken, []call{
		{name: "create", method: "POST", path: "/volumes", body: `{"volume": {"size": 1}}`, status: 500, want: message(why)},
		{name: "delete of a type", method: "DELETE", path: "/types/" + id, status: 500, want: message(why)},
		{name: "show", method: "GET", path: "/types/default", status: 500, want: message("The server has either erred or is incapable of performing the requested operation.")},
		{name: "with a type", method: "POST", path: "/volumes", body: `{"volume": {"size": 1, "volume_type": "gold"}}`, status: 202},
	})
}
