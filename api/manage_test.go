package api

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"
)

// newRow puts a volume of a project on the backend's pool into the table.
func newRow(t *testing.T, b backed, project, more string) string {
	t.Helper()
	id := uuid.NewString()
	b.sql(t, `INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, host, volume_type_id)
		SELECT $1, $2, 'u', 1, 'available', 'nova', 'node@file#fast', id FROM volume_types WHERE name = '__DEFAULT__'`, id, project)
	if more != "" {
		b.sql(t, "UPDATE volumes SET "+more+" WHERE id = $1", id)
	}
	return id
}

func newSnapshotRow(t *testing.T, b backed, project, volume string) string {
	t.Helper()
	id := uuid.NewString()
	b.sql(t, `INSERT INTO snapshots (id, volume_id, project_id, user_id, status, volume_size, volume_type_id)
		SELECT $1, $2, $3, 'u', 'available', 1, id FROM volume_types WHERE name = '__DEFAULT__'`, id, volume, project)
	return id
}

func TestUsersManageNothing(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	id, theirs := newRow(t, b, project, ""), newRow(t, b, "other", "")
	snap, snapOfTheirs := newSnapshotRow(t, b, project, id), newSnapshotRow(t, b, "other", theirs)
	newest := mv("volume 3.71")
	no := func(method, path, body, rule string) call {
		return call{name: method + " " + path + " " + body, method: method, path: path, body: body, status: 403, want: forbidden(rule), header: newest}
	}
	gone := func(path, body, want string) call {
		return call{name: "another project's " + path + body, method: "POST", path: path, body: body, status: 404, want: missing(want), header: newest}
	}
	const volumeBody, unmanage = `{"volume": {"host": "node@file", "ref": {"source-name": "x"}}}`, `{"os-unmanage": null}`
	snapshotBody := `{"snapshot": {"volume_id": "` + id + `", "ref": {"source-name": "x"}}}`
	var calls []call
	for _, path := range []string{"/os-volume-manage", "/manageable_volumes"} {
		calls = append(calls, no("POST", path, volumeBody, "volume_extension:volume_manage"),
			no("GET", path, "", "volume_extension:list_manageable"), no("GET", path+"/detail", "", "volume_extension:list_manageable"))
	}
	for _, path := range []string{"/os-snapshot-manage", "/manageable_snapshots"} {
		calls = append(calls, no("POST", path, snapshotBody, "snapshot_extension:snapshot_manage"),
			no("GET", path, "", "snapshot_extension:list_manageable"), no("GET", path+"/detail", "", "snapshot_extension:list_manageable"))
	}
	noVolume, noSnapshot := "Volume "+theirs+" could not be found.", "Snapshot "+snapOfTheirs+" could not be found."
	calls = append(calls,
		no("POST", "/volumes/"+id+"/action", unmanage, "volume_extension:volume_unmanage"),
		no("POST", "/snapshots/"+snap+"/action", unmanage, "snapshot_extension:snapshot_unmanage"),
		gone("/volumes/"+theirs+"/action", unmanage, noVolume),
		gone("/volumes/"+theirs+"/action", `{"revert": {"snapshot_id": "`+snapOfTheirs+`"}}`, noVolume),
		gone("/snapshots/"+snapOfTheirs+"/action", unmanage, noSnapshot),
		gone("/snapshots/"+snapOfTheirs+"/action", `{"os-update_snapshot_status": {"status": "error"}}`, noSnapshot),
		gone("/os-snapshot-manage", `{"snapshot": {"volume_id": "`+theirs+`", "ref": "x"}}`, noVolume),
	)
	steps(t, b.user, calls)
}

