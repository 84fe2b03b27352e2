package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

const project = "0123456789abcdef0123456789abcdef"

// asUser is an authenticator for a caller with these roles.
type asUser []string

func (roles asUser) Authenticate(http.ResponseWriter, *http.Request) *auth.Identity {
	return &auth.Identity{UserID: "u", ProjectID: project, Roles: roles}
}

func echo(_ *API, r *Request) (Response, error) {
	return JSON(func(b []byte) []byte {
		b = appendString(append(b, `{"id": `...), r.Param("id"))
		return append(append(append(b, `, "body": `...), or(r.Body, "null")...), '}')
	}), nil
}

func or(raw []byte, otherwise string) []byte {
	if raw == nil {
		return []byte(otherwise)
	}
	return raw
}

func failing(err error) func(*API, *Request) (Response, error) {
	return func(*API, *Request) (Response, error) { return Response{}, err }
}

func empty(*API, *Request) (Response, error) { return Response{}, nil }

var testRows = []Route{
	{Method: "GET", Path: "/things", Status: 200, Handle: echo},
	{Method: "GET", Path: "/things/detail", Status: 200, Handle: echo},
	{Method: "GET", Path: "/things/{id}", Status: 200, Handle: echo, Until: 9},
	{Method: "GET", Path: "/things/{id}", Status: 203, Handle: echo, Since: 10},
	{Method: "PUT", Path: "/things/{id}", Status: 202, Since: 9, Handle: echo, Schema: schema.Of(schema.Wrap("thing", `{"type":"object","properties":{"size":$volume_size}}`))},
	{Method: "DELETE", Path: "/things/{id}", Status: 204, Handle: empty, Policy: "volume:force_delete"},
	{Method: "POST", Path: "/things/{id}/action", Action: "os-go", Status: 202, Handle: empty, Schema: schema.Of(schema.Wrap("os-go", `{}`))},
	{Method: "POST", Path: "/things/{thing_id}/action", Action: "os-late", Since: 40, Status: 200, Handle: echo, Schema: schema.Of(schema.Wrap("os-late", `{}`))},
	{Method: "GET", Path: "/fail/quota", Handle: failing(db.Errorf(db.OverLimit, "VolumeLimitExceeded: exceeded"))},
	{Method: "GET", Path: "/fail/conflict", Handle: failing(db.Errorf(db.Conflict, "taken"))},
	{Method: "GET", Path: "/fail/secret", Handle: failing(errors.New("secret"))},
	{Method: "GET", Path: "/fail/down", Handle: failing(&db.Error{Kind: db.Unavailable, Msg: "later", Err: errors.New("secret")})},
	{Method: "GET", Path: "/fail/panic", Handle: func(*API, *Request) (Response, error) { panic("secret") }},
}

func testAPI(c Config) *API {
	a := New(c)
	a.router = a.newRouter(testRows)
	return a
}

type call struct {
	name, method, path, body string
	header                   map[string]string
	status                   int
	want                     string            // exact body; "" is not compared
	headers                  map[string]string // of the answer; "" is absent
}

