package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clinker-io/clinker/api/policy"
)

const (
	listedVolume = "00000000-0000-4000-8000-0000000000e1"
	listedFirst  = "00000000-0000-4000-8000-0000000000f1"
	listedSecond = "00000000-0000-4000-8000-0000000000f2"
	listedOther  = "00000000-0000-4000-8000-0000000000f3"
)

func withAttachments(t *testing.T) backed {
	t.Helper()
	b := newBacked(t)
	const volume = `INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, volume_type_id, multiattach, bootable)
		SELECT $1, $2, 'u', 1, $3, 'nova', id, true, true FROM volume_types LIMIT 1`
	b.sql(t, volume, listedVolume, project, "in-use")
	b.sql(t, volume, otherHeld, project, "available")
	b.sql(t, volume, heldVolume, "other", "in-use")
	const attachment = `INSERT INTO attachments (id, volume_id, project_id, attach_status, instance_uuid, created_at) VALUES ($1, $2, $3, $4, $5, $6)`
	b.sql(t, attachment, listedFirst, listedVolume, project, "attached", holder, "2026-01-01T00:00:00Z")
	b.sql(t, attachment, listedSecond, listedVolume, project, "reserved", nil, "2026-01-02T00:00:00Z")
	b.sql(t, attachment, listedOther, heldVolume, "other", "attached", nil, "2026-01-03T00:00:00Z")
	return b
}

func TestAttachmentsAreListed(t *testing.T) {
	t.Parallel()
	b := withAttachments(t)
	both := []any{listedSecond, listedFirst}
	for _, c := range []struct {
		admin     bool
		query, mv string
		want      []any
	}{
		{query: "", mv: "27", want: both},
		{admin: true, query: "", mv: "27", want: both},
		{query: "limit=1", mv: "27", want: []any{listedSecond}},
		{query: "limit=1&offset=1", mv: "27", want: []any{listedFirst}},
		{query: "marker=" + listedSecond, mv: "27", want: []any{listedFirst}},
		{query: "sort=created_at:asc", mv: "27", want: []any{listedFirst, listedSecond}},
		{query: "sort_key=attach_status&sort_dir=desc", mv: "27", want: both},
		{query: "limit=0", mv: "27", want: []any{}},
		{query: "volume_id=" + listedVolume, mv: "27", want: both},
		{query: "volume_id=" + heldVolume, mv: "27", want: []any{}},
		{query: "instance_id=" + holder, mv: "27", want: []any{listedFirst}},
		{query: "status=reserved", mv: "31", want: []any{listedSecond}},
		{query: "attach_status=attached", mv: "71", want: []any{listedFirst}},
		{query: "status~=serv", mv: "34", want: []any{listedSecond}},
		{query: "colour=red", mv: "30", want: both}, // dropped
		{query: "all_tenants=1", mv: "30", want: both},
		{admin: true, query: "all_tenants=0", mv: "27", want: []any{listedOther, listedSecond, listedFirst}}, // its presence counts
		{admin: true, query: "all_tenants=1&volume_id=" + heldVolume, mv: "71", want: []any{listedOther}},
		{admin: true, query: "colour=red", mv: "71", want: []any{}},
	} {
		h := b.user
		if c.admin {
			h = b.admin
		}
		for _, path := range []string{"/attachments", "/attachments/detail"} {
			answer := ask(t, h, "GET", path+"?"+c.query, c.mv, "")
			if diff := cmp.Diff(c.want, column(t, answer["attachments"], "id")); diff != "" || len(answer) != 1 {
				t.Errorf("%s %+v (-want +got):\n%s", path, c, diff)
			}
		}
	}
	steps(t, b.user, []call{
		{name: "too old", method: "GET", path: "/attachments", header: mv("volume 3.26"), status: 404, want: generic404},
		{name: "too old in detail", method: "GET", path: "/attachments/detail", header: mv("volume 3.26"), status: 404, want: generic404},
		{name: "too old to create", method: "POST", path: "/attachments", body: `{"attachment": {"volume_uuid": "` + otherHeld + `"}}`,
			header: mv("volume 3.26"), status: 404, want: generic404},
		{name: "too old to show", method: "GET", path: "/attachments/" + listedFirst, header: mv("volume 3.26"), status: 404, want: generic404},
		{name: "too old to delete", method: "DELETE", path: "/attachments/" + listedFirst, header: mv("volume 3.26"), status: 404, want: generic404},
		{name: "too old to complete", method: "POST", path: "/attachments/" + listedFirst + "/action", body: `{"os-complete": {}}`,
			header: mv("volume 3.43"), status: 404, want: generic404},
		{name: "unknown filter", method: "GET", path: "/attachments?colour=red", header: mv("volume 3.31"), status: 400,
			want: bad("Invalid filters colour are found in query options.")},
		{name: "odd limit", method: "GET", path: "/attachments?limit=x", header: mv("volume 3.27"), status: 400, want: bad("limit param must be an integer")},
		{name: "odd order", method: "GET", path: "/attachments?sort=colour", header: mv("volume 3.27"), status: 400,
			want: bad("Invalid input received: Invalid sort key")},
	})
	at := mv("volume 3.44")
	gone := missing("Volume attachment could not be found with filter: attachment_id = " + listedOther + ".")
	steps(t, b.user, []call{
		{name: "show another project's", method: "GET", path: "/attachments/" + listedOther, header: at, status: 404, want: gone},
		{name: "delete another project's", method: "DELETE", path: "/attachments/" + listedOther, header: at, status: 404, want: gone},
		{name: "complete another project's", method: "POST", path: "/attachments/" + listedOther + "/action", body: `{"os-complete": {}}`,
			header: at, status: 404, want: gone},
		{name: "update another project's", method: "PUT", path: "/attachments/" + listedOther, body: `{"attachment": {"connector": {"initiator": "a"}}}`,
			header: at, status: 404, want: gone},
	})
}

func TestAMultiattachVolumeMayBeAttachedAgain(t *testing.T) {
	t.Parallel()
	b := withAttachments(t)
	h := New(Config{Store: b.store, Auth: asUser{"member", "reader"}, Policy: without(t, "volume:multiattach_bootable_volume")})
	at := mv("volume 3.54")
	again := `{"attachment": {"volume_uuid": "` + listedVolume + `"}}`
	steps(t, h, []call{
		{name: "bootable and in use", method: "POST", path: "/attachments", body: again, header: at, status: 403,
			want: forbidden("volume:multiattach_bootable_volume")},
		{name: "bootable and idle", method: "POST", path: "/attachments", body: `{"attachment": {"volume_uuid": "` + otherHeld + `"}}`, header: at, status: 200},
	})
	steps(t, b.user, []call{{name: "allowed", method: "POST", path: "/attachments", body: again, header: at, status: 200}})
	b.sql(t, `UPDATE volumes SET bootable = false, status = 'in-use' WHERE id = $1`, listedVolume)
	steps(t, h, []call{{name: "not bootable", method: "POST", path: "/attachments", body: again, header: at, status: 200}})
	if got := dig(t, ask(t, b.user, "GET", "/volumes/"+listedVolume, "0", ""), "volume", "status"); got != "in-use" {
		t.Errorf("the volume is %v", got)
	}
}

// without is the policy with a rule that nobody passes.
func without(t *testing.T, rule string) *policy.Enforcer {
	t.Helper()
	e, err := policy.New(policy.Options{Overrides: map[string]string{rule: "!"}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}
