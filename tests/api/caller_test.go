package api

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	requestLimit = 90 * time.Second
	waitLimit    = 60 * time.Second
	newest       = "3.71"
)

// caller sends requests of one project at one microversion.
type caller struct {
	t       testing.TB
	project string
	mv      string // empty: no header
	base    string // of another service than everybody's
}

// newCaller returns one for a project that nobody else uses.
func newCaller(t testing.TB) caller {
	raw := make([]byte, 16)
	for i := range raw {
		raw[i] = byte(rand.IntN(256))
	}
	return caller{t: t, project: hex.EncodeToString(raw), mv: "3.65"}
}

// at returns a caller of the same project at another microversion.
func (c caller) at(mv string) caller { c.mv = mv; return c }

// in returns the caller for a subtest.
func (c caller) in(t testing.TB) caller { c.t = t; return c }

// answer is what came back.
type answer struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	raw    []byte
}

// send makes a request below the project's URL. A body that is a string or
// []byte goes as it is, nil is none, anything else becomes JSON.
func (c caller) send(method, path string, body any, edits ...func(*http.Request)) answer {
	c.t.Helper()
	return c.sendTo(method, cmp.Or(c.base, base)+"/"+c.project+path, body, edits...)
}

// sendTo is send to a whole URL.
func (c caller) sendTo(method, url string, body any, edits ...func(*http.Request)) answer {
	c.t.Helper()
	req, err := http.NewRequest(method, url, content(c.t, body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", "tester:"+c.project)
	if c.mv != "" {
		req.Header.Set("OpenStack-API-Version", "volume "+c.mv)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, edit := range edits {
		edit(req)
	}
	resp, err := client.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, url, err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, url, err)
	}
	return answer{c.t, describe(method, strings.TrimPrefix(url, base), c.mv, body), resp.StatusCode, resp.Header, raw}
}

// describe names a request in a failure's message, long parts cut short.
func describe(method, path, mv string, body any) string {
	const most = 300
	text, ok := body.(string)
	if raw, err := json.Marshal(body); !ok && body != nil && err == nil {
		text = string(raw)
	}
	return fmt.Sprintf("%s %.*s at %q %.*s", method, most, path, mv, most, text)
}

func content(t testing.TB, body any) io.Reader {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(b)
	case []byte:
		return bytes.NewReader(b)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(raw)
}

// want ends the test when the status is another one.
func (c caller) want(status int, method, path string, body any, edits ...func(*http.Request)) answer {
	c.t.Helper()
	a := c.send(method, path, body, edits...)
	if a.status != status {
		c.t.Fatalf("%s: status %d, want %d: %s", a.what, a.status, status, a.raw)
	}
	return a
}

// value is the answer's JSON.
func (a answer) value() any {
	a.t.Helper()
	var v any
	if err := json.Unmarshal(a.raw, &v); err != nil {
		a.t.Fatalf("%s: %v in %q", a.what, err, a.raw)
	}
	return v
}

// get walks into the JSON by keys (string) and indexes (int).
func (a answer) get(steps ...any) any {
	a.t.Helper()
	v := a.value()
	for _, s := range steps {
		switch key := s.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				a.t.Fatalf("%s: nothing at %v in %s", a.what, steps, a.raw)
			}
			if v, ok = m[key]; !ok {
				a.t.Fatalf("%s: no %q of %v in %s", a.what, key, steps, a.raw)
			}
		case int:
			l, ok := v.([]any)
			if !ok || key >= len(l) {
				a.t.Fatalf("%s: no item %d of %v in %s", a.what, key, steps, a.raw)
			}
			v = l[key]
		}
	}
	return v
}

// text is get for a string.
func (a answer) text(steps ...any) string {
	a.t.Helper()
	s, ok := a.get(steps...).(string)
	if !ok {
		a.t.Fatalf("%s: %v is no text in %s", a.what, steps, a.raw)
	}
	return s
}

// list is get for an array.
func (a answer) list(steps ...any) []any {
	a.t.Helper()
	l, ok := a.get(steps...).([]any)
	if !ok {
		a.t.Fatalf("%s: %v is no list in %s", a.what, steps, a.raw)
	}
	return l
}

// object is get for an object.
func (a answer) object(steps ...any) map[string]any {
	a.t.Helper()
	m, ok := a.get(steps...).(map[string]any)
	if !ok {
		a.t.Fatalf("%s: %v is no object in %s", a.what, steps, a.raw)
	}
	return m
}

// await polls until done says so; the API has nothing to wait on.
func (c caller) await(what string, done func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(waitLimit)
	for pause := 5 * time.Millisecond; !done(); pause = min(2*pause, 200*time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: not within %v", what, waitLimit)
		}
		time.Sleep(pause)
	}
}

// volume makes one of 1 GiB and returns its id when it is available. members
// are added to the request.
func (c caller) volume(members ...map[string]any) string {
	c.t.Helper()
	body := map[string]any{"size": 1}
	for _, m := range members {
		for k, v := range m {
			body[k] = v
		}
	}
	id := c.want(202, "POST", "/volumes", map[string]any{"volume": body}).text("volume", "id")
	c.status("volume", id, "available")
	return id
}

// snapshot makes one and returns its id when it is available.
func (c caller) snapshot(volume string) string {
	c.t.Helper()
	id := c.want(202, "POST", "/snapshots", map[string]any{"snapshot": map[string]any{"volume_id": volume}}).text("snapshot", "id")
	c.status("snapshot", id, "available")
	return id
}

// status waits until the volume or snapshot has one.
func (c caller) status(kind, id, want string) {
	c.t.Helper()
	last := ""
	c.await(kind+" "+id+" to be "+want, func() bool {
		c.t.Helper()
		last = c.want(200, "GET", "/"+kind+"s/"+id, nil).text(kind, "status")
		if last != want && strings.HasPrefix(last, "error") {
			c.t.Fatalf("%s %s is %s, want %s", kind, id, last, want)
		}
		return last == want
	})
}

// gone waits until GET is 404.
func (c caller) gone(path string) {
	c.t.Helper()
	c.await(path+" to be gone", func() bool { c.t.Helper(); return c.send("GET", path, nil).status == http.StatusNotFound })
}
