package api

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestBodiesThatAreNone(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	noType := func(r *http.Request) { r.Header.Del("Content-Type") }
	kind := func(k string) func(*http.Request) { return func(r *http.Request) { r.Header.Set("Content-Type", k) } }
	good := `{"volume": {"size": 1}}`
	post := func(name string, body any, status int, fault string, edit func(*http.Request)) row {
		return row{name: name, method: "POST", path: "/volumes", body: body, status: status, fault: fault, edit: edit}
	}
	check(t, c, []row{
		post("not JSON", "hello", 400, "Malformed request body", nil),
		post("half", `{"volume": {"size": 1}`, 400, "Malformed request body", nil),
		post("two values", good+good, 400, "Malformed request body", nil),
		post("bad UTF-8", []byte("{\"volume\": {\"size\": 1, \"name\": \"\xff\xfe\"}}"), 400, "", nil),
		post("NUL", `{"volume": {"size": 1, "name": "a\u0000b"}}`, 400, "", nil),
		post("lone surrogate", `{"volume": {"size": 1, "name": "a\ud800b"}}`, 400, "", nil),
		post("number", `1`, 400, "", nil),
		post("list", `[]`, 400, "", nil),
		post("null", `null`, 400, "", nil),
		post("text", `"volume"`, 400, "", nil),
		post("empty", ``, 400, "", nil), // 500 upstream, a slip
		post("no body", nil, 400, "", nil),
		post("no content type", good, 400, "", noType), // taken as no body
		post("XML", "<volume/>", 415, "", kind("application/xml")),
		post("form", "a=b", 415, "", kind("application/x-www-form-urlencoded")),
		post("vendor type", good, 202, "", kind("application/vnd.openstack.volume+json")),
		post("charset", good, 202, "", kind("application/json; charset=UTF-8")),
		post("deep", strings.Repeat("[", 50000)+strings.Repeat("]", 50000), 400, "", nil),
	})
}

func TestActionBodies(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	post := func(name string, body any, status int, fault string) row {
		return row{name: name, method: "POST", path: "/volumes/" + id + "/action", body: body, status: status, fault: fault}
	}
	const verify = " Verify the request body and Content-Type header and try again."
	check(t, c, []row{
		post("unknown", `{"os-nonsense": {}}`, 400, "There is no such action: os-nonsense."+verify),
		post("no body", nil, 400, "There is no such action: None."+verify),
		post("two keys", `{"os-extend": {"new_size": 2}, "os-reserve": null}`, 400, "Malformed request body"),
		post("no key", `{}`, 400, "Malformed request body"),
		post("no object", `[]`, 400, "Malformed request body"),
	})
}

// tooLarge is the plain text of Cinder's size filter.
func tooLarge(t *testing.T, resp *http.Response) {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 413 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		raw, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		t.Errorf("status %d, Content-Type %q: %s", resp.StatusCode, resp.Header.Get("Content-Type"), raw)
	}
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	fits := `{"volume": {"size": 1, "name": "x"` + strings.Repeat(" ", 114688-36) + `}}`
	if len(fits) != 114688 {
		t.Fatalf("the body has %d bytes", len(fits))
	}
	c.want(202, "POST", "/volumes", fits)
	for name, size := range map[string]int{"one byte more": 114689, "100 MiB": 100 << 20} {
		for _, chunked := range []bool{false, true} {
			var body io.Reader = bytes.NewReader(bytes.Repeat([]byte(" "), size))
			if chunked {
				body = io.NopCloser(body) // hides the length
			}
			req, err := http.NewRequest("POST", base+"/"+c.project+"/volumes", body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Auth-Token", "tester:"+c.project)
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Expect", "100-continue") // the answer must come without the body being sent
			own := &http.Client{Timeout: requestLimit, Transport: &http.Transport{ExpectContinueTimeout: requestLimit, DisableKeepAlives: true}}
			resp, err := own.Do(req)
			if err != nil {
				t.Errorf("%s, chunked %v: %v", name, chunked, err)
				continue
			}
			tooLarge(t, resp)
		}
	}
	if n := len(c.want(200, "GET", "/volumes", nil).list("volumes")); n != 1 {
		t.Errorf("%d volumes, want 1", n)
	}
}
