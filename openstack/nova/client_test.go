package nova_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/openstack"
	"github.com/clinker-io/clinker/openstack/nova"
)

const (
	server     = "00000000-0000-4000-8000-0000000000a1"
	volume     = "00000000-0000-4000-8000-0000000000b1"
	attachment = "00000000-0000-4000-8000-0000000000c1"
	requestID  = "req-00000000-0000-4000-8000-0000000000d1"
	userToken  = "the-token-of-a-user"
	limit      = 20 * time.Second
	shortLimit = 300 * time.Millisecond // for a peer that hangs
)

// peer stands in Keystone's catalogue where Nova does, and answers as a test
// wants: what a real one does is proved in tests/nova, what a broken one may do here.
type peer struct {
	mu      sync.Mutex
	handler http.HandlerFunc
	asked   []*http.Request
	bodies  []string
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	p.asked, p.bodies = append(p.asked, r), append(p.bodies, string(body))
	handler := p.handler
	p.mu.Unlock()
	handler(w, r)
}

// answers sets what comes next and forgets what was asked.
func (p *peer) answers(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handler, p.asked, p.bodies = h, nil, nil
}

func (p *peer) seen() ([]*http.Request, []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked, p.bodies
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// setup is a client over a real Keystone.
func setup(t *testing.T) (*nova.Client, *peer, *openstack.Session) {
	t.Helper()
	k := keystonetest.Start(t)
	u := k.ServiceUser("clinker")
	session, err := openstack.NewSession(openstack.Login{Section: "nova", AuthURL: k.URL, Username: u.Name, Password: u.Password,
		ProjectName: keystonetest.ServiceProject, Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{handler: says(http.StatusOK, "{}")}
	s := httptest.NewServer(p)
	t.Cleanup(s.CloseClientConnections) // those that hang
	k.Register("compute", "nova", s.URL+"/v2.1")
	if _, err := session.Client(t.Context(), openstack.Endpoint{Type: "compute", Interface: "public"}); err != nil { // logs in outside of the time limits
		t.Fatal(err)
	}
	return client(session, limit), p, session
}

func client(s *openstack.Session, limit time.Duration) *nova.Client {
	return nova.New(nova.Config{Session: s, Service: s, Region: keystonetest.Region, Interface: "public", ServiceToken: true, Timeout: limit})
}

var who = openstack.Caller{Token: userToken, RequestID: requestID}

// calls are all that is asked of Nova.
func calls(c *nova.Client) map[string]func(context.Context) error {
	log := slog.New(slog.DiscardHandler)
	return map[string]func(context.Context) error{
		"uses": func(ctx context.Context) error {
			_, err := c.Uses(ctx, who, server, volume, attachment)
			return err
		},
		"host": func(ctx context.Context) error { _, err := c.InstanceHost(ctx, server); return err },
		"swap": func(ctx context.Context) error { return c.SwapVolume(ctx, requestID, server, volume, attachment) },
		"tell": func(ctx context.Context) error {
			return c.Tell(ctx, log, requestID, nova.VolumeExtended, volume, []string{server})
		},
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	c, p, session := setup(t)
	t.Run("what is sent", func(t *testing.T) { testSent(t, c, p) })
	t.Run("answers", func(t *testing.T) { testAnswers(t, c, p) })
	t.Run("faults", func(t *testing.T) { testFaults(t, session, p) })
	t.Run("no endpoint", func(t *testing.T) {
		nowhere := nova.New(nova.Config{Session: session, Service: session, Region: "elsewhere", Interface: "public", Timeout: limit})
		for name, call := range calls(nowhere) {
			if err := call(t.Context()); !errors.Is(err, openstack.ErrNoEndpoint) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func testSent(t *testing.T, c *nova.Client, p *peer) {
	at := "/v2.1/servers/" + server
	for name, want := range map[string]struct{ method, path, version, answer, body string }{
		"uses": {"GET", at + "/os-volume_attachments/" + volume, "2.89", `{"volumeAttachment": {"attachment_id": "` + attachment + `"}}`, ""},
		"host": {"GET", at, "2.1", `{"server": {"OS-EXT-SRV-ATTR:host": "node1"}}`, ""},
		"swap": {"PUT", at + "/os-volume_attachments/" + volume, "2.1", "", `{"volumeAttachment":{"volumeId":"` + attachment + `"}}`},
		"tell": {"POST", "/v2.1/os-server-external-events", "2.51", `{"events": [{"name": "volume-extended", "server_uuid": "` + server + `", "code": 200}]}`,
			`{"events":[{"name":"volume-extended","server_uuid":"` + server + `","tag":"` + volume + `"}]}`},
	} {
		p.answers(says(http.StatusOK, want.answer))
		if err := calls(c)[name](t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		asked, bodies := p.seen()
		if len(asked) != 1 {
			t.Errorf("%s: asked %d times", name, len(asked))
			continue
		}
		r := asked[0]
		if r.Method != want.method || r.URL.Path != want.path || r.Header.Get("X-OpenStack-Nova-API-Version") != want.version || bodies[0] != want.body {
			t.Errorf("%s: %s %s at %s: %s", name, r.Method, r.URL.Path, r.Header.Get("X-OpenStack-Nova-API-Version"), bodies[0])
		}
		if asUser := name == "uses"; (r.Header.Get("X-Auth-Token") == userToken) != asUser || (r.Header.Get("X-Service-Token") != "") != asUser {
			t.Errorf("%s: the wrong tokens", name)
		}
		if id := r.Header.Get("X-OpenStack-Request-ID"); name != "host" && id != requestID {
			t.Errorf("%s: request id %q", name, id)
		}
	}
}

func testAnswers(t *testing.T, c *nova.Client, p *peer) {
	p.answers(says(http.StatusOK, `{"volumeAttachment": {"attachment_id": "`+attachment+`"}}`))
	if used, err := c.Uses(t.Context(), who, server, volume, attachment); err != nil || !used {
		t.Errorf("the same attachment: %v, %v", used, err)
	}
	if used, err := c.Uses(t.Context(), who, server, volume, volume); err != nil || used {
		t.Errorf("another attachment: %v, %v", used, err)
	}
	p.answers(says(http.StatusNotFound, `{"itemNotFound": {"code": 404}}`))
	if used, err := c.Uses(t.Context(), who, server, volume, attachment); err != nil || used {
		t.Errorf("no such server: %v, %v", used, err)
	}
	p.answers(says(http.StatusOK, `{"server": {"OS-EXT-SRV-ATTR:host": "node1"}}`))
	if host, err := c.InstanceHost(t.Context(), server); err != nil || host != "node1" {
		t.Errorf("host %q, %v", host, err)
	}
	p.answers(says(http.StatusOK, `{"server": {"id": "x"}}`))
	if _, err := c.InstanceHost(t.Context(), server); err == nil || !strings.Contains(err.Error(), "role admin") {
		t.Errorf("a host that is not told: %v", err)
	}
	p.answers(says(http.StatusMultiStatus, `{"events": [{"server_uuid": "`+server+`", "code": 422}]}`))
	if err := calls(c)["tell"](t.Context()); err != nil {
		t.Errorf("a server that takes no event: %v", err)
	}
}

func testFaults(t *testing.T, session *openstack.Session, p *peer) {
	hung := make(chan struct{})
	defer close(hung)
	for fault, f := range map[string]struct {
		answer http.HandlerFunc
		tries  int // of what may be repeated
		is     error
	}{
		"does not answer":       {func(_ http.ResponseWriter, r *http.Request) { wait(r, hung) }, 1, context.DeadlineExceeded},
		"stops in its answer":   {func(w http.ResponseWriter, r *http.Request) { half(w); wait(r, hung) }, 1, context.DeadlineExceeded},
		"hangs up":              {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3, nil},
		"errs":                  {says(http.StatusInternalServerError, "boom"), 3, nil},
		"is not ready":          {says(http.StatusServiceUnavailable, ""), 3, nil},
		"refuses":               {says(http.StatusForbidden, `{"forbidden": {}}`), 1, nova.ErrRefused},
		"is in another state":   {says(http.StatusConflict, `{"conflictingRequest": {}}`), 1, nova.ErrRefused},
		"answers garbage":       {says(http.StatusOK, "<html>"), 3, nil},
		"answers null":          {says(http.StatusOK, "null"), 1, nil},
		"answers without end":   {endless, 3, nil},
		"answers another thing": {says(http.StatusOK, `{"events": [{}], "server": {}}`), 1, nil},
	} {
		limit := limit
		if f.is == context.DeadlineExceeded {
			limit = shortLimit
		}
		for name, call := range calls(client(session, limit)) {
			if name == "swap" && (strings.HasPrefix(fault, "answers") || fault == "stops in its answer") {
				continue // whose answer says nothing
			}
			p.answers(f.answer)
			began := time.Now()
			err := call(t.Context())
			if err == nil || f.is != nil && !errors.Is(err, f.is) {
				t.Errorf("Nova %s, %s: %v", fault, name, err)
				continue
			}
			if strings.Contains(err.Error(), userToken) || strings.Contains(err.Error(), "gAAAA") {
				t.Errorf("Nova %s, %s: a token in %v", fault, name, err)
			}
			if took := time.Since(began); took > limit+5*time.Second {
				t.Errorf("Nova %s, %s: took %v", fault, name, took)
			}
			tries := f.tries
			if name == "swap" {
				tries = 1
			}
			// net/http asks once more by itself when a kept connection ends under a GET.
			most := tries
			if fault == "hangs up" && name == "host" {
				most = 2 * tries
			}
			if asked, _ := p.seen(); len(asked) < tries || len(asked) > most {
				t.Errorf("Nova %s, %s: asked %d times, not %d", fault, name, len(asked), tries)
			}
		}
	}
}

func wait(r *http.Request, until <-chan struct{}) {
	select {
	case <-r.Context().Done():
	case <-until:
	}
}

func half(w http.ResponseWriter) {
	_, _ = fmt.Fprint(w, `{"server": `)
	w.(http.Flusher).Flush()
}

func endless(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprint(w, `{"x": "`)
	for r.Context().Err() == nil {
		if _, err := w.Write([]byte(strings.Repeat("y", 64<<10))); err != nil {
			return
		}
	}
}
