package api

import (
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
)

// newGroup makes a group of that project and type behind the API's back.
func (b backed) newGroup(t *testing.T, owner, groupType string) string {
	t.Helper()
	gt, err := b.store.FindGroupType(t.Context(), groupType, true)
	if err != nil {
		t.Fatal(err)
	}
	vt, err := b.store.FindVolumeType(t.Context(), "__DEFAULT__", "", true)
	if err != nil {
		t.Fatal(err)
	}
	g, err := b.store.CreateGroup(t.Context(), db.Actor{ProjectID: owner, UserID: "u", RequestID: "req"},
		db.NewGroup{ID: uuid.NewString(), Type: gt, VolumeTypes: []string{vt.ID}, AvailabilityZone: "nova"})
	if err != nil {
		t.Fatal(err)
	}
	b.sql(t, "UPDATE groups SET status = 'available', host = 'h@b#p' WHERE id = $1", g.ID)
	return g.ID
}

func TestGroupTypesForUsers(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	newest := mv("volume 3.71")
	secret, err := b.store.CreateGroupType(t.Context(), "secret", nil, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	open, err := b.store.CreateGroupType(t.Context(), "open", nil, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown := `{"id": "` + open.ID + `", "name": "open", "description": null, "is_public": true`
	specs := "/group_types/" + open.ID + "/group_specs"
	steps(t, b.user, []call{
		{name: "show without specs", method: "GET", path: "/group_types/" + open.ID, header: newest, status: 200, want: `{"group_type": ` + shown + `}}`},
		{name: "a private one is not there", method: "GET", path: "/group_types/" + secret.ID, header: newest, status: 404, want: missing("Group type " + secret.ID + " could not be found.")},
		{name: "create", method: "POST", path: "/group_types", header: newest, body: `{"group_type": {"name": "x"}}`, status: 403, want: forbidden("group:group_types:create")},
		{name: "update", method: "PUT", path: "/group_types/" + open.ID, header: newest, body: `{"group_type": {"name": "x"}}`, status: 403, want: forbidden("group:group_types:update")},
		{name: "delete", method: "DELETE", path: "/group_types/" + open.ID, header: newest, status: 403, want: forbidden("group:group_types:delete")},
		{name: "list specs", method: "GET", path: specs, header: newest, status: 403, want: forbidden("group:group_types_specs:get_all")},
		{name: "add specs", method: "POST", path: specs, header: newest, body: `{"group_specs": {"a": "b"}}`, status: 403, want: forbidden("group:group_types_specs:create")},
		{name: "show a spec", method: "GET", path: specs + "/a", header: newest, status: 403, want: forbidden("group:group_types_specs:get")},
		{name: "change a spec", method: "PUT", path: specs + "/a", header: newest, body: `{"a": "b"}`, status: 403, want: forbidden("group:group_types_specs:update")},
		{name: "drop a spec", method: "DELETE", path: specs + "/a", header: newest, status: 403, want: forbidden("group:group_types_specs:delete")},
		{name: "group of a private type", method: "POST", path: "/groups", header: newest, body: `{"group": {"group_type": "secret", "volume_types": ["__DEFAULT__"]}}`, status: 404,
			want: missing("Group type with name secret could not be found.")},
	})
	steps(t, b.admin, []call{{name: "show with specs", method: "GET", path: "/group_types/" + open.ID, header: newest, status: 200,
		want: `{"group_type": ` + shown + `, "group_specs": {}}}`}})
	// is_public is for administrators.
	if got := column(t, ask(t, b.user, "GET", "/group_types?is_public=False&sort=name:asc", "71", "")["group_types"], "name"); len(got) != 2 || got[1] != "open" {
		t.Errorf("a user lists %v", got)
	}
	if got := column(t, ask(t, b.admin, "GET", "/group_types?is_public=False", "71", "")["group_types"], "name"); len(got) != 1 || got[0] != "secret" {
		t.Errorf("an administrator lists the private types %v", got)
	}
	def := New(Config{Store: b.store, Auth: asUser{"member"}, DefaultGroupType: "open"})
	steps(t, def, []call{{name: "default", method: "GET", path: "/group_types/default", header: newest, status: 200, want: `{"group_type": ` + shown + `}}`}})
}

func TestGroupsForUsers(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	newest := mv("volume 3.71")
	if _, err := b.store.CreateGroupType(t.Context(), "plain", nil, true, nil); err != nil {
		t.Fatal(err)
	}
	mine, theirs := b.newGroup(t, project, "plain"), b.newGroup(t, "somebody", "plain")
	b.sql(t, "INSERT INTO group_snapshots (id, group_id, group_type_id, project_id, user_id, status) SELECT g.id, g.id, g.group_type_id, g.project_id, 'u', 'available' FROM groups g")
	act := func(name, path, action, rule string) call {
		return call{name: name, method: "POST", path: path + "/action", header: newest, body: action, status: 403, want: forbidden(rule)}
	}
	gone, noSnapshot := missing("Group "+theirs+" could not be found."), missing("GroupSnapshot "+theirs+" could not be found.")
	none := func(name, method, path, body, want string) call {
		return call{name: name, method: method, path: path, header: newest, body: body, status: 404, want: want}
	}
	steps(t, b.user, []call{
		act("reset", "/groups/"+mine, `{"reset_status": {"status": "error"}}`, "group:reset_status"),
		act("reset a snapshot", "/group_snapshots/"+mine, `{"reset_status": {"status": "error"}}`, "group:reset_group_snapshot_status"),
		none("show another's", "GET", "/groups/"+theirs, "", gone),
		none("update another's", "PUT", "/groups/"+theirs, `{"group": {"name": "x"}}`, gone),
		none("delete another's", "POST", "/groups/"+theirs+"/action", `{"delete": {}}`, gone),
		none("replicate another's", "POST", "/groups/"+theirs+"/action", `{"enable_replication": {}}`, gone),
		none("copy another's", "POST", "/groups/action", `{"create-from-src": {"source_group_id": "`+theirs+`"}}`, gone),
		none("snapshot another's", "POST", "/group_snapshots", `{"group_snapshot": {"group_id": "`+theirs+`"}}`, gone),
		none("volume in another's", "POST", "/volumes", `{"volume": {"size": 1, "volume_type": "__DEFAULT__", "group_id": "`+theirs+`"}}`, gone),
		none("show another's snapshot", "GET", "/group_snapshots/"+theirs, "", noSnapshot),
		none("delete another's snapshot", "DELETE", "/group_snapshots/"+theirs, "", noSnapshot),
		none("copy another's snapshot", "POST", "/groups/action", `{"create-from-src": {"group_snapshot_id": "`+theirs+`"}}`, noSnapshot),
		none("older show", "GET", "/consistencygroups/"+theirs, "", gone),
		none("older delete", "POST", "/consistencygroups/"+theirs+"/delete", `{}`, gone),
		none("older snapshot", "GET", "/cgsnapshots/"+theirs, "", noSnapshot),
		{name: "filter", method: "GET", path: "/groups?status=error", header: newest, status: 400, want: bad("Invalid filters status are found in query options.")},
		{name: "filter of snapshots", method: "GET", path: "/group_snapshots?user_id=u", header: newest, status: 400, want: bad("Invalid filters user_id are found in query options.")},
		{name: "any filter before the file decides", method: "GET", path: "/groups?status=error", header: mv("volume 3.30"), status: 200, want: `{"groups": []}`},
		{name: "any filter of the older list", method: "GET", path: "/consistencygroups?bogus=1", header: newest, status: 200, want: `{"consistencygroups": []}`},
	})
	for _, list := range []string{"groups", "group_snapshots", "consistencygroups", "cgsnapshots"} {
		got := column(t, ask(t, b.user, "GET", "/"+list+"?all_tenants=1", "71", "")[list], "id")
		if len(got) != 1 || got[0] != mine {
			t.Errorf("a user lists %s %v", list, got)
		}
	}
	if g := dig(t, ask(t, b.user, "GET", "/groups/"+mine, "71", ""), "group").(map[string]any); g["project_id"] != nil {
		t.Errorf("a user sees %v", g)
	}
	if g := dig(t, ask(t, b.user, "GET", "/group_snapshots/"+mine, "71", ""), "group_snapshot").(map[string]any); g["project_id"] != nil {
		t.Errorf("a user sees %v", g)
	}
}
