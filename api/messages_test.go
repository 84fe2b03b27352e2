package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	firstMessage  = "00000000-0000-4000-8000-000000000001"
	secondMessage = "00000000-0000-4000-8000-000000000002"
	otherMessage  = "00000000-0000-4000-8000-000000000003"
	volumeOfFirst = "00000000-0000-4000-8000-00000000000a"
)

func withMessages(t *testing.T) backed {
	t.Helper()
	b := newBacked(t)
	const insert = `INSERT INTO messages (id, project_id, request_id, resource_type, resource_uuid, action_id, detail_id, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8::timestamptz, $8::timestamptz + interval '30 days')`
	b.sql(t, insert, firstMessage, project, "req-1", "VOLUME", volumeOfFirst, "001", "003", "2026-01-02T03:04:05Z")
	b.sql(t, insert, secondMessage, project, nil, "VOLUME_SNAPSHOT", nil, "009", "999", "2026-01-03T03:04:05Z")
	b.sql(t, insert, otherMessage, "other", "req-3", "VOLUME", volumeOfFirst, "001", "003", "2026-01-04T03:04:05Z")
	return b
}

func TestMessagesAreShownAndDeleted(t *testing.T) {
	t.Parallel()
	b := withMessages(t)
	links := func(id string) []any {
		return []any{map[string]any{"rel": "self", "href": "http://c:8776/v3/" + project + "/messages/" + id},
			map[string]any{"rel": "bookmark", "href": "http://c:8776/" + project + "/messages/" + id}}
	}
	first := map[string]any{"id": firstMessage, "event_id": "VOLUME_VOLUME_001_003", "message_level": "ERROR", "request_id": "req-1",
		"user_message": "schedule allocate volume:Could not find any available weighted backend.", "resource_type": "VOLUME", "resource_uuid": volumeOfFirst,
		"created_at": "2026-01-02T03:04:05.000000", "guaranteed_until": "2026-02-01T03:04:05.000000", "links": links(firstMessage)}
	if diff := cmp.Diff(first, ask(t, b.user, "GET", "/messages/"+firstMessage, "3", "")["message"]); diff != "" {
		t.Errorf("with a resource (-want +got):\n%s", diff)
	}
	second := map[string]any{"id": secondMessage, "event_id": "VOLUME_VOLUME_SNAPSHOT_009_999", "message_level": "ERROR", "request_id": nil,
		"user_message": "create snapshot:An unknown error occurred.", "resource_type": "VOLUME_SNAPSHOT",
		"created_at": "2026-01-03T03:04:05.000000", "guaranteed_until": "2026-02-02T03:04:05.000000", "links": links(secondMessage)}
	if diff := cmp.Diff(second, ask(t, b.user, "GET", "/messages/"+secondMessage, "3", "")["message"]); diff != "" {
		t.Errorf("without a resource (-want +got):\n%s", diff)
	}
	at := mv("volume 3.3")
	gone := func(id string) string { return missing("Message " + id + " could not be found.") }
	steps(t, b.user, []call{
		{name: "too old", method: "GET", path: "/messages/" + firstMessage, header: mv("volume 3.2"), status: 404, want: generic404},
		{name: "another project's", method: "GET", path: "/messages/" + otherMessage, header: at, status: 404, want: gone(otherMessage)},
		{name: "delete another project's", method: "DELETE", path: "/messages/" + otherMessage, header: at, status: 404, want: gone(otherMessage)},
		{name: "no id", method: "GET", path: "/messages/x", header: at, status: 404, want: gone("x")},
		{name: "no verb", method: "POST", path: "/messages", header: at, status: 404, want: generic404},
		{name: "delete", method: "DELETE", path: "/messages/" + firstMessage, header: at, status: 204},
		{name: "delete again", method: "DELETE", path: "/messages/" + firstMessage, header: at, status: 404, want: gone(firstMessage)},
	})
	if left := column(t, ask(t, b.user, "GET", "/messages", "3", "")["messages"], "id"); !cmp.Equal(left, []any{secondMessage}) {
		t.Errorf("left are %v", left)
	}
}

func TestMessagesAreListed(t *testing.T) {
	t.Parallel()
	b := withMessages(t)
	for _, c := range []struct {
		query, mv string
		want      []any
	}{
		{"", "3", []any{secondMessage, firstMessage}},
		{"limit=1&resource_type=VOLUME", "4", []any{secondMessage, firstMessage}},
		{"limit=1", "5", []any{secondMessage}},
		{"marker=" + secondMessage, "5", []any{firstMessage}},
		{"sort=created_at:asc", "5", []any{firstMessage, secondMessage}},
		{"resource_uuid=" + volumeOfFirst, "5", []any{firstMessage}},
		{"event_id=VOLUME_VOLUME_001_003", "31", []any{firstMessage}},
		{"message_level=ERROR&request_id=req-1", "31", []any{firstMessage}},
		{"resource_type~=SNAP", "34", []any{secondMessage}},
		{"action_id=009", "5", []any{secondMessage}}, // below 3.31 any column filters
		{"colour=red", "5", []any{}},
		{"sort=event_id:asc&offset=1", "5", []any{secondMessage}},
		{"sort_key=resource_type&sort_dir=asc&limit=1", "31", []any{firstMessage}},
		{"sort=guaranteed_until:asc", "71", []any{firstMessage, secondMessage}},
		{"all_tenants=1", "30", []any{}}, // not known here, so a column that is not there
	} {
		if diff := cmp.Diff(c.want, column(t, ask(t, b.user, "GET", "/messages?"+c.query, c.mv, "")["messages"], "id")); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c, diff)
		}
	}
	page := ask(t, b.user, "GET", "/messages?limit=1", "5", "")
	if got, want := dig(t, page, "messages_links", 0, "href"), "http://c:8776/v3/"+project+"/messages?limit=1&marker="+secondMessage; got != want {
		t.Errorf("next is %v, want %s", got, want)
	}
	steps(t, b.user, []call{
		{name: "unknown filter", method: "GET", path: "/messages?colour=red", header: mv("volume 3.31"), status: 400, want: bad("Invalid filters colour are found in query options.")},
		{name: "unknown marker", method: "GET", path: "/messages?marker=" + unknownType, header: mv("volume 3.5"), status: 404, want: missing("Message " + unknownType + " could not be found.")},
	})
}

func TestExpiredMessagesArePurged(t *testing.T) {
	t.Parallel()
	b := withMessages(t)
	b.sql(t, `UPDATE messages SET expires_at = now() + CASE id WHEN $1 THEN interval '-1 second' ELSE interval '1 day' END`, firstMessage)
	if err := b.store.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := column(t, ask(t, b.user, "GET", "/messages", "3", "")["messages"], "id"); !cmp.Equal(left, []any{secondMessage}) {
		t.Errorf("left are %v", left)
	}
}
