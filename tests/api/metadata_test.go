package api

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
)

// etagOf is the tag of {"metadata": …} as Python's json prints it.
func etagOf(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestMetadataOfAVolume(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume(map[string]any{"metadata": map[string]string{"a": "1"}})
	metadataRows(t, c, "/volumes/"+id, "Volume "+id)
}

func TestMetadataOfASnapshot(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	volume := c.volume()
	id := c.want(202, "POST", "/snapshots", map[string]any{"snapshot": map[string]any{"volume_id": volume, "metadata": map[string]string{"a": "1"}}}).
		text("snapshot", "id")
	c.status("snapshot", id, "available")
	metadataRows(t, c, "/snapshots/"+id, "Snapshot "+id)
}

// metadataRows is what both kinds of metadata do alike.
func metadataRows(t *testing.T, c caller, path, owner string) {
	t.Helper()
	path += "/metadata"
	is := func(want string) {
		t.Helper()
		if got := strings.ReplaceAll(string(c.want(200, "GET", path, nil).raw), " ", ""); got != want {
			t.Errorf("metadata is %s, want %s", got, want)
		}
	}
	is(`{"metadata":{"a":"1"}}`)
	c.want(200, "POST", path, `{"metadata": {"b": "2"}}`)
	is(`{"metadata":{"a":"1","b":"2"}}`)
	c.want(200, "PUT", path, `{"metadata": {"c": "3", "d": ""}}`)
	is(`{"metadata":{"c":"3","d":""}}`)
	a := c.want(200, "PUT", path+"/c", `{"meta": {"c": "4"}}`)
	if a.text("meta", "c") != "4" {
		t.Errorf("%s: %s", a.what, a.raw)
	}
	if a := c.want(200, "GET", path+"/c", nil); a.text("meta", "c") != "4" {
		t.Errorf("%s: %s", a.what, a.raw)
	}
	c.want(200, "DELETE", path+"/d", nil)
	is(`{"metadata":{"c":"4"}}`)
	check(t, c, []row{
		{name: "unknown key", method: "GET", path: path + "/z", status: 404, fault: owner + " has no metadata with key z."},
		{name: "delete unknown key", method: "DELETE", path: path + "/z", status: 404, fault: owner + " has no metadata with key z."},
		{name: "another key", method: "PUT", path: path + "/c", body: `{"meta": {"x": "1"}}`, status: 400, fault: "Request body and URI mismatch"},
		{name: "two keys", method: "PUT", path: path + "/c", body: `{"meta": {"c": "1", "x": "1"}}`, status: 400},
		{name: "number", method: "POST", path: path, body: `{"metadata": {"c": 1}}`, status: 400,
			fault: "Invalid input for field/attribute c. Value: 1. 1 is not of type 'string'"},
		{name: "null", method: "POST", path: path, body: `{"metadata": null}`, status: 400,
			fault: "Invalid input for field/attribute metadata. Value: None. None is not of type 'object'"},
		{name: "no metadata", method: "POST", path: path, body: `{"meta": {"c": "1"}}`, status: 400},
		{name: "long value", method: "POST", path: path, body: `{"metadata": {"c": "` + strings.Repeat("v", 256) + `"}}`, status: 400},
		{name: "long key", method: "POST", path: path, body: `{"metadata": {"` + strings.Repeat("k", 256) + `": "v"}}`, status: 400},
		{name: "empty key", method: "POST", path: path, body: `{"metadata": {"": "v"}}`, status: 400},
	})
	is(`{"metadata":{"c":"4"}}`)
	c.want(200, "PUT", path, `{"metadata": {}}`)
	is(`{"metadata":{}}`)
}

func TestMetadataETags(t *testing.T) {
	t.Parallel()
	c := newCaller(t).at("3.15")
	id := c.volume(map[string]any{"metadata": map[string]string{"k": "v"}})
	path := "/volumes/" + id + "/metadata"
	if tag := c.at("3.14").want(200, "GET", path, nil).header.Get("Etag"); tag != "" {
		t.Errorf("ETag %q at 3.14", tag)
	}
	a := c.want(200, "GET", path, nil)
	tag := a.header.Get("Etag")
	if want := etagOf(`{"metadata": {"k": "v"}}`); tag != want {
		t.Errorf("ETag is %q, want %q for %s", tag, want, a.raw)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	match := func(tag string) func(*http.Request) { return func(r *http.Request) { r.Header.Set("If-Match", tag) } }
	for _, r := range []struct{ method, path, body string }{{"PUT", path, `{"metadata": {"k": "w"}}`}, {"PUT", path + "/k", `{"meta": {"k": "w"}}`}} {
		refused := c.want(412, r.method, r.path, r.body, match("0123456789abcdef0123456789abcdef"))
		if len(refused.raw) != 0 {
			t.Errorf("%s: a body: %s", refused.what, refused.raw)
		}
		// Before 3.15 the header means nothing; this puts the value there again.
		c.at("3.14").want(200, r.method, r.path, strings.Replace(r.body, "w", "v", 1), match("wrong"))
	}
	c.want(200, "PUT", path, `{"metadata": {"k": "w"}}`, match(tag))
	c.want(412, "PUT", path, `{"metadata": {"k": "x"}}`, match(tag))
	c.want(200, "PUT", path, `{"metadata": {"k": "x"}}`, match(`"`+etagOf(`{"metadata": {"k": "w"}}`)+`"`))
	c.want(200, "PUT", path+"/k", `{"meta": {"k": "y"}}`, match("aa, "+`"`+etagOf(`{"metadata": {"k": "x"}}`)+`"`))
}
