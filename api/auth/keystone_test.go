package auth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/openstack"
)

// cloud is a Keystone with a service user and somebody who uses the service.
type cloud struct {
	*keystonetest.Server
	project  string
	ann, svc keystonetest.User
	log      lockedBuffer
	cfg      KeystoneConfig
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{Server: keystonetest.Start(t)}
	services := c.Project("service")
	c.project, c.ann, c.svc = c.Project("demo"), c.User("ann"), c.User("clinker")
	c.Grant(c.ann, keystonetest.OfProject(c.project), "member")
	c.Grant(c.svc, keystonetest.OfProject(services), "service")
	c.cfg = KeystoneConfig{Login: openstack.Login{Section: "keystone_authtoken", AuthURL: c.URL, Username: "clinker", Password: c.svc.Password,
		ProjectName: "service", UserDomainID: "default", ProjectDomainName: "Default", Timeout: time.Minute}, Region: keystonetest.Region, Interface: "internal",
		WWWAuthenticateURI: "https://keystone.example/v3", ServiceTokenRoles: []string{"service"}, ServiceType: "volumev3",
		CacheTime: time.Minute, Logger: slog.New(slog.NewTextHandler(&c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	return c
}

// keystone returns an authenticator with the cloud's configuration, edited.
func (c *cloud) keystone(t *testing.T, edit func(*KeystoneConfig)) *Keystone {
	t.Helper()
	cfg := c.cfg
	if edit != nil {
		edit(&cfg)
	}
	k, err := NewKeystone(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// ask sends a request with a token and a service's token.
func ask(k *Keystone, token, service string, call ...string) (*Identity, *httptest.ResponseRecorder) {
	method, path := http.MethodGet, "/v3/volumes"
	if len(call) == 2 {
		method, path = call[0], call[1]
	}
	r := httptest.NewRequest(method, path, nil)
	if token != "" {
		r.Header.Set("X-Auth-Token", token)
	}
	if service != "" {
		r.Header.Set("X-Service-Token", service)
	}
	w := httptest.NewRecorder()
	return k.Authenticate(w, r), w
}

func refused(t *testing.T, what string, id *Identity, w *httptest.ResponseRecorder) {
	t.Helper()
	if id != nil || w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != `Keystone uri="https://keystone.example/v3"` ||
		w.Body.String() != `{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}` {
		t.Errorf("%s: %+v %d %v %s", what, id, w.Code, w.Header(), w.Body)
	}
}

func unavailable(t *testing.T, what string, id *Identity, w *httptest.ResponseRecorder) {
	t.Helper()
	if id != nil || w.Code != http.StatusServiceUnavailable {
		t.Errorf("%s: %+v %d %s", what, id, w.Code, w.Body)
	}
}

func granted(t *testing.T, what string, id *Identity, w *httptest.ResponseRecorder) *Identity {
	t.Helper()
	if id == nil {
		t.Fatalf("%s: %d %s", what, w.Code, w.Body)
	}
	return id
}

// until polls: Keystone and the cache have nothing to wait on.
func until(t *testing.T, what string, limit time.Duration, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %s", what, limit)
		}
	}
}

func TestKeystone(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *cloud)
	}{
		{"scopes", testScopes}, {"bad tokens", testBadTokens}, {"access rules", testAccessRules}, {"service tokens", testServiceTokens},
		{"revocation", testRevocation}, {"own token", testOwnToken}, {"expiry", testExpiry}, {"outage", testOutage}, {"silence", testSilence},
		{"private CA", testPrivateCA}, {"endpoints", testEndpoints}, {"application credential", testApplicationCredential},
		{"garbage", testGarbage}, {"clocks", testClocks}, {"retries", testRetries},
		{"wrong password", testWrongPassword},
	} {
		t.Run(step.name, func(t *testing.T) { step.run(t, c) })
	}
	for _, secret := range []string{c.ann.Password, c.svc.Password, c.Admin.Password, c.cfg.Login.Password, "gAAAA"} {
		if strings.Contains(c.log.String(), secret) {
			t.Errorf("a secret is in the log:\n%s", c.log.String())
		}
	}
}

func testScopes(t *testing.T, c *cloud) {
	k := c.keystone(t, nil)
	id, w := ask(k, c.Token(c.ann, keystonetest.OfProject(c.project)), "")
	granted(t, "project", id, w)
	if id.UserID != c.ann.ID || id.ProjectID != c.project || id.SystemScope != "" || id.DomainID != "" ||
		!slices.Contains(id.Roles, "member") || id.IsService || id.IsAdmin {
		t.Errorf("project: %+v", id)
	}
	c.Grant(c.ann, keystonetest.OfSystem(), "reader")
	id, w = ask(k, c.Token(c.ann, keystonetest.OfSystem()), "")
	if granted(t, "system", id, w); id.SystemScope != "all" || id.ProjectID != "" || !slices.Equal(id.Roles, []string{"reader"}) {
		t.Errorf("system: %+v", id)
	}
	c.Grant(c.ann, keystonetest.OfDomain("default"), "manager")
	id, w = ask(k, c.Token(c.ann, keystonetest.OfDomain("default")), "")
	if granted(t, "domain", id, w); id.DomainID != "default" || id.ProjectID != "" {
		t.Errorf("domain: %+v", id)
	}
}

func testBadTokens(t *testing.T, c *cloud) {
	k := c.keystone(t, nil)
	good := c.Token(c.ann, keystonetest.OfProject(c.project))
	for what, text := range map[string]string{"none": "", "garbage": "garbage", "cut": good[:len(good)-4], "longer": good + "x",
		"spaces within": "a b", "control": "a\x01b", "not ASCII": "tökén", "too long": strings.Repeat("a", maxToken+1)} {
		id, w := ask(k, text, "")
		refused(t, what, id, w)
	}
	id, w := ask(k, good, "garbage")
	refused(t, "bad service token", id, w)
	id, w = ask(k, "  "+good+" ", "")
	granted(t, "spaces around", id, w)
}

func testAccessRules(t *testing.T, c *cloud) {
	k := c.keystone(t, nil)
	free := c.ApplicationToken(c.ann, c.project)
	id, w := ask(k, free, "", http.MethodDelete, "/v3/volumes/x")
	granted(t, "credential without rules", id, w)
	limited := c.ApplicationToken(c.ann, c.project, keystonetest.AccessRule{Service: "volumev3", Method: "GET", Path: "/v3/*/volumes/**"},
		keystonetest.AccessRule{Service: "compute", Method: "DELETE", Path: "/v3/*/volumes/**"})
	for call, want := range map[[2]string]bool{
		{"GET", "/v3/" + c.project + "/volumes/detail"}:    true,
		{"GET", "/v3/" + c.project + "/volumes/a/b"}:       true,
		{"GET", "/v3/" + c.project + "/volumes"}:           false,
		{"GET", "/v3/a/b/volumes/detail"}:                  false,
		{"POST", "/v3/" + c.project + "/volumes/detail"}:   false,
		{"DELETE", "/v3/" + c.project + "/volumes/detail"}: false,
	} {
		id, w := ask(k, limited, "", call[0], call[1])
		if want {
			granted(t, call[1], id, w)
		} else {
			refused(t, call[0]+" "+call[1], id, w)
		}
	}
	service := c.Token(c.svc, keystonetest.OfProject(c.serviceProject()))
	id, w = ask(k, limited, service, http.MethodPost, "/v3/volumes")
	granted(t, "by a service", id, w)
	id, w = ask(k, limited, free, http.MethodPost, "/v3/volumes")
	refused(t, "by somebody who is no service", id, w)
	other := c.keystone(t, func(cfg *KeystoneConfig) { cfg.ServiceType = "" })
	id, w = ask(other, limited, "", "GET", "/v3/"+c.project+"/volumes/detail")
	refused(t, "without a service type", id, w)
}

// serviceProject is the project of the service's own user.
func (c *cloud) serviceProject() string { return c.Find("/projects?name=service", "projects") }

func testServiceTokens(t *testing.T, c *cloud) {
	k := c.keystone(t, nil)
	strict := c.keystone(t, func(cfg *KeystoneConfig) { cfg.ServiceTokenRolesRequired = true })
	user, service := c.Token(c.ann, keystonetest.OfProject(c.project)), c.Token(c.svc, keystonetest.OfProject(c.serviceProject()))
	for _, k := range []*Keystone{k, strict} {
		id, w := ask(k, user, service)
		if granted(t, "a service", id, w); !id.IsService || !slices.Equal(id.ServiceRoles, []string{"service"}) || id.UserID != c.ann.ID {
			t.Errorf("a service: %+v", id)
		}
		if id, _ := ask(k, user, ""); id.IsService || id.ServiceRoles != nil {
			t.Errorf("what a service proved stays with the user's token: %+v", id)
		}
	}
	id, w := ask(k, user, user)
	if granted(t, "no service", id, w); id.IsService {
		t.Errorf("a user's token made a service: %+v", id)
	}
	id, w = ask(strict, user, user)
	refused(t, "no service, role required", id, w)
	id, w = ask(k, "", service)
	refused(t, "a service alone", id, w)
}

func testRevocation(t *testing.T, c *cloud) {
	k := c.keystone(t, func(cfg *KeystoneConfig) { cfg.CacheTime = 2 * time.Second })
	uncached := c.keystone(t, func(cfg *KeystoneConfig) { cfg.CacheTime = 0 })
	text := c.Token(c.ann, keystonetest.OfProject(c.project))
	id, w := ask(uncached, text, "")
	granted(t, "before", id, w)
	id, w = ask(k, text, "")
	granted(t, "before", id, w)
	asked := time.Now()
	c.Revoke(text)
	id, w = ask(uncached, text, "")
	refused(t, "without a cache", id, w)
	if id, w = ask(k, text, ""); time.Since(asked) < time.Second {
		granted(t, "from the cache", id, w)
	}
	until(t, "the revocation to be noticed", 60*time.Second, func() bool { id, _ := ask(k, text, ""); return id == nil })
}

// The service's own token may end before its time.
func testOwnToken(t *testing.T, c *cloud) {
	k := c.keystone(t, nil)
	id, w := ask(k, c.Token(c.ann, keystonetest.OfProject(c.project)), "")
	granted(t, "with the first token", id, w)
	own := ownToken(t, k)
	c.Revoke(own)
	id, w = ask(k, c.Token(c.ann, keystonetest.OfDomain("default")), "")
	granted(t, "with a revoked token", id, w)
	if ownToken(t, k) == own {
		t.Error("the service kept its revoked token")
	}
}

func ownToken(t *testing.T, k *Keystone) string {
	t.Helper()
	c, err := k.client.client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.Token()
}

func testExpiry(t *testing.T, c *cloud) {
	k := c.keystone(t, nil)
	text := c.Token(c.ann, keystonetest.OfProject(c.project))
	id, w := ask(k, text, "")
	granted(t, "before", id, w)
	k.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	id, w = ask(k, text, "")
	refused(t, "expired in the cache", id, w)
	k.now = time.Now

	c.TokenLife = 2 * time.Second
	c.Restart()
	text = c.Token(c.ann, keystonetest.OfProject(c.project))
	expires := time.Now().Add(c.TokenLife)
	c.TokenLife = time.Hour
	c.Restart()
	until(t, "the token to expire", 10*time.Second, func() bool { return time.Now().After(expires.Add(time.Second)) })
	service := c.Token(c.svc, keystonetest.OfProject(c.serviceProject()))
	id, w = ask(k, text, "")
	refused(t, "expired", id, w)
	id, w = ask(k, text, service)
	granted(t, "expired, by a service", id, w)
	id, w = ask(k, text, "")
	refused(t, "expired, after a service used it", id, w)
	id, w = ask(k, text, c.Token(c.ann, keystonetest.OfProject(c.project)))
	refused(t, "expired, by a user who is no service", id, w)
}

func testOutage(t *testing.T, c *cloud) {
	k := c.keystone(t, nil)
	cold := c.keystone(t, nil)
	known, unknown := c.Token(c.ann, keystonetest.OfProject(c.project)), c.Token(c.ann, keystonetest.OfDomain("default"))
	id, w := ask(k, known, "")
	granted(t, "before", id, w)
	c.Kill()
	id, w = ask(k, known, "")
	granted(t, "cached", id, w)
	id, w = ask(k, unknown, "")
	unavailable(t, "not cached", id, w)
	id, w = ask(cold, known, "")
	unavailable(t, "started without Keystone", id, w)
	c.Restart()
	id, w = ask(k, unknown, "")
	granted(t, "after", id, w)
	id, w = ask(cold, known, "")
	granted(t, "after, started without Keystone", id, w)
}

// A Keystone that takes connections and never answers.
func testSilence(t *testing.T, c *cloud) {
	k := c.keystone(t, func(cfg *KeystoneConfig) { cfg.Login.Timeout = 30 * time.Second })
	known, unknown := c.Token(c.ann, keystonetest.OfProject(c.project)), c.Token(c.ann, keystonetest.OfDomain("default"))
	id, w := ask(k, known, "")
	granted(t, "before", id, w)
	k.cfg.Login.Timeout = 300 * time.Millisecond
	if err := syscall.Kill(c.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	id, w = ask(k, known, "")
	granted(t, "cached", id, w)
	id, w = ask(k, unknown, "")
	unavailable(t, "not cached", id, w)
	if err := syscall.Kill(c.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	k.cfg.Login.Timeout = 30 * time.Second
	until(t, "Keystone to be asked again", 30*time.Second, func() bool { id, _ := ask(k, unknown, ""); return id != nil })
}

func testWrongPassword(t *testing.T, c *cloud) {
	k := c.keystone(t, nil)
	good := c.Token(c.ann, keystonetest.OfProject(c.project))
	c.cfg.Login.Password = "wrong-by-intent"
	wrong := c.keystone(t, nil)
	id, w := ask(wrong, good, "")
	unavailable(t, "from the start", id, w)
	if !strings.Contains(c.log.String(), "refuses the service's own user") {
		t.Errorf("the log does not say why:\n%s", c.log.String())
	}
	id, w = ask(k, good, "")
	granted(t, "before the change", id, w)
	c.SetPassword(&c.svc, "another-password") // ends its tokens, too
	id, w = ask(k, c.Token(c.ann, keystonetest.OfDomain("default")), "")
	unavailable(t, "after the change", id, w)
	id, w = ask(k, good, "")
	granted(t, "cached", id, w)
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	_, err := NewKeystone(KeystoneConfig{Login: openstack.Login{AuthURL: "http://k/v3", Username: "u"}})
	if err == nil || !strings.Contains(err.Error(), "password, project_name") {
		t.Errorf("got %v", err)
	}
	_, err = NewKeystone(KeystoneConfig{Login: openstack.Login{AuthURL: "http://k/v3", Username: "u", Password: "p", ProjectName: "s",
		CAFile: "keystone_test.go"}})
	if err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("got %v", err)
	}
}

func TestAnswersThatAreNoTokens(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "null", "[]", "{}", `{"token": {}}`,
		`{"token": {"user": {"id": "u"}}}`, `{"token": {"user": {"id": "u"}, "expires_at": "soon"}}`} {
		if tok, err := parseToken([]byte(raw)); err == nil || errors.Is(err, errInvalid) {
			t.Errorf("%s: %+v %v", raw, tok, err)
		}
	}
	tok, err := parseToken([]byte(`{"token": {"user": {"id": "u"}, "expires_at": "2026-01-01T00:00:00.000000Z", "is_admin_project": false}}`))
	if err != nil || !tok.identity.OutsideAdminProject {
		t.Errorf("%+v %v", tok, err)
	}
}

func TestOneFlightForEachTokenAndABoundedWait(t *testing.T) {
	t.Parallel()
	c := newTokenCache(time.Minute)
	var fetched atomic.Int32
	arrived, release := make(chan struct{}), make(chan struct{})
	fetch := func() (*token, error) {
		if fetched.Add(1) == 1 {
			close(arrived)
		}
		<-release
		return &token{}, nil
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := c.get(t.Context(), "a", false, fetch); err != nil {
				t.Error(err)
			}
		})
	}
	<-arrived
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.get(gone, "a", false, fetch); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who is gone waits: %v", err)
	}
	close(release)
	all.Wait()
	if n := fetched.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
	for range 3 {
		_, err := c.get(t.Context(), "b", true, func() (*token, error) { fetched.Add(1); return nil, errInvalid })
		if !errors.Is(err, errInvalid) {
			t.Error(err)
		}
	}
	if _, err := c.get(t.Context(), "b", false, func() (*token, error) { return &token{}, nil }); err != nil {
		t.Errorf("a refusal of one kind stands for the other: %v", err)
	}
	if n := fetched.Load(); n != 2 {
		t.Errorf("a refused token was asked for again: %d", n)
	}
	for range 2 {
		if _, err := c.get(t.Context(), "c", false, func() (*token, error) { fetched.Add(1); return nil, errors.New("down") }); err == nil {
			t.Error("no error")
		}
	}
	if n := fetched.Load(); n != 4 {
		t.Errorf("an outage is remembered: %d", n)
	}
}