func (c call) do(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(c.method, "http://c:8776"+c.path, strings.NewReader(c.body))
	r.Header.Set("X-Auth-Token", "u:"+project)
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range c.header {
		r.Header.Set(k, v)
		if v == "" {
			r.Header.Del(k)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != c.status {
		t.Errorf("status %d, want %d: %s", w.Code, c.status, w.Body)
	}
	if c.want != "" && w.Body.String() != c.want {
		t.Errorf("body\n%s\nwant\n%s", w.Body, c.want)
	}
	for k, want := range c.headers {
		if got := w.Header().Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	return w
}

func run(t *testing.T, h http.Handler, calls []call) {
	t.Helper()
	for _, c := range calls {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.do(t, h)
		})
	}
}

const (
	generic404 = `{"itemNotFound": {"code": 404, "message": "The resource could not be found."}}`
	router404  = `{"message": "The resource could not be found.<br /><br />\n\n\n", "code": "404 Not Found", "title": "Not Found"}`
	generic400 = `{"badRequest": {"code": 400, "message": "The server could not comply with the request since it is either malformed or otherwise incorrect."}}`
	malformed  = `{"badRequest": {"code": 400, "message": "Malformed request body"}}`
	noSuch     = `{"badRequest": {"code": 400, "message": "There is no such action: %. Verify the request body and Content-Type header and try again."}}`
)

func mv(v string) map[string]string { return map[string]string{"OpenStack-API-Version": v} }

func TestRouting(t *testing.T) {
	t.Parallel()
	in := "/v3/" + project
	asJSON := map[string]string{"Accept": "application/json"}
	run(t, testAPI(Config{}), []call{
		{name: "with project", method: "GET", path: in + "/things/a", status: 200, want: `{"id": "a", "body": null}`},
		{name: "without project", method: "GET", path: "/v3/things/a", status: 200, want: `{"id": "a", "body": null}`},
		{name: "slash at the end", method: "GET", path: in + "/things/", header: asJSON, status: 404, want: router404},
		{name: "escaped part", method: "GET", path: in + "/things/h@b%23p", status: 200, want: `{"id": "h@b#p", "body": null}`},
		{name: "another project", method: "GET", path: "/v3/abc/things", status: 400, want: `{"badRequest": {"code": 400, "message": "Malformed request url"}}`},
		{name: "no project id", method: "GET", path: "/v3/admin/things", header: asJSON, status: 404, want: router404, headers: map[string]string{"OpenStack-API-Version": ""}},
		{name: "project alone", method: "GET", path: in, header: asJSON, status: 404, want: router404},
		{name: "unknown path as text", method: "GET", path: in + "/nothing", status: 404, headers: map[string]string{"Content-Type": "text/plain; charset=UTF-8"}},
		{name: "unknown path as HTML", method: "GET", path: in + "/nothing", header: map[string]string{"Accept": "*/*"}, status: 404, headers: map[string]string{"Content-Type": "text/html; charset=UTF-8"}},
		{name: "wrong verb", method: "PATCH", path: in + "/things/a", header: asJSON, status: 404, want: router404},
		{name: "delete without id", method: "DELETE", path: in + "/things/", header: asJSON, status: 404, want: router404},
		{name: "HEAD", method: "HEAD", path: in + "/things", status: 404},
		{name: "two slashes", method: "GET", path: in + "//things", header: asJSON, status: 404, want: router404},
		{name: "outside of v3", method: "GET", path: "/v2/things", header: asJSON, status: 404, want: router404},
		{name: "known path, no method behind it", method: "POST", path: in + "/extensions", status: 404, want: generic404, headers: map[string]string{"OpenStack-API-Version": "volume 3.0"}},
		{name: "new", method: "GET", path: in + "/extensions/a/edit", status: 404, want: generic404},
		{name: "bad UTF-8", method: "GET", path: in + "/things/%ff", status: 400},
		{name: "NUL", method: "GET", path: in + "/things/a%00", status: 400},
		{name: "NUL in the query", method: "GET", path: in + "/things?name=%00", status: 400},
		{name: "no token", method: "GET", path: in + "/things", header: map[string]string{"X-Auth-Token": ""}, status: 204, headers: map[string]string{"X-Auth-Token": "admin:admin"}},
	})
}

func TestMicroversions(t *testing.T) {
	t.Parallel()
	in := "/v3/" + project + "/things/a"
	said := func(v string) map[string]string {
		if v == "" {
			return map[string]string{"OpenStack-API-Version": "", "Vary": ""}
		}
		return map[string]string{"OpenStack-API-Version": "volume " + v, "Vary": "OpenStack-API-Version"}
	}
	run(t, testAPI(Config{}), []call{
		{name: "none", method: "GET", path: in, status: 200, headers: said("3.0")},
		{name: "old row", method: "GET", path: in, header: mv("volume 3.9"), status: 200, headers: said("3.9")},
		{name: "new row", method: "GET", path: in, header: mv("volume 3.10"), status: 203, headers: said("3.10")},
		{name: "latest", method: "GET", path: in, header: mv("volume latest"), status: 203, headers: said("3.71")},
		{name: "list", method: "GET", path: in, header: mv("compute 2.1, volume 3.59"), status: 203, headers: said("3.59")},
		{name: "other service", method: "GET", path: in, header: mv("compute 2.1"), status: 400, want: generic400, headers: said("")},
		{name: "no number", method: "GET", path: in, header: mv("volume"), status: 400, want: generic400},
		{name: "bad number", method: "GET", path: in, header: mv("volume 3.01"), status: 400,
			want: `{"badRequest": {"code": 400, "message": "API Version String 3.01 is of invalid format. Must be of format MajorNum.MinorNum."}}`, headers: said("")},
		{name: "too new", method: "GET", path: in, header: mv("volume 3.72"), status: 406,
			want: `{"computeFault": {"code": 406, "message": "Version 3.72 is not supported by the API. Minimum is 3.0 and maximum is 3.71."}}`, headers: said("3.72")},
		{name: "retired", method: "GET", path: in, header: mv("volume 2.0"), status: 406, headers: said("")},
		{name: "below the row", method: "PUT", path: in, body: `{"thing":{"size":1}}`, header: mv("volume 3.8"), status: 404, want: generic404, headers: said("3.8")},
	})
}

func TestBodiesAndActions(t *testing.T) {
	t.Parallel()
	in := "/v3/" + project + "/things/a"
	deep := strings.Repeat("[", 50000)
	run(t, testAPI(Config{}), []call{
		{name: "checked", method: "PUT", path: in, body: `{"thing":{"size":"5","Size":9}}`, header: mv("volume 3.9"), status: 202, want: `{"id": "a", "body": {"thing":{"size":"5"}}}`},
		{name: "vendor type", method: "PUT", path: in, body: `{"thing":{}}`, header: map[string]string{"OpenStack-API-Version": "volume 3.9", "Content-Type": "application/vnd.openstack.volume+json; charset=utf-8"}, status: 202},
		{name: "schema", method: "PUT", path: in, body: `{"thing":{"size":0}}`, header: mv("volume 3.9"), status: 400,
			want: `{"badRequest": {"code": 400, "message": "Invalid input for field/attribute size. Value: 0. 0 is less than the minimum of 1"}}`},
		{name: "no body", method: "PUT", path: in, header: mv("volume 3.9"), status: 400, want: `{"badRequest": {"code": 400, "message": "None is not of type 'object'"}}`},
		{name: "no content type", method: "POST", path: in + "/action", body: `{"os-go":null}`, header: map[string]string{"Content-Type": ""}, status: 400, want: strings.Replace(noSuch, "%", "None", 1)},
		{name: "other content type", method: "POST", path: in + "/action", body: `{"os-go":null}`, header: map[string]string{"Content-Type": "text/plain"}, status: 415,
			want: `{"badMediaType": {"code": 415, "message": "Unsupported Content-Type"}}`},
		{name: "not JSON", method: "POST", path: in + "/action", body: `{`, status: 400, want: malformed},
		{name: "two values", method: "POST", path: in + "/action", body: `{"os-go":1} 2`, status: 400, want: malformed},
		{name: "invalid UTF-8", method: "POST", path: in + "/action", body: "{\"os-go\":\"\xff\"}", status: 400, want: malformed},
		{name: "very deep", method: "POST", path: in + "/action", body: deep, status: 400, want: malformed},
		{name: "costly number", method: "POST", path: in + "/action", body: `{"os-go":1e999999999}`, status: 400, want: malformed},
		{name: "NUL in a text", method: "POST", path: in + "/action", body: `{"os-go":{"a":"\u0000"}}`, status: 400},
		{name: "action", method: "POST", path: in + "/action", body: `{"os-go":null}`, status: 202, headers: map[string]string{"Content-Type": "application/json", "Content-Length": "0"}},
		{name: "unknown action", method: "POST", path: in + "/action", body: `{"os-x":null}`, status: 400, want: strings.Replace(noSuch, "%", "os-x", 1)},
		{name: "two actions", method: "POST", path: in + "/action", body: `{"os-go":null,"os-late":null}`, status: 400, want: malformed},
		{name: "no action", method: "POST", path: in + "/action", body: `{}`, status: 400, want: malformed},
		{name: "a list of actions", method: "POST", path: in + "/action", body: `["os-go"]`, status: 400, want: malformed},
		{name: "action below its version", method: "POST", path: in + "/action", body: `{"os-late":null}`, header: mv("volume 3.39"), status: 404, want: generic404},
		{name: "action at its version", method: "POST", path: in + "/action", body: `{"os-late":null}`, header: mv("volume 3.40"), status: 200},
		{name: "too big", method: "PUT", path: in, body: strings.Repeat(" ", maxBody+1), status: 413, headers: map[string]string{"Content-Type": "text/plain; charset=UTF-8"}},
	})
}

// A body without a declared length is cut off as well.
func TestBodyOfUnknownLengthIsBounded(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("PUT", "/v3/things/a", struct{ *strings.Reader }{strings.NewReader(strings.Repeat(" ", maxBody+1))})
	r.ContentLength = -1
	r.Header.Set("X-Auth-Token", "u:"+project)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	testAPI(Config{}).ServeHTTP(w, r)
	if w.Code != 413 || w.Header().Get("Content-Type") != "text/plain; charset=UTF-8" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	run(t, testAPI(Config{}), []call{
		{name: "quota", method: "GET", path: "/v3/fail/quota", status: 413, headers: map[string]string{"Retry-After": "0"},
			want: `{"overLimit": {"code": 413, "message": "VolumeLimitExceeded: exceeded", "retryAfter": "0"}}`},
		{name: "conflict", method: "GET", path: "/v3/fail/conflict", status: 409, want: `{"conflictingRequest": {"code": 409, "message": "taken"}}`},
		{name: "down", method: "GET", path: "/v3/fail/down", status: 503, want: `{"serviceUnavailable": {"code": 503, "message": "later"}}`},
		{name: "unknown error", method: "GET", path: "/v3/fail/secret", status: 500,
			want: `{"computeFault": {"code": 500, "message": "The server has either erred or is incapable of performing the requested operation."}}`},
		{name: "panic", method: "GET", path: "/v3/fail/panic", status: 500,
			want: `{"computeFault": {"code": 500, "message": "The server has either erred or is incapable of performing the requested operation."}}`},
	})
	run(t, testAPI(Config{Auth: asUser{"reader"}}), []call{
		{name: "policy", method: "DELETE", path: "/v3/things/a", status: 403,
			want: `{"forbidden": {"code": 403, "message": "Policy doesn't allow volume:force_delete to be performed."}}`},
	})
	run(t, testAPI(Config{Auth: asUser{"Admin"}}), []call{
		{name: "admin by role", method: "DELETE", path: "/v3/things/a", status: 204, headers: map[string]string{"Content-Type": ""}},
	})
}

func TestEveryAnswerHasARequestID(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	global := "req-3d7b9d9c-9e5f-4a04-b26f-0d9c1a2b3c4d"
	for _, path := range []string{"/v3/things", "/v3/nothing", "/v3/fail/panic", "/v3/fail/quota"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("X-Auth-Token", "u:"+project)
		r.Header.Set("X-OpenStack-Request-ID", global)
		w := httptest.NewRecorder()
		testAPI(Config{}).ServeHTTP(w, r)
		a, b := w.Header().Get("x-openstack-request-id"), w.Header().Get("x-compute-request-id")
		if !id.MatchString(a) || a != b || a == global {
			t.Errorf("%s: %q and %q", path, a, b)
		}
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	doc := func(base string) string {
		return `{"versions": [{"id": "v3.0", "status": "CURRENT", "version": "3.71", "min_version": "3.0", "updated": "2023-08-31T00:00:00Z", "links": ` +
			`[{"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"}, {"rel": "self", "href": "` + base + `/v3/"}], ` +
			`"media-types": [{"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}]}]}`
	}
	none := map[string]string{"X-Auth-Token": ""}
	run(t, New(Config{}), []call{
		{name: "root", method: "GET", path: "/", header: none, status: 300, want: doc("http://c:8776"), headers: map[string]string{"OpenStack-API-Version": "volume 3.0"}},
		{name: "v3/", method: "GET", path: "/v3/", header: none, status: 200, want: doc("http://c:8776")},
		{name: "v3", method: "GET", path: "/v3", header: none, status: 200, want: doc("http://c:8776")},
		{name: "406", method: "GET", path: "/", header: mv("volume 4.0"), status: 406},
		{name: "forwarded is not trusted", method: "GET", path: "/", header: map[string]string{"X-Forwarded-Host": "evil"}, status: 300, want: doc("http://c:8776")},
		{name: "health", method: "GET", path: "/healthcheck", header: none, status: 200, want: "OK"},
		{name: "health as JSON", method: "GET", path: "/healthcheck", header: map[string]string{"Accept": "application/json"}, status: 200, want: `{"detailed": false, "reasons": ["OK"]}`},
	})
	run(t, New(Config{PublicEndpoint: "https://cloud/volume/"}), []call{
		{name: "public endpoint", method: "GET", path: "/v3/", status: 200, want: doc("https://cloud/volume")},
	})
	run(t, New(Config{TrustProxyHeaders: true}), []call{
		{name: "trusted proxy", method: "GET", path: "/", header: map[string]string{"X-Forwarded-Host": "a, b:1", "X-Forwarded-Proto": "https"}, status: 300, want: doc("https://b:1")},
	})
}

func TestExtensions(t *testing.T) {
	t.Parallel()
	a := New(Config{})
	w := call{method: "GET", path: "/v3/" + project + "/extensions", status: 200}.do(t, a)
	var got struct {
		Extensions []struct {
			Name, Alias, Description, Updated string
			Links                             []any
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Extensions) != len(extensions) {
		t.Fatalf("%v, %d extensions", err, len(got.Extensions))
	}
	call{method: "GET", path: "/v3/extensions/os-hosts", status: 200,
		want: `{"extension": {"name": "Hosts", "alias": "os-hosts", "description": "Hosts and what is on them.", "updated": "2011-06-29T00:00:00+00:00", "links": []}}`}.do(t, a)
	call{method: "GET", path: "/v3/extensions/none", status: 404, want: generic404}.do(t, a)
}

// Every rule that a row names exists, and every row can be served.
func TestTableIsWhole(t *testing.T) {
	t.Parallel()
	e := New(Config{}).Policy.Current()
	seen := make(map[string]bool)
	for _, r := range Routes() {
		for _, rule := range slices.Concat([]string{r.Policy}, r.Checks, r.Also) {
			if rule != "" && !e.Known(rule) {
				t.Errorf("%s %s: no rule %s", r.Method, r.Path, rule)
			}
		}
		key := r.Method + " " + r.Path + " " + r.Action
		if r.Handle == nil || r.Status == 0 || (r.Until == 0 && seen[key]) {
			t.Errorf("%s is incomplete or twice in the table", key)
		}
		seen[key] = true
	}
}

type item struct {
	id, owner string
}

func TestViewsFollowVersionAndRule(t *testing.T) {
	t.Parallel()
	fields := []Field[item]{
		{"id", 0, anyone, func(b []byte, _ *Request, v *item) []byte { return appendString(b, v.id) }},
		{"host", 0, "volume_extension:volume_host_attribute", func(b []byte, _ *Request, _ *item) []byte { return appendString(b, "h") }},
		{"new", 48, anyone, func(b []byte, _ *Request, _ *item) []byte { return appendBool(b, true) }},
		{"links", 0, anyone, func(b []byte, r *Request, v *item) []byte { return appendLinks(b, r, "things", v.id) }},
	}
	handle := func(_ *API, r *Request) (Response, error) {
		n := int64(7)
		v := newView(r, fields, func(i *item) string { return i.owner })
		return v.Many([]item{{"a", project}, {"b", "q"}}, Page{Key: "things", Links: "things_links", Collection: "things/detail", Limit: 2, Last: "b", Count: &n}), nil
	}
	links := func(scope, id string) string {
		return `"links": [{"rel": "self", "href": "http://c:8776/v3` + scope + `/things/` + id + `"}, {"rel": "bookmark", "href": "http://c:8776` + scope + `/things/` + id + `"}]`
	}
	for _, c := range []struct {
		auth       auth.Authenticator
		mv, prefix string
		want       string
	}{
		{asUser{"member"}, "volume 3.47", "/v3", `{"things": [{"id": "a", ` + links("", "a") + `}, {"id": "b", ` + links("", "b") + `}], "things_links": [{"rel": "next", "href": "http://c:8776/v3/things/detail?limit=2&name=a+b&marker=b"}], "count": 7}`},
		{asUser{"admin"}, "volume 3.48", "/v3/" + project, `{"things": [{"id": "a", "host": "h", "new": true, ` + links("/"+project, "a") + `}, {"id": "b", "host": "h", "new": true, ` + links("/"+project, "b") + `}], "things_links": [{"rel": "next", "href": "http://c:8776/v3/` + project + `/things/detail?limit=2&name=a+b&marker=b"}], "count": 7}`},
	} {
		a := New(Config{Auth: c.auth})
		a.router = a.newRouter([]Route{{Method: "GET", Path: "/things/detail", Status: 200, Handle: handle}})
		call{method: "GET", path: c.prefix + "/things/detail?limit=2&offset=3&name=a+b&marker=x", header: mv(c.mv), status: 200, want: c.want}.do(t, a)
	}
}

func TestStringsAreJSON(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "a\"\\\n\r\t\x01/<>&", "ü€😀\u2028", "\xff a \xc3"} {
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); !cmp.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
