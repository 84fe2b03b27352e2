package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/db"
)

const theirs = "fedcba9876543210fedcba9876543210"

// json does the call and decodes the answer.
func (c call) json(t *testing.T, h http.Handler) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(c.do(t, h).Body.Bytes(), &out); err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	return out
}

// ofOther is an authenticator for a member of the other project.
type ofOther struct{}

func (ofOther) Authenticate(http.ResponseWriter, *http.Request) *auth.Identity {
	return &auth.Identity{UserID: "them", ProjectID: theirs, Roles: []string{"member", "reader"}}
}

// withVolume has a volume that can be offered, and the API as another project sees it.
type withVolume struct {
	backed
	other  http.Handler
	volume string
}

func newWithVolume(t *testing.T) withVolume {
	b := newBacked(t)
	const id = "11111111-1111-4111-8111-111111111111"
	b.sql(t, `INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, volume_type_id, host)
		SELECT $1, $2, 'u', 2, 'available', 'nova', id, 'h@b#p' FROM volume_types`, id, project)
	b.sql(t, `INSERT INTO quota_usages (project_id, resource, in_use) VALUES ($1, 'volumes', 1), ($1, 'gigabytes', 2),
		($1, 'volumes___DEFAULT__', 1), ($1, 'gigabytes___DEFAULT__', 2)`, project)
	return withVolume{b, New(Config{Store: b.store, Auth: ofOther{}}), id}
}

// offer makes a transfer and returns its id and key.
func (w withVolume) offer(t *testing.T, path, version, inner string) (id, key string, all map[string]any) {
	t.Helper()
	c := call{method: "POST", path: "/v3/" + project + path, header: mv("volume 3." + version), status: 202,
		body: `{"transfer": {"volume_id": "` + w.volume + `"` + inner + `}}`}
	all = dig(t, c.json(t, w.user), "transfer").(map[string]any)
	return all["id"].(string), all["auth_key"].(string), all
}

// accept answers as the other project.
func (w withVolume) accept(t *testing.T, path, id, key string, status int, want string) {
	t.Helper()
	call{method: "POST", path: "/v3/" + theirs + path + "/" + id + "/accept", body: `{"accept": {"auth_key": ` + key + `}}`, status: status,
		want: want}.do(t, w.other)
}

func linksTo(path string) []any {
	return []any{map[string]any{"rel": "self", "href": "http://c:8776/v3/" + project + path}, map[string]any{"rel": "bookmark", "href": "http://c:8776/" + project + path}}
}

func TestTransfersAtEveryVersion(t *testing.T) {
	t.Parallel()
	w := newWithVolume(t)
	for _, path := range []string{"/os-volume-transfer", "/volume-transfers"} {
		for _, version := range []string{"0", "54", "55", "56", "57", "71"} {
			id, key, made := w.offer(t, path, version, `, "name": " gift "`)
			want := map[string]any{"id": id, "created_at": made["created_at"], "name": "gift", "volume_id": w.volume, "links": linksTo("/os-volume-transfer/" + id)}
			if version >= "55" {
				want["no_snapshots"] = false
			}
			if version >= "57" {
				want["destination_project_id"], want["source_project_id"], want["accepted"] = nil, project, false
			}
			if diff := cmp.Diff(want, dig(t, ask(t, w.user, "GET", path+"/"+id, version, ""), "transfer")); diff != "" {
				t.Errorf("%s at 3.%s (-want +got):\n%s", path, version, diff)
			}
			if diff := cmp.Diff(want, dig(t, ask(t, w.user, "GET", path+"/detail", version, ""), "transfers", 0)); diff != "" {
				t.Errorf("detail of %s at 3.%s (-want +got):\n%s", path, version, diff)
			}
			want["auth_key"] = key
			if diff := cmp.Diff(want, any(made)); diff != "" || len(key) != 16 {
				t.Errorf("created at 3.%s (-want +got):\n%s", version, diff)
			}
			brief := map[string]any{"id": id, "name": "gift", "volume_id": w.volume, "links": linksTo("/os-volume-transfer/" + id)}
			if diff := cmp.Diff([]any{brief}, ask(t, w.user, "GET", path, version, "")["transfers"]); diff != "" {
				t.Errorf("list of %s at 3.%s (-want +got):\n%s", path, version, diff)
			}
			steps(t, w.user, []call{{name: "delete", method: "DELETE", path: path + "/" + id, status: 202}})
		}
	}
	if got := dig(t, ask(t, w.user, "GET", "/volumes/"+w.volume, "0", ""), "volume", "status"); got != "available" {
		t.Errorf("in the end the volume is %v", got)
	}
}

