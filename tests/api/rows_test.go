package api

import (
	"cmp"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// row is one request and the answer that Cinder gives.
type row struct {
	name   string
	mv     string // empty: the caller's
	method string
	path   string
	body   any
	status int
	// fault is the message of a refusal, exactly; with a * at its end, what it
	// begins with; empty: not compared.
	fault string
	edit  func(*http.Request)
}

// faultNames are Cinder's names of refusals.
var faultNames = map[int]string{400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 406: "computeFault",
	409: "conflictingRequest", 413: "overLimit", 415: "badMediaType"}

const genericNotFound = "The resource could not be found."

// check sends every row in turn.
func check(t *testing.T, c caller, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			c := c.in(t).at(cmp.Or(r.mv, c.mv))
			var edits []func(*http.Request)
			if r.edit != nil {
				edits = append(edits, r.edit)
			}
			a := c.send(r.method, r.path, r.body, edits...)
			if a.status != r.status {
				t.Fatalf("%s: status %d, want %d: %s", a.what, a.status, r.status, a.raw)
			}
			if r.status >= 400 {
				a.isFault(r.fault)
			}
		})
	}
}

var requestID = regexp.MustCompile(`^req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// isFault insists on the shape of a refusal, and its message.
func (a answer) isFault(message string) {
	a.t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/json" {
		a.t.Errorf("%s: Content-Type %q of a fault", a.what, got)
	}
	name := faultNames[a.status]
	all := a.object()
	if len(all) != 1 || all[name] == nil {
		a.t.Fatalf("%s: want one key %q: %s", a.what, name, a.raw)
	}
	if code := a.get(name, "code"); code != float64(a.status) {
		a.t.Errorf("%s: code %v in a fault of status %d", a.what, code, a.status)
	}
	got := a.text(name, "message")
	begin, prefix := strings.CutSuffix(message, "*")
	if message != "" && got != message && (!prefix || !strings.HasPrefix(got, begin)) {
		a.t.Errorf("%s:\n got message %q\nwant message %q", a.what, got, message)
	}
	for _, h := range []string{"X-Compute-Request-Id", "X-Openstack-Request-Id"} {
		if id := a.header.Get(h); !requestID.MatchString(id) {
			a.t.Errorf("%s: %s is %q", a.what, h, id)
		}
	}
}

// keys insists on exactly these keys, separated by spaces.
func keys(t testing.TB, what string, m map[string]any, want string) {
	t.Helper()
	left := make(map[string]bool)
	for _, k := range strings.Fields(want) {
		left[k] = true
	}
	for k := range m {
		if !left[k] {
			t.Errorf("%s: has %q, which Cinder does not show there", what, k)
		}
		delete(left, k)
	}
	for k := range left {
		t.Errorf("%s: lacks %q", what, k)
	}
}
