package api

import "testing"

func TestProjectsOfPrivateTypes(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	id := newType(t, b, `{"name": "secret", "os-volume-type-access:is_public": false}`)
	standard := dig(t, ask(t, b.admin, "GET", "/types/default", "0", ""), "volume_type", "id").(string)
	list, act := "/types/"+id+"/os-volume-type-access", "/types/"+id+"/action"
	body := func(action string) string { return `{"` + action + `": {"project": "` + project + `"}}` }
	const public = "Invalid volume type: Type access modification is not applicable to public volume type."
	steps(t, b.user, []call{
		{name: "users do not look", method: "GET", path: list, status: 403, want: forbidden("volume_extension:volume_type_access:get_all_for_type")},
		{name: "users do not add", method: "POST", path: act, body: body("addProjectAccess"), status: 403, want: forbidden("volume_extension:volume_type_access:addProjectAccess")},
	})
	steps(t, b.admin, []call{
		{name: "nobody yet", method: "GET", path: list, status: 200, want: `{"volume_type_access": []}`},
		{name: "add", method: "POST", path: act, body: body("addProjectAccess"), status: 202},
		{name: "add again", method: "POST", path: act, body: body("addProjectAccess"), status: 409,
			want: conflict("Volume type access for " + id + " / " + project + " combination already exists.")},
		{name: "listed", method: "GET", path: list, status: 200, want: `{"volume_type_access": [{"volume_type_id": "` + id + `", "project_id": "` + project + `"}]}`},
	})
	steps(t, b.user, []call{{name: "the project finds it", method: "GET", path: "/types/" + id, status: 200}})
	steps(t, b.admin, []call{
		{name: "remove", method: "POST", path: act, body: body("removeProjectAccess"), status: 202},
		{name: "remove again", method: "POST", path: act, body: body("removeProjectAccess"), status: 404,
			want: missing("Volume type access not found for " + id + " / " + project + " combination.")},
		{name: "no project", method: "POST", path: act, body: `{"addProjectAccess": {}}`, status: 400},
		{name: "no such action", method: "POST", path: act, body: `{"create": {}}`, status: 400,
			want: bad("There is no such action: create. Verify the request body and Content-Type header and try again.")},
		{name: "add to an unknown type", method: "POST", path: "/types/" + unknownType + "/action", body: body("addProjectAccess"), status: 404},
		{name: "list of a public type", method: "GET", path: "/types/" + standard + "/os-volume-type-access", status: 404, want: missing("Access list not available for public volume types.")},
		{name: "add to a public type", method: "POST", path: "/types/" + standard + "/action", body: body("addProjectAccess"), status: 400, want: bad(public)},
		{name: "remove from a public type", method: "POST", path: "/types/" + standard + "/action", body: body("removeProjectAccess"), status: 400, want: bad(public)},
	})
	steps(t, b.user, []call{{name: "the project has lost it", method: "GET", path: "/types/" + id, status: 404}})
}

func TestDefaultTypesOfProjects(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	id := newType(t, b, `{"name": "gold"}`)
	newest := mv("volume 3.62")
	mine := `{"project_id": "` + project + `", "volume_type_id": "` + id + `"}`
	one := "/default-types/" + project
	put := func(ref string) string { return `{"default_type": {"volume_type": "` + ref + `"}}` }
	unauthorized := fault("forbidden", 403, "You are not authorized to perform this operation.")
	steps(t, b.user, []call{
		{name: "users do not set", method: "PUT", path: one, header: newest, body: put("gold"), status: 403, want: unauthorized},
		{name: "users do not list", method: "GET", path: "/default-types", header: newest, status: 403, want: unauthorized},
		{name: "users do not look", method: "GET", path: one, header: newest, status: 403, want: unauthorized},
		{name: "users do not unset", method: "DELETE", path: one, header: newest, status: 403, want: unauthorized},
	})
	steps(t, b.admin, []call{
		{name: "too old", method: "GET", path: "/default-types", header: mv("volume 3.61"), status: 404, want: generic404},
		{name: "none", method: "GET", path: "/default-types", header: newest, status: 200, want: `{"default_types": []}`},
		{name: "none of the project", method: "GET", path: one, header: newest, status: 404, want: missing("Default type for project " + project + " not found.")},
		{name: "unknown type", method: "PUT", path: one, header: newest, body: put("tin"), status: 400, want: bad("Volume type with name tin could not be found.")},
		{name: "unknown id", method: "PUT", path: one, header: newest, body: put(unknownType), status: 400, want: bad("Volume type " + unknownType + " could not be found.")},
		{name: "by name", method: "PUT", path: one, header: newest, body: put("gold"), status: 200, want: `{"default_type": ` + mine + `}`},
		{name: "by id", method: "PUT", path: one, header: newest, body: put(id), status: 200, want: `{"default_type": ` + mine + `}`},
		{name: "list", method: "GET", path: "/default-types", header: newest, status: 200, want: `{"default_types": [` + mine + `]}`},
		{name: "show", method: "GET", path: one, header: newest, status: 200, want: `{"default_type": ` + mine + `}`},
	})
	if got := dig(t, ask(t, b.user, "GET", "/types/default", "0", ""), "volume_type", "name"); got != "gold" {
		t.Errorf("the project's default is %v", got)
	}
	steps(t, b.admin, []call{
		{name: "unset", method: "DELETE", path: one, header: newest, status: 204},
		{name: "unset again", method: "DELETE", path: one, header: newest, status: 204},
	})
	if got := dig(t, ask(t, b.user, "GET", "/types/default", "0", ""), "volume_type", "name"); got != "__DEFAULT__" {
		t.Errorf("without its own the project's default is %v", got)
	}
}
