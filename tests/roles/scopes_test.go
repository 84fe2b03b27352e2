package roles

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/clinker-io/clinker/internal/keystonetest"
)

// Tokens of no project see nothing of projects, unless they are an
// administrator's; and nothing can be made without a project.
func (s *setup) scopes(t *testing.T) {
	k := s.keystone
	u, chief := k.User("wanderer"), k.User("chief")
	k.Grant(u, keystonetest.OfSystem(), "reader")
	k.Grant(u, keystonetest.OfDomain("default"), "member")
	k.Grant(chief, keystonetest.OfSystem(), "admin")
	before := s.save()
	const create = `{"volume": {"size": 1}}`
	for _, c := range []struct {
		who, token, method, path, body string
		status                         int
	}{
		{"system reader", k.Token(u, keystonetest.OfSystem()), http.MethodGet, "/volumes/detail", "", http.StatusForbidden},
		{"system reader", k.Token(u, keystonetest.OfSystem()), http.MethodGet, "/attachments", "", http.StatusForbidden},
		{"domain member", k.Token(u, keystonetest.OfDomain("default")), http.MethodGet, "/volumes/" + s.things["volume"], "", http.StatusForbidden},
		{"domain member", k.Token(u, keystonetest.OfDomain("default")), http.MethodPost, "/volumes", create, http.StatusForbidden},
		{"unscoped user", k.Token(u, nil), http.MethodGet, "/messages", "", http.StatusForbidden},
		{"system admin", k.Token(chief, keystonetest.OfSystem()), http.MethodGet, "/volumes/" + s.things["volume"], "", http.StatusOK},
		{"system admin", k.Token(chief, keystonetest.OfSystem()), http.MethodGet, "/default-types", "", http.StatusOK},
		{"system admin", k.Token(chief, keystonetest.OfSystem()), http.MethodGet, "/default-types/0123456789abcdef0123456789abcdef", "", http.StatusNotFound},
		{"system admin", k.Token(chief, keystonetest.OfSystem()), http.MethodPut, "/default-types/nobody's", `{"default_type": {"volume_type": "__DEFAULT__"}}`,
			http.StatusNotFound},
		{"system admin", k.Token(chief, keystonetest.OfSystem()), http.MethodGet, "/os-quota-sets/nobody's", "", http.StatusOK}, // as upstream
		{"system admin", k.Token(chief, keystonetest.OfSystem()), http.MethodPut, "/os-quota-sets/nobody's", `{"quota_set": {"volumes": 1}}`,
			http.StatusBadRequest},
		{"system admin", k.Token(chief, keystonetest.OfSystem()), http.MethodPost, "/volumes", create, http.StatusBadRequest},
		{"system admin", k.Token(chief, keystonetest.OfSystem()), http.MethodGet, "/" + s.things["project"] + "/volumes", "", http.StatusBadRequest},
	} {
		a, err := s.send(persona{token: c.token}, newest, c.method, c.path, c.body)
		if err != nil || a.status != c.status {
			t.Errorf("%s %s by %s: %v %d, want %d: %s", c.method, c.path, c.who, err, a.status, c.status, a.body)
		}
	}
	if changed := before.changed(); changed != nil {
		t.Errorf("changed %v", changed)
	}
}

// The file beside the configuration is followed while the service runs.
func (s *setup) policyFile(t *testing.T) {
	member := s.personas[2]
	comes := func(what string, status int) {
		t.Helper()
		s.await(what, func() bool {
			a, err := s.send(member, newest, http.MethodGet, "/volumes", "")
			return err == nil && a.status == status
		})
	}
	s.write("policy.yaml", "\"volume:get_all\": \"role:admin\"\n")
	comes("the rule to be in force", http.StatusForbidden)
	s.write("policy.yaml", "\"volume:get_all\": \"role:admin or\"\n")
	s.await("the mistake to be reported", func() bool {
		raw, _ := os.ReadFile(filepath.Join(s.dir, "api.log"))
		_, _ = s.send(member, newest, http.MethodGet, "/volumes", "") // the files are looked after on use
		return bytes.Contains(raw, []byte("have a mistake"))
	})
	comes("the rule to stay in force", http.StatusForbidden)
	if err := os.Remove(filepath.Join(s.dir, "policy.yaml")); err != nil {
		t.Fatal(err)
	}
	comes("the default to be back", http.StatusOK)
}
