package auth

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/openstack"
)

// front is a server before Keystone that counts the tokens it is asked about.
func front(t *testing.T, c *cloud, tls bool) (srv *httptest.Server, asked *atomic.Int32) {
	t.Helper()
	to, err := url.Parse(strings.TrimSuffix(c.URL, "/v3"))
	if err != nil {
		t.Fatal(err)
	}
	asked = new(atomic.Int32)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Subject-Token") != "" {
			asked.Add(1)
		}
		proxy.ServeHTTP(w, r)
	})
	srv = httptest.NewUnstartedServer(h)
	if tls {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv, asked
}

func testPrivateCA(t *testing.T, c *cloud) {
	srv, asked := front(t, c, true)
	c.Endpoint("identity", "RegionTLS", "internal", srv.URL+"/v3")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	token := c.Token(c.ann, keystonetest.OfProject(c.project))
	for what, o := range map[string]struct {
		ca       string
		insecure bool
		good     bool
	}{"its CA": {ca, false, true}, "no CA": {"", false, false}, "not checked": {"", true, true}} {
		k := c.keystone(t, func(cfg *KeystoneConfig) {
			cfg.Login.AuthURL, cfg.Region, cfg.Login.CAFile, cfg.Login.Insecure = srv.URL, "RegionTLS", o.ca, o.insecure
		})
		before := asked.Load()
		id, w := ask(k, token, "")
		if o.good {
			granted(t, what, id, w)
		} else {
			unavailable(t, what, id, w)
		}
		if (asked.Load() > before) != o.good {
			t.Errorf("%s: asked %d times over TLS", what, asked.Load()-before)
		}
	}
	if !strings.Contains(c.log.String(), "certificate signed by unknown authority") {
		t.Error("the log does not say what is wrong with the certificate")
	}
}

