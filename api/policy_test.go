package api

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/api/policy"
)

// A rule that names the user compares the caller with who made the thing.
func TestRulesMayNameTheUserWhoMadeIt(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	rules, err := policy.New(policy.Options{Overrides: map[string]string{"volume:update": "user_id:%(user_id)s", "volume:update_snapshot": "user_id:%(user_id)s"}})
	if err != nil {
		t.Fatal(err)
	}
	h := New(Config{Store: b.store, Policy: rules, Auth: auth.Authenticator(asUser{"member", "reader"})})
	create := func(path, body, key string) string {
		c := call{method: http.MethodPost, path: "/v3/" + project + path, body: body, status: 202}
		var out any
		if err := json.Unmarshal(c.do(t, h).Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		return dig(t, out, key, "id").(string)
	}
	volume := create("/volumes", `{"volume": {"size": 1}}`, "volume")
	b.sql(t, "UPDATE volumes SET status = 'available', host = 'h@b#p'")
	snapshot := create("/snapshots", `{"snapshot": {"volume_id": "`+volume+`"}}`, "snapshot")
	const volumeBody, snapshotBody = `{"volume": {"name": "n"}}`, `{"snapshot": {"name": "n"}}`
	steps(t, h, []call{
		{name: "own volume", method: "PUT", path: "/volumes/" + volume, body: volumeBody, status: 200},
		{name: "own snapshot", method: "PUT", path: "/snapshots/" + snapshot, body: snapshotBody, status: 200},
	})
	b.sql(t, "UPDATE volumes SET user_id = 'other'")
	b.sql(t, "UPDATE snapshots SET user_id = 'other'")
	steps(t, h, []call{
		{name: "another's volume", method: "PUT", path: "/volumes/" + volume, body: volumeBody, status: 403, want: forbidden("volume:update")},
		{name: "another's snapshot", method: "PUT", path: "/snapshots/" + snapshot, body: snapshotBody, status: 403, want: forbidden("volume:update_snapshot")},
	})
}

// projectless is an authenticator for a caller whose token is of no project.
type projectless []string

func (roles projectless) Authenticate(http.ResponseWriter, *http.Request) *auth.Identity {
	return &auth.Identity{UserID: "u", Roles: roles, SystemScope: "all"}
}

// Without a project, what is limited to the caller's must not be unlimited.
func TestTokensOfNoProject(t *testing.T) {
	t.Parallel()
	b := newBacked(t)
	as := func(roles ...string) http.Handler { return New(Config{Store: b.store, Auth: projectless(roles)}) }
	const refusal = "This call needs a token of a project."
	for _, path := range []string{"/volumes", "/attachments/x", "/os-availability-zone", "/messages"} {
		call{method: "GET", path: "/v3" + path, status: 403, header: map[string]string{"OpenStack-API-Version": "volume 3.60"},
			want: fault("forbidden", 403, refusal)}.do(t, as("reader"))
	}
	call{method: "GET", path: "/v3/volumes", status: 200}.do(t, as("admin"))
	call{method: "POST", path: "/v3/volumes", body: `{"volume": {"size": 1}}`, status: 400,
		want: bad("Invalid input received: what is made must belong to a project; use a token of one.")}.do(t, as("admin"))
}
