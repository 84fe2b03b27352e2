package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestBothFormsOfAPathWorkAndShowInLinks(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	for _, mv := range []string{"3.0", "3.66", newest} {
		with := c.at(mv).want(200, "GET", "/volumes/"+id, nil)
		without := c.at(mv).sendTo("GET", base+"/volumes/"+id, nil)
		if without.status != 200 {
			t.Fatalf("%s: status %d: %s", without.what, without.status, without.raw)
		}
		root := strings.TrimSuffix(base, "/v3")
		for href, want := range map[string]string{
			with.text("volume", "links", 0, "href"):    base + "/" + c.project + "/volumes/" + id,
			with.text("volume", "links", 1, "href"):    root + "/" + c.project + "/volumes/" + id,
			without.text("volume", "links", 0, "href"): base + "/volumes/" + id,
			without.text("volume", "links", 1, "href"): root + "/volumes/" + id,
		} {
			if href != want {
				t.Errorf("at %s: link %q, want %q", mv, href, want)
			}
		}
		if a, b := with.text("volume", "links", 0, "rel"), with.text("volume", "links", 1, "rel"); a != "self" || b != "bookmark" {
			t.Errorf("at %s: links are %q and %q", mv, a, b)
		}
	}
}

func TestAProjectSeesItsOwn(t *testing.T) {
	t.Parallel()
	one, two := newCaller(t), newCaller(t)
	id := one.volume()
	// The path's project must be the token's, for an administrator too.
	a := one.sendTo("GET", base+"/"+two.project+"/volumes", nil)
	if a.status != 400 {
		t.Fatalf("%s: status %d: %s", a.what, a.status, a.raw)
	}
	a.isFault("Malformed request url")
	if n := len(two.want(200, "GET", "/volumes", nil).list("volumes")); n != 0 {
		t.Errorf("another project lists %d volumes", n)
	}
	found := false
	for _, v := range two.want(200, "GET", "/volumes?all_tenants=1&project_id="+one.project, nil).list("volumes") {
		found = found || v.(map[string]any)["id"] == id
	}
	if !found {
		t.Error("an administrator does not see the volume with all_tenants")
	}
}

func TestWithoutATokenOneIsOffered(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	a := c.want(204, "GET", "/volumes", nil, func(r *http.Request) { r.Header.Del("X-Auth-Token") })
	if a.header.Get("X-Auth-Token") == "" || a.header.Get("X-Server-Management-Url") == "" {
		t.Errorf("%s: headers %v", a.what, a.header)
	}
}

func TestPathsThatNoRouteMatches(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	for _, r := range []struct{ method, path string }{
		{"GET", "/nonsense"}, {"PATCH", "/volumes/" + id}, {"DELETE", "/volumes"}, {"DELETE", "/volumes/"}, {"GET", "/volumes/"}, {"PUT", "/volumes/"}, {"GET", "/volumes/detail/"}, {"PUT", "/limits"}, {"GET", "/volumes/" + id + "/nonsense/x/y"},
	} {
		a := c.want(404, r.method, r.path, nil)
		if a.header.Get("OpenStack-API-Version") != "" {
			t.Errorf("%s: the router's 404 has a version", a.what)
		}
		if a.text("code") != "404 Not Found" || a.text("title") != "Not Found" || a.text("message") == "" {
			t.Errorf("%s: body %s", a.what, a.raw)
		}
		if a.header.Get("X-Openstack-Request-Id") == "" {
			t.Errorf("%s: no request id", a.what)
		}
	}
	// A known route without a method behind it is a fault.
	check(t, c, []row{
		{name: "POST messages", method: "POST", path: "/messages", body: `{}`, status: 404, fault: genericNotFound},
		{name: "GET volumes/new", method: "GET", path: "/volumes/new", status: 404, fault: genericNotFound},
		{name: "PUT no volume", method: "PUT", path: "/volumes/None", body: `{"volume": {"name": "x"}}`, status: 404, fault: "Volume None could not be found."},
		{name: "GET xxx", method: "GET", path: "/volumes/xxx", status: 404, fault: "Volume xxx could not be found."},
		{name: "DELETE xxx", method: "DELETE", path: "/volumes/xxx", status: 404, fault: "Volume xxx could not be found."},
		{name: "snapshot", method: "GET", path: "/snapshots/xxx", status: 404, fault: "Snapshot xxx could not be found."},
	})
}

func TestEveryAnswerHasItsRequestID(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	a, b := c.want(200, "GET", "/volumes", nil), c.want(200, "GET", "/volumes", nil)
	ids := []string{a.header.Get("X-Openstack-Request-Id"), b.header.Get("X-Openstack-Request-Id")}
	if !requestID.MatchString(ids[0]) || ids[0] == ids[1] {
		t.Errorf("request ids %q", ids)
	}
	if a.header.Get("X-Compute-Request-Id") != ids[0] {
		t.Errorf("the two request ids differ: %v", a.header)
	}
	global := "req-11111111-2222-3333-4444-555555555555"
	d := c.want(200, "GET", "/volumes", nil, func(r *http.Request) { r.Header.Set("X-OpenStack-Request-ID", global) })
	if d.header.Get("X-Openstack-Request-Id") == global {
		t.Error("the global request id is echoed")
	}
}
