package roles

import (
	"bytes"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/clinker-io/clinker/api"
	"github.com/clinker-io/clinker/api/policy"
)

const newest = "3.71"

func TestEveryCallByEveryRole(t *testing.T) {
	s := start(t)
	s.prepare()
	s.stop("scheduler")
	s.stop("volume") // from now on only calls change the database
	base, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("defaults", func(t *testing.T) { s.matrix(t, policy.Options{}) })
	s.stop("api")
	s.write("cinder.conf", string(base)+"[oslo_policy]\nenforce_new_defaults = true\n")
	s.run("api")
	s.await("the API to answer", func() bool {
		a, err := s.send(s.owner, newest, http.MethodGet, "/volumes", "")
		return err == nil && a.status == http.StatusOK
	})
	t.Run("scopes", s.scopes)
	t.Run("policy file", s.policyFile)
	t.Run("new defaults", func(t *testing.T) { s.matrix(t, policy.Options{EnforceNewDefaults: true}) })
}

// matrix asks every route as every persona.
func (s *setup) matrix(t *testing.T, o policy.Options) {
	rules, err := policy.New(o)
	if err != nil {
		t.Fatal(err)
	}
	before := s.save()
	var allowed, refused int
	for _, r := range api.Routes() {
		q := s.example(r)
		if q.missing != "" {
			t.Errorf("%s: %s", callOf(r), q.missing)
			continue
		}
		for _, p := range s.personas {
			may := s.may(rules, r, q, p)
			if may {
				allowed++
			} else {
				refused++
			}
			s.try(t, r, q, p, may, before)
		}
	}
	t.Logf("%d calls that are allowed, %d that are refused", allowed, refused)
	if allowed < 100 || refused < 100 {
		t.Error("that is not every call by every role")
	}
}

// may is what the policy says of a call.
func (s *setup) may(rules *policy.Enforcer, r api.Route, q request, p persona) bool {
	if p.token == "" {
		return false
	}
	c := policy.Credentials{UserID: "u", ProjectID: p.project, Roles: p.roles, IsAdminProject: true}
	c.IsAdmin = rules.Allowed("context_is_admin", &c, nil)
	ours := policy.Target{"project_id": s.things["project"]}
	if q.owned && !c.IsAdmin && p.project != s.things["project"] {
		return false
	}
	if r.Policy != "" && !rules.Allowed(r.Policy, &c, policy.Target{"project_id": p.project}) {
		return false
	}
	return !slices.ContainsFunc(r.Checks, func(rule string) bool { return !rules.Allowed(rule, &c, ours) })
}

// try sends a call and compares the class of its answer.
func (s *setup) try(t *testing.T, r api.Route, q request, p persona, may bool, before *saved) {
	t.Helper()
	mv := newest
	if r.Until != 0 {
		mv = r.Until.String()
	}
	a, err := s.send(p, mv, r.Method, q.path, q.body)
	if err != nil {
		t.Fatalf("%s by %s: %v", callOf(r), p.name, err)
	}
	var right bool
	switch a.status {
	case http.StatusUnauthorized:
		right = p.token == ""
	case http.StatusForbidden:
		right = !may && p.token != ""
	case http.StatusNotFound:
		right = p.token != "" && (!may || slices.Contains(absent, callOf(r)))
	case http.StatusInternalServerError:
		right = may && slices.ContainsFunc(withoutWorker, func(m string) bool { return bytes.Contains(a.body, []byte(m)) })
	case http.StatusBadRequest: // for another reason than an example that is wrong
		right = may && !bytes.Contains(a.body, []byte("Invalid input for field"))
	default:
		right = may
	}
	if !right {
		t.Errorf("%s by %s: %d, allowed %v: %.300s", callOf(r), p.name, a.status, may, a.body)
	}
	if changed := before.changed(); changed != nil {
		if !may {
			t.Errorf("%s by %s is refused and changed %v", callOf(r), p.name, changed)
		}
		before.restore()
	}
}
