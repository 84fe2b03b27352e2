package api

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/migrations"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// backed is the API over a fresh database: for an administrator, who is also a
// member of the project, and for a member alone.
type backed struct {
	store       *db.Store
	admin, user http.Handler
}

func newBacked(t *testing.T) backed {
	t.Helper()
	limits := db.QuotaDefaults{Volumes: 10, Snapshots: 10, Gigabytes: 1000, Groups: 10, Backups: 10, BackupGigabytes: 1000, PerVolumeGigabytes: -1}
	s, err := db.Open(t.Context(), pgtest.New(t, migrations.Up), db.Options{Quotas: limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	as := func(roles ...string) http.Handler {
		return New(Config{Store: s, Auth: auth.Authenticator(asUser(roles))})
	}
	return backed{store: s, admin: as("admin", "member", "reader"), user: as("member", "reader")}
}

// sql changes rows behind the API's back.
func (b backed) sql(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := b.store.Pool().Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// steps sends calls in turn, below the project's path.
func steps(t *testing.T, h http.Handler, calls []call) {
	t.Helper()
	for _, c := range calls {
		c.path = "/v3/" + project + c.path
		t.Run(c.name, func(t *testing.T) { c.do(t, h) })
	}
}

// ask sends one call and decodes the answer.
func ask(t *testing.T, h http.Handler, method, path, version, body string) map[string]any {
	t.Helper()
	c := call{method: method, path: "/v3/" + project + path, body: body, status: 200, header: map[string]string{"OpenStack-API-Version": "volume 3." + version}}
	var out map[string]any
	if err := json.Unmarshal(c.do(t, h).Body.Bytes(), &out); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

// dig follows keys and indexes into an answer.
func dig(t *testing.T, v any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch key := p.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("no object with %s: %v", key, v)
			}
			v = m[key]
		case int:
			l, ok := v.([]any)
			if !ok || key >= len(l) {
				t.Fatalf("no item %d: %v", key, v)
			}
			v = l[key]
		}
	}
	return v
}

// column is one key of all items of a list.
func column(t *testing.T, list any, key string) []any {
	t.Helper()
	items, ok := list.([]any)
	if !ok {
		t.Fatalf("no list: %v", list)
	}
	out := make([]any, len(items))
	for i := range items {
		out[i] = dig(t, items[i], key)
	}
	return out
}

// fault is the body of a refusal.
func fault(name string, code int, message string) string {
	return `{"` + name + `": {"code": ` + string(appendInt(nil, int64(code))) + `, "message": ` + string(appendString(nil, message)) + `}}`
}

func bad(message string) string      { return fault("badRequest", 400, message) }
func missing(message string) string  { return fault("itemNotFound", 404, message) }
func conflict(message string) string { return fault("conflictingRequest", 409, message) }
func forbidden(rule string) string {
	return fault("forbidden", 403, "Policy doesn't allow "+rule+" to be performed.")
}