func TestNothingIsManagedWithoutAService(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	id := newRow(t, b, project, "")
	const body = `{"volume": {"host": "node@file#fast", "ref": {"source-name": "x"}}}`
	snapshotBody := `{"snapshot": {"volume_id": "` + id + `", "ref": {"source-name": "x"}}}`
	refused := bad("Service is unavailable at this time.")
	all := func(what string) []call {
		return []call{
			{name: what + " volume", method: "POST", path: "/os-volume-manage", body: body, status: 400, want: refused},
			{name: what + " snapshot", method: "POST", path: "/os-snapshot-manage", body: snapshotBody, status: 400, want: refused},
			{name: what + " list", method: "GET", path: "/os-volume-manage?host=node@file", status: 400, want: refused},
			{name: what + " list of snapshots", method: "GET", path: "/os-snapshot-manage/detail?host=node", status: 400, want: refused},
		}
	}
	b.sql(t, "UPDATE services SET disabled = true")
	steps(t, b.admin, all("disabled"))
	b.sql(t, "UPDATE services SET disabled = false, heartbeat_at = now() - interval '1 hour'")
	steps(t, b.admin, all("down"))
	b.sql(t, "DELETE FROM services")
	steps(t, b.admin, []call{
		{name: "gone", method: "POST", path: "/os-volume-manage", body: body, status: 400, want: bad("Host 'node@file#fast' not found")},
		{name: "gone for a snapshot", method: "POST", path: "/os-snapshot-manage", body: snapshotBody, status: 404,
			want: missing("Service cinder-volume could not be found on host node@file.")},
	})
}

func TestWhatCannotBeUnmanaged(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	encrypted := newRow(t, b, project, "encryption_key_id = gen_random_uuid()")
	grouped, moving := newRow(t, b, project, "group_id = gen_random_uuid()"), newRow(t, b, project, "migration_status = 'migrating'")
	unplaced := newRow(t, b, project, "host = NULL, status = 'error', consumes_quota = false")
	refused := bad("Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, " +
		"attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.")
	unmanage := func(id string, status int, want string) call {
		return call{name: "unmanage " + id, method: "POST", path: "/volumes/" + id + "/action", body: `{"os-unmanage": null}`, status: status, want: want}
	}
	steps(t, b.admin, []call{
		unmanage(encrypted, 400, bad("Unmanaging encrypted volumes is not supported.")),
		unmanage(grouped, 400, refused), unmanage(moving, 400, refused), unmanage(unplaced, 202, ""),
		unmanage(unplaced, 404, missing("Volume "+unplaced+" could not be found.")),
	})
	m := ask(t, b.admin, "GET", "/messages?resource_uuid="+encrypted, "5", "")
	if dig(t, m, "messages", 0, "event_id") != "VOLUME_VOLUME_006_008" ||
		dig(t, m, "messages", 0, "user_message") != "unmanage volume:Unmanaging encrypted volumes is not supported." {
		t.Errorf("told %v", m)
	}
}

func TestManageTakesWhatTheServiceSays(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	made := ask202(t, b, `{"volume": {"host": "node", "ref": {"source-name": "x"}}}`)
	for key, want := range map[string]any{"status": "creating", "size": 0.0, "availability_zone": "az1", "volume_type": "__DEFAULT__", "bootable": "false"} {
		if got := dig(t, made, "volume", key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	shown := ask(t, b.admin, "GET", "/volumes/"+dig(t, made, "volume", "id").(string), "0", "")
	if host := dig(t, shown, "volume", "os-vol-host-attr:host"); host != "node@file" {
		t.Errorf("the host is %v", host)
	}
	pooled := ask202(t, b, `{"volume": {"host": "node#slow", "availability_zone": "mars", "ref": "x"}}`)
	shown = ask(t, b.admin, "GET", "/volumes/"+dig(t, pooled, "volume", "id").(string), "0", "")
	if dig(t, shown, "volume", "os-vol-host-attr:host") != "node@file#slow" || dig(t, shown, "volume", "availability_zone") != "mars" {
		t.Errorf("shown as %v", shown)
	}
}

// ask202 sends a manage that is accepted.
func ask202(t *testing.T, b backed, body string) map[string]any {
	t.Helper()
	c := call{method: "POST", path: "/v3/" + project + "/os-volume-manage", body: body, status: 202}
	var out map[string]any
	if err := json.Unmarshal(c.do(t, b.admin).Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
