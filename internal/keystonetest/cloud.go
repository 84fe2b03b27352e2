package keystonetest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// User is somebody who can log in.
type User struct{ ID, Name, Password, Domain string }

// Scope is what a token is for; the zero value is a token of nothing.
type Scope map[string]any

// OfProject, OfDomain and OfSystem are the scopes of tokens.
func OfProject(id string) Scope { return Scope{"project": map[string]any{"id": id}} }

// OfDomain is the scope of a domain.
func OfDomain(id string) Scope { return Scope{"domain": map[string]any{"id": id}} }

// OfSystem is the scope of the whole cloud.
func OfSystem() Scope { return Scope{"system": map[string]any{"all": true}} }

// AccessRule is a call that an application credential is limited to.
type AccessRule struct {
	Service string `json:"service"`
	Method  string `json:"method"`
	Path    string `json:"path"`
}

var client = &http.Client{Timeout: 2 * time.Minute}

// call sends a request and fails the test on an answer that is no success.
func (s *Server) call(token, method, path string, body, out any) http.Header {
	s.t.Helper()
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			s.t.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, s.URL+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("X-Auth-Token", token)
	}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatalf("Keystone: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		s.t.Fatalf("Keystone: %s %s: %d %v %s", method, path, resp.StatusCode, err, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			s.t.Fatalf("Keystone: %s %s: %v", method, path, err)
		}
	}
	return resp.Header
}

// admin sends a request with a token of the system's administrator.
func (s *Server) admin(method, path string, body, out any) {
	s.t.Helper()
	if s.token == "" {
		s.token = s.Token(s.Admin, OfSystem())
	}
	s.call(s.token, method, path, body, out)
}

// create makes something and returns its id.
func (s *Server) create(path, key string, what map[string]any) string {
	s.t.Helper()
	var out map[string]map[string]any
	s.admin(http.MethodPost, path, map[string]any{key: what}, &out)
	id, _ := out[key]["id"].(string)
	return id
}

// Find returns the id of the first in a list, "" without one.
func (s *Server) Find(path, key string) string {
	s.t.Helper()
	out := make(map[string]json.RawMessage)
	s.admin(http.MethodGet, path, nil, &out)
	var items []struct{ ID string }
	if err := json.Unmarshal(out[key], &items); err != nil {
		s.t.Fatal(err)
	}
	if len(items) == 0 {
		return ""
	}
	return items[0].ID
}

// Project makes a project.
func (s *Server) Project(name string) string {
	s.t.Helper()
	return s.create("/projects", "project", map[string]any{"name": name, "domain_id": "default"})
}

// User makes a user with a password of its own.
func (s *Server) User(name string) User {
	s.t.Helper()
	u := User{Name: name, Password: rand.Text(), Domain: "default"}
	u.ID = s.create("/users", "user", map[string]any{"name": name, "password": u.Password, "domain_id": u.Domain})
	return u
}

// Role returns the id of a role and makes it if it is not there.
func (s *Server) Role(name string) string {
	s.t.Helper()
	if id := s.Find("/roles?name="+url.QueryEscape(name), "roles"); id != "" {
		return id
	}
	return s.create("/roles", "role", map[string]any{"name": name})
}

// Grant gives a user a role on a scope.
func (s *Server) Grant(u User, scope Scope, role string) {
	s.t.Helper()
	on := "/system"
	for kind, v := range scope {
		if kind != "system" {
			on = "/" + kind + "s/" + v.(map[string]any)["id"].(string)
		}
	}
	s.admin(http.MethodPut, on+"/users/"+u.ID+"/roles/"+s.Role(role), nil, nil)
}

// Revoke ends a token before its time.
func (s *Server) Revoke(token string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodDelete, s.URL+"/auth/tokens", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("X-Subject-Token", token)
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		s.t.Fatalf("Keystone: revoke a token: %d", resp.StatusCode)
	}
}

// Token logs a user in.
func (s *Server) Token(u User, scope Scope) string {
	s.t.Helper()
	user := map[string]any{"name": u.Name, "password": u.Password, "domain": map[string]any{"id": u.Domain}}
	return s.login(map[string]any{"methods": []string{"password"}, "password": map[string]any{"user": user}}, scope)
}

func (s *Server) login(identity map[string]any, scope Scope) string {
	s.t.Helper()
	auth := map[string]any{"identity": identity}
	if scope != nil {
		auth["scope"] = scope
	}
	return s.call("", http.MethodPost, "/auth/tokens", map[string]any{"auth": auth}, nil).Get("X-Subject-Token")
}

// SetPassword changes the password of a user.
func (s *Server) SetPassword(u *User, password string) {
	s.t.Helper()
	s.admin(http.MethodPatch, "/users/"+u.ID, map[string]any{"user": map[string]any{"password": password}}, nil)
	u.Password = password
}

// ApplicationToken makes an application credential of a user for a project,
// limited to rules if any are given, and logs in with it.
func (s *Server) ApplicationToken(u User, project string, rules ...AccessRule) string {
	s.t.Helper()
	id, secret := s.Credential(u, project, rules...)
	return s.login(map[string]any{"methods": []string{"application_credential"},
		"application_credential": map[string]any{"id": id, "secret": secret}}, nil)
}

// Credential makes an application credential of a user for a project.
func (s *Server) Credential(u User, project string, rules ...AccessRule) (id, secret string) {
	s.t.Helper()
	cred := map[string]any{"name": strings.ToLower(rand.Text())}
	if rules != nil {
		cred["access_rules"] = rules
	}
	var out struct {
		Credential struct{ ID, Secret string } `json:"application_credential"`
	}
	s.call(s.Token(u, OfProject(project)), http.MethodPost, "/users/"+u.ID+"/application_credentials",
		map[string]any{"application_credential": cred}, &out)
	return out.Credential.ID, out.Credential.Secret
}

// Endpoint adds one to the catalogue, of a service that is in it, and its region.
func (s *Server) Endpoint(kind, region, iface, url string) {
	s.t.Helper()
	if !slices.Contains(s.regions, region) {
		s.admin(http.MethodPut, "/regions/"+region, map[string]any{"region": map[string]any{}}, nil)
		s.regions = append(s.regions, region)
	}
	service := s.Find("/services?type="+kind, "services")
	s.create("/endpoints", "endpoint", map[string]any{"service_id": service, "region_id": region, "interface": iface, "url": url})
}
