package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestDiscoveryListsTheOneVersion(t *testing.T) {
	t.Parallel()
	root := strings.TrimSuffix(base, "/v3")
	bare := func(r *http.Request) { r.Header.Del("X-Auth-Token"); r.Header.Del("OpenStack-API-Version") }
	for url, status := range map[string]int{root + "/": 300, root + "/v3/": 200} {
		c := newCaller(t)
		a := c.sendTo("GET", url, nil, bare)
		if a.status != status {
			t.Fatalf("%s: status %d, want %d: %s", a.what, a.status, status, a.raw)
		}
		if got := a.header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: Content-Type %q", a.what, got)
		}
		if n := len(a.list("versions")); n != 1 {
			t.Fatalf("%s: %d versions: %s", a.what, n, a.raw)
		}
		keys(t, a.what, a.object("versions", 0), "id status version min_version updated links media-types")
		for key, want := range map[string]string{"id": "v3.0", "status": "CURRENT", "version": newest, "min_version": "3.0"} {
			if got := a.text("versions", 0, key); got != want {
				t.Errorf("%s: %s is %q, want %q", a.what, key, got, want)
			}
		}
		if got := a.text("versions", 0, "media-types", 0, "type"); got != "application/vnd.openstack.volume+json;version=3" {
			t.Errorf("%s: media type %q", a.what, got)
		}
		selfs := 0
		for i := range a.list("versions", 0, "links") {
			if a.text("versions", 0, "links", i, "rel") == "self" {
				selfs++
				if got := a.text("versions", 0, "links", i, "href"); got != root+"/v3/" {
					t.Errorf("%s: self is %q", a.what, got)
				}
			}
		}
		if selfs != 1 {
			t.Errorf("%s: %d links to itself", a.what, selfs)
		}
	}
}

func TestEveryMicroversionIsSpokenAndEchoed(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	for minor := range 72 {
		mv := fmt.Sprintf("3.%d", minor)
		a := c.at(mv).want(200, "GET", "/volumes", nil)
		if got := a.header.Get("OpenStack-API-Version"); got != "volume "+mv {
			t.Errorf("%s: OpenStack-API-Version %q", a.what, got)
		}
		if got := a.header.Get("Vary"); got != "OpenStack-API-Version" {
			t.Errorf("%s: Vary %q", a.what, got)
		}
	}
}

func TestNegotiation(t *testing.T) {
	t.Parallel()
	c := newCaller(t).at("")
	const none = "-"
	for _, r := range []struct {
		header string
		status int
		echo   string // none: no header
		fault  string
	}{
		{"", 200, "volume 3.0", ""},
		{"volume latest", 200, "volume 3.71", ""},
		{"volume 3.72", 406, "volume 3.72", "Version 3.72 is not supported by the API. Minimum is 3.0 and maximum is 3.71."},
		{"volume 3.1000", 406, "volume 3.1000", "Version 3.1000 is not supported by the API. Minimum is 3.0 and maximum is 3.71."},
		{"volume 4.0", 406, "volume 4.0", "Version 4.0 is not supported by the API. Minimum is 3.0 and maximum is 3.71."},
		{"volume 2.7", 406, "volume 2.7", "Version 2.7 is not supported by the API. Minimum is 3.0 and maximum is 3.71."},
		{"volume 2.0", 406, none, "Version 2.0 is not supported by the API. Minimum is 3.0 and maximum is 3.71."},
		{"volume 3.07", 400, none, "API Version String 3.07 is of invalid format. Must be of format MajorNum.MinorNum."},
		{"volume 03.7", 400, none, "API Version String 03.7 is of invalid format. Must be of format MajorNum.MinorNum."},
		{"volume 3", 400, none, "API Version String 3 is of invalid format. Must be of format MajorNum.MinorNum."},
		{"volume abc", 400, none, "API Version String abc is of invalid format. Must be of format MajorNum.MinorNum."},
		{"volume 3.-1", 400, none, "API Version String 3.-1 is of invalid format. Must be of format MajorNum.MinorNum."},
		{"volume 3.99999999999999999999999", 406, "volume 3.99999999999999999999999", ""},
		{"volume", 400, none, ""}, // 500 upstream, a slip
		{"volume 3.1 3.2", 400, none, ""},
		{"compute 2.1", 400, none, ""},
		{"3.27", 400, none, ""},
		{"compute 2.1, volume 3.27", 200, "volume 3.27", ""},
		{"volume 3.27, compute 2.1", 200, "volume 3.27", ""},
		{"volume 3.28,volume 3.27", 200, "volume 3.28", ""},
	} {
		t.Run(strings.ReplaceAll(r.header, " ", "_"), func(t *testing.T) {
			a := c.in(t).send("GET", "/volumes", nil, func(req *http.Request) {
				if r.header != "" {
					req.Header.Set("OpenStack-API-Version", r.header)
				}
			})
			if a.status != r.status {
				t.Fatalf("header %q: status %d, want %d: %s", r.header, a.status, r.status, a.raw)
			}
			if got := a.header.Get("OpenStack-API-Version"); got != r.echo && (r.echo != none || got != "") {
				t.Errorf("header %q is answered by %q, want %q", r.header, got, r.echo)
			}
			if r.status >= 400 {
				a.isFault(r.fault)
			}
		})
	}
}

func TestCallsBeforeTheirMicroversionAreNotFound(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	attachment := c.at("3.54").want(200, "POST", "/attachments", map[string]any{"attachment": map[string]any{"volume_uuid": id}}).text("attachment", "id")
	check(t, c, []row{
		{name: "messages 3.2", mv: "3.2", method: "GET", path: "/messages", status: 404, fault: genericNotFound},
		{name: "messages 3.3", mv: "3.3", method: "GET", path: "/messages", status: 200},
		{name: "summary 3.11", mv: "3.11", method: "GET", path: "/volumes/summary", status: 404},
		{name: "summary 3.12", mv: "3.12", method: "GET", path: "/volumes/summary", status: 200},
		{name: "attachments 3.26", mv: "3.26", method: "GET", path: "/attachments", status: 404, fault: genericNotFound},
		{name: "attachments 3.27", mv: "3.27", method: "GET", path: "/attachments", status: 200},
		{name: "attachment detail 3.26", mv: "3.26", method: "GET", path: "/attachments/detail", status: 404, fault: genericNotFound},
		{name: "attachment create 3.26", mv: "3.26", method: "POST", path: "/attachments", body: map[string]any{"attachment": map[string]any{"volume_uuid": id}},
			status: 404, fault: genericNotFound},
		{name: "os-complete 3.43", mv: "3.43", method: "POST", path: "/attachments/" + attachment + "/action", body: `{"os-complete": null}`,
			status: 404, fault: genericNotFound},
	})
}