// DevStack, and others, name a bundle that is not there before there is TLS.
func TestABundleThatIsNotThere(t *testing.T) {
	t.Parallel()
	for url, good := range map[string]bool{"http://k": true, "https://k": false} {
		_, err := NewKeystone(KeystoneConfig{Login: openstack.Login{AuthURL: url, Username: "u", Password: "p", ProjectName: "s",
			TLS: openstack.TLS{CAFile: "/none/ca.pem"}}})
		if (err == nil) != good {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// Region and interface choose who validates; auth_url does when the catalogue
// has none, with its version or without.
func testEndpoints(t *testing.T, c *cloud) {
	one, askedOne := front(t, c, false)
	two, askedTwo := front(t, c, false)
	c.Endpoint("identity", "RegionTwo", "internal", one.URL+"/v3")
	c.Endpoint("identity", "RegionTwo", "public", two.URL)
	token := c.Token(c.ann, keystonetest.OfProject(c.project))
	for _, o := range []struct {
		region, iface, authURL string
		one, two               int32
	}{
		{"RegionTwo", "internal", c.URL, 1, 0}, {"RegionTwo", "public", c.URL, 0, 1}, {"RegionTwo", "admin", two.URL, 0, 1},
		{"RegionTwo", "admin", two.URL + "/v3/", 0, 1}, {"RegionNone", "public", one.URL + "/v3", 1, 0},
	} {
		askedOne.Store(0)
		askedTwo.Store(0)
		k := c.keystone(t, func(cfg *KeystoneConfig) { cfg.Region, cfg.Interface, cfg.Login.AuthURL = o.region, o.iface, o.authURL })
		id, w := ask(k, token, "")
		granted(t, o.region+" "+o.iface, id, w)
		if askedOne.Load() != o.one || askedTwo.Load() != o.two {
			t.Errorf("%+v: asked %d and %d times", o, askedOne.Load(), askedTwo.Load())
		}
	}
}

func testApplicationCredential(t *testing.T, c *cloud) {
	id, secret := c.Credential(c.svc, c.serviceProject())
	login := openstack.Login{Section: "keystone_authtoken", AuthURL: c.URL, ByCredential: true, CredentialID: id, CredentialSecret: secret, Timeout: 30 * time.Second}
	k := c.keystone(t, func(cfg *KeystoneConfig) { cfg.Login = login })
	token := c.Token(c.ann, keystonetest.OfProject(c.project))
	who, w := ask(k, token, "")
	granted(t, "with the credential", who, w)
	c.Revoke(ownToken(t, k))
	who, w = ask(k, c.Token(c.ann, keystonetest.OfProject(c.project)), "")
	granted(t, "with its second token", who, w)

	login.CredentialSecret = "wrong-by-intent"
	k = c.keystone(t, func(cfg *KeystoneConfig) { cfg.Login = login })
	who, w = ask(k, token, "")
	unavailable(t, "with a wrong secret", who, w)
	if !strings.Contains(c.log.String(), "check application_credential_id and application_credential_secret in [keystone_authtoken]") {
		t.Errorf("the log does not say why:\n%s", c.log.String())
	}
	if strings.Contains(c.log.String(), secret) || strings.Contains(c.log.String(), "wrong-by-intent") {
		t.Error("a secret is in the log")
	}
	login.CredentialSecret = ""
	if _, err := NewKeystone(KeystoneConfig{Login: login}); err == nil || !strings.Contains(err.Error(), "application_credential_secret") {
		t.Errorf("without a secret: %v", err)
	}
}

// What answers at Keystone's address may be anything: it is never the user's fault.
func testGarbage(t *testing.T, c *cloud) {
	token := c.Token(c.ann, keystonetest.OfProject(c.project))
	good, _ := front(t, c, false)
	for what, answer := range map[string]http.HandlerFunc{
		"a page":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>It works!</html>")) },
		"nothing":     func(http.ResponseWriter, *http.Request) {},
		"half JSON":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"token": {"user"`)) },
		"an error":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a circle":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) },
		"no end":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat(" ", 2<<20))) },
		"a cut":       func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
		"bad gateway": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
	} {
		// Both where we log in, and where tokens are validated.
		bad := httptest.NewServer(answer)
		k := c.keystone(t, func(cfg *KeystoneConfig) { cfg.Login.AuthURL = bad.URL })
		id, w := ask(k, token, "")
		unavailable(t, what+" at login", id, w)
		half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Subject-Token") != "" {
				answer(w, r)
				return
			}
			good.Config.Handler.ServeHTTP(w, r)
		}))
		k = c.keystone(t, func(cfg *KeystoneConfig) { cfg.Login.AuthURL, cfg.Region = half.URL, "RegionNone" })
		id, w = ask(k, token, "")
		unavailable(t, what+" at validation", id, w)
		bad.Close()
		half.Close()
	}
}

// A clock that is off by an hour is told of where the operator looks.
func testClocks(t *testing.T, c *cloud) {
	k := c.keystone(t, nil)
	k.now = func() time.Time { return time.Now().Add(61 * time.Minute) }
	id, w := ask(k, c.Token(c.ann, keystonetest.OfProject(c.project)), "")
	refused(t, "an hour ahead", id, w)
	if !strings.Contains(c.log.String(), "are the clocks right?") {
		t.Errorf("the log says nothing of clocks:\n%s", c.log.String())
	}
	k = c.keystone(t, nil)
	k.now = func() time.Time { return time.Now().Add(-time.Hour) }
	id, w = ask(k, c.Token(c.ann, keystonetest.OfProject(c.project)), "")
	granted(t, "an hour behind", id, w)
}

// A Keystone that is away for a moment is asked again.
func testRetries(t *testing.T, c *cloud) {
	token := c.Token(c.ann, keystonetest.OfProject(c.project))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := ln.Addr().String()
	_ = ln.Close()
	edit := func(cfg *KeystoneConfig) {
		cfg.Login.AuthURL, cfg.Region, cfg.MaxRetries = "http://"+at, "RegionNone", 10
		cfg.Login.Timeout = 30 * time.Second
	}
	k := c.keystone(t, edit)
	good, _ := front(t, c, false)
	time.AfterFunc(500*time.Millisecond, func() {
		if ln, err := net.Listen("tcp", at); err == nil {
			_ = http.Serve(ln, good.Config.Handler) // until the test binary ends
		}
	})
	id, w := ask(k, token, "")
	granted(t, "after half a second", id, w)
}