func TestTransferRefusals(t *testing.T) {
	t.Parallel()
	w := newWithVolume(t)
	post := func(name, path, version, inner string, status int, want string) call {
		return call{name: name, method: "POST", path: path, header: mv("volume 3." + version), body: `{"transfer": ` + inner + `}`, status: status, want: want}
	}
	mine := `{"volume_id": "` + w.volume + `"`
	const unexpected = "Additional properties are not allowed ('no_snapshots' was unexpected)"
	value := "Invalid input for field/attribute transfer. Value: {'no_snapshots': True, 'volume_id': '" + w.volume + "'}. "
	steps(t, w.user, []call{
		post("too old for no_snapshots", "/volume-transfers", "54", mine+`, "no_snapshots": true}`, 400, bad(value+unexpected)),
		post("old path never has it", "/os-volume-transfer", "71", mine+`, "no_snapshots": true}`, 400, bad(value+unexpected)),
		post("no volume", "/volume-transfers", "0", `{}`, 400, bad("Invalid input for field/attribute transfer. Value: {}. 'volume_id' is a required property")),
		post("no uuid", "/volume-transfers", "0", `{"volume_id": "x"}`, 400, bad("Invalid input for field/attribute volume_id. Value: x. 'x' is not a 'uuid'")),
		post("empty name", "/volume-transfers", "0", mine+`, "name": ""}`, 400, ""),
		post("odd word", "/volume-transfers", "55", mine+`, "no_snapshots": "maybe"}`, 400, ""),
		post("unknown volume", "/volume-transfers", "0", `{"volume_id": "`+unknownType+`"}`, 404, missing("Volume "+unknownType+" could not be found.")),
		{name: "no body", method: "POST", path: "/volume-transfers", status: 400},
		{name: "unknown", method: "GET", path: "/volume-transfers/" + unknownType, status: 404, want: missing("Transfer " + unknownType + " could not be found.")},
		{name: "no id", method: "GET", path: "/os-volume-transfer/x", status: 404, want: missing("Transfer x could not be found.")},
		{name: "delete unknown", method: "DELETE", path: "/volume-transfers/" + unknownType, status: 404},
		{name: "accept unknown", method: "POST", path: "/volume-transfers/" + unknownType + "/accept", body: `{"accept": {"auth_key": "x"}}`, status: 404,
			want: missing("Transfer " + unknownType + " could not be found.")},
		{name: "accept no id", method: "POST", path: "/volume-transfers/x/accept", body: `{"accept": {"auth_key": "x"}}`, status: 404},
		{name: "accept without key", method: "POST", path: "/volume-transfers/x/accept", body: `{"accept": {}}`, status: 400},
		{name: "accept with null", method: "POST", path: "/volume-transfers/x/accept", body: `{"accept": {"auth_key": null}}`, status: 400},
	})
	b := w.backed
	b.sql(t, `INSERT INTO snapshots (id, volume_id, project_id, user_id, status, volume_size, volume_type_id)
		SELECT $1, id, project_id, 'u', 'creating', 2, volume_type_id FROM volumes`, unknownType)
	steps(t, w.user, []call{
		post("snapshot is made", "/volume-transfers", "55", mine+`}`, 400, bad("Invalid snapshot: snapshot: "+unknownType+" status must be available")),
	})
	id, _, _ := w.offer(t, "/volume-transfers", "55", `, "no_snapshots": "yes"`)
	wrong := bad("Invalid auth key: Attempt to transfer " + id + " with invalid auth key.")
	w.accept(t, "/volume-transfers", id, `"0000000000000000"`, 400, wrong)
	w.accept(t, "/os-volume-transfer", id, `1234`, 400, wrong)
	steps(t, w.user, []call{
		post("twice", "/volume-transfers", "0", mine+`}`, 400, bad("Invalid volume: status must be available")),
		{name: "delete of the volume", method: "DELETE", path: "/volumes/" + w.volume, status: 400},
	})
	for _, path := range []string{"/volume-transfers", "/os-volume-transfer"} {
		call{method: "GET", path: "/v3/" + theirs + path + "/" + id, status: 404, want: missing("Transfer " + id + " could not be found.")}.do(t, w.other)
		call{method: "DELETE", path: "/v3/" + theirs + path + "/" + id, status: 404}.do(t, w.other)
		call{method: "GET", path: "/v3/" + theirs + path + "?all_tenants=1", status: 200, want: `{"transfers": []}`}.do(t, w.other)
	}
	call{method: "POST", path: "/v3/" + theirs + "/volume-transfers", body: `{"transfer": ` + mine + `}}`, status: 404}.do(t, w.other)
}

func TestTransferIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWithVolume(t)
	id, key, _ := w.offer(t, "/volume-transfers", "71", "")
	over := func(limit, message string) {
		t.Helper()
		resource, n, _ := strings.Cut(limit, "=")
		w.sql(t, "INSERT INTO quotas (project_id, resource, hard_limit) VALUES ($1, $2, $3::text::int)", theirs, resource, n)
		want := `{"overLimit": {"code": 413, "message": "` + message + `", "retryAfter": "0"}}`
		w.accept(t, "/volume-transfers", id, `"`+key+`"`, 413, want)
		w.sql(t, "DELETE FROM quotas")
	}
	over("gigabytes=1", "Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 1G and 0G has been consumed.")
	over("volumes=0", "VolumeLimitExceeded: Maximum number of volumes allowed (0) exceeded for quota 'volumes'.")
	over("per_volume_gigabytes=1", "VolumeSizeExceedsLimit: Requested volume size 2G is larger than maximum allowed limit 1G.")
	typeID := dig(t, ask(t, w.admin, "GET", "/types/default", "0", ""), "volume_type", "id").(string)
	w.sql(t, "UPDATE volume_types SET is_public = false")
	w.accept(t, "/volume-transfers", id, `"`+key+`"`, 404, missing("Volume type "+typeID+" could not be found."))
	w.sql(t, "INSERT INTO volume_type_projects (volume_type_id, project_id) VALUES ($1, $2)", typeID, theirs)
	w.sql(t, "UPDATE volumes SET consistencygroup_id = gen_random_uuid()")
	w.accept(t, "/volume-transfers", id, `"`+key+`"`, 400, bad("Invalid volume: Volume "+w.volume+" must not be part of a consistency group."))
	w.sql(t, "UPDATE volumes SET consistencygroup_id = NULL")
	c := call{method: "POST", path: "/v3/" + theirs + "/os-volume-transfer/" + id + "/accept", body: `{"accept": {"auth_key": "` + key + `"}}`, status: 202}
	got := dig(t, c.json(t, w.other), "transfer").(map[string]any)
	delete(got, "links")
	if diff := cmp.Diff(map[string]any{"id": id, "name": nil, "volume_id": w.volume}, got); diff != "" {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
	w.accept(t, "/volume-transfers", id, `"`+key+`"`, 404, "")
	v := dig(t, call{method: "GET", path: "/v3/" + theirs + "/volumes/" + w.volume, status: 200}.json(t, w.other), "volume").(map[string]any)
	if v["status"] != "available" || v["os-vol-tenant-attr:tenant_id"] != theirs || v["user_id"] != "them" {
		t.Errorf("volume: %v", v)
	}
	steps(t, w.user, []call{{name: "no longer mine", method: "GET", path: "/volumes/" + w.volume, status: 404}})
	diffs, err := w.store.QuotaCheck(t.Context())
	if err != nil || len(diffs) > 0 {
		t.Errorf("quota: %v, %v", diffs, err)
	}
}

func TestTransfersAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newWithVolume(t)
	for i := range 3 {
		id := fmt.Sprintf("0000000%d-1111-4111-8111-111111111111", i)
		owner := []string{project, project, theirs}[i]
		w.sql(t, `INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, volume_type_id)
			SELECT $1, $2, 'u', 1, 'available', 'nova', id FROM volume_types`, id, owner)
		name := fmt.Sprintf("t%d", i)
		_, _, err := w.store.CreateTransfer(t.Context(), db.NewTransfer{ID: id, VolumeID: id, Name: &name, NoSnapshots: i == 1, KeyDigits: 16, SaltBytes: 8})
		if err != nil {
			t.Fatal(err)
		}
	}
	const second = "00000001-1111-4111-8111-111111111111"
	for _, c := range []struct{ path, version, query, want string }{
		{"/volume-transfers", "59", "", "[t1 t0]"},
		{"/volume-transfers", "59", "?all_tenants=1", "[t2 t1 t0]"},
		{"/volume-transfers", "59", "?all_tenants=maybe", "[t1 t0]"},
		{"/volume-transfers", "59", "?sort=name:asc&all_tenants=true", "[t0 t1 t2]"},
		{"/volume-transfers", "59", "?sort_key=created_at&sort_dir=asc&limit=1", "[t0]"},
		{"/volume-transfers", "59", "?marker=" + second, "[t0]"},
		{"/volume-transfers", "59", "?limit=1&offset=1", "[t0]"},
		{"/volume-transfers", "59", "?limit=0", "[]"},
		{"/volume-transfers", "58", "", "[t0 t1]"},
		{"/volume-transfers", "58", "?sort=name:desc&limit=1", "[t0]"},
		{"/volume-transfers", "58", "?limit=0", "[t0 t1]"},
		{"/os-volume-transfer", "71", "?offset=1", "[t1]"},
		{"/os-volume-transfer", "71", "?marker=" + second, "[]"},
		{"/os-volume-transfer", "71", "?marker=" + strings.Replace(second, "1", "0", 1), "[t1]"},
		{"/volume-transfers", "71", "?name=t1", "[t1]"},
		{"/volume-transfers", "71", "?volume_id=" + second, "[t1]"},
		{"/volume-transfers", "71", "?no_snapshots=True", "[t1]"},
		{"/volume-transfers", "71", "?accepted=true", "[]"},
		{"/volume-transfers", "71", "?salt=x", "[]"},
		{"/volume-transfers", "71", "?all_tenants=1&project_id=" + theirs, "[t2]"},
	} {
		if got := fmt.Sprint(column(t, ask(t, w.admin, "GET", c.path+c.query, c.version, "")["transfers"], "name")); got != c.want {
			t.Errorf("%s%s at 3.%s: %s, want %s", c.path, c.query, c.version, got, c.want)
		}
	}
	page := ask(t, w.admin, "GET", "/volume-transfers/detail?limit=1", "59", "")
	if next := dig(t, page, "transfers_links", 0, "href"); next != "http://c:8776/v3/"+project+"/os-volume-transfer?limit=1&marker="+second {
		t.Errorf("next: %v", next)
	}
	steps(t, w.admin, []call{
		{name: "sort key", method: "GET", path: "/volume-transfers?sort=key_hash", header: mv("volume 3.59"), status: 400,
			want: bad("Invalid input received: Invalid sort key")},
		{name: "marker", method: "GET", path: "/volume-transfers?marker=" + unknownType, header: mv("volume 3.59"), status: 404,
			want: missing("Transfer " + unknownType + " could not be found.")},
		{name: "limit", method: "GET", path: "/os-volume-transfer?limit=x", status: 400, want: bad("limit param must be an integer")},
	})
}
