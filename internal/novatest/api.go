package novatest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/clinker-io/clinker/internal/keystonetest"
)

var client = &http.Client{Timeout: 2 * time.Minute}

// microversion is the newest of Nova 26.
const microversion = "2.93"

// Call sends a request; it returns status and body, and fails the test only
// when Nova does not answer.
func (s *Server) Call(token, method, path string, body any) (int, []byte) {
	s.t.Helper()
	status, answer, err := s.call(token, method, path, body)
	if err != nil {
		s.t.Fatalf("Nova: %s %s: %v", method, path, err)
	}
	return status, answer
}

func (s *Server) call(token, method, path string, body any) (int, []byte, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return 0, nil, err
		}
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, bytes.NewReader(raw))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("OpenStack-API-Version", "compute "+microversion)
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// Admin is a token of Nova's own user, an administrator.
func (s *Server) Admin() string {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == "" {
		project := s.keystone.Find("/projects?name="+keystonetest.ServiceProject, "projects")
		s.token = s.keystone.Token(s.user, keystonetest.OfProject(project))
	}
	return s.token
}

// Flavor makes a flavor without a disk and returns its id.
func (s *Server) Flavor(name string) string {
	s.t.Helper()
	var out struct{ Flavor struct{ ID string } }
	status, answer := s.Call(s.Admin(), http.MethodPost, "/flavors", map[string]any{"flavor": map[string]any{"name": name, "ram": 64, "vcpus": 1, "disk": 0}})
	if err := json.Unmarshal(answer, &out); err != nil || status != http.StatusOK {
		s.t.Fatalf("Nova: make a flavor: %d %s", status, answer)
	}
	return out.Flavor.ID
}

// Actions are the names of what was done to a server, with the results of its events.
func (s *Server) Actions(server string) map[string]string {
	s.t.Helper()
	var list struct {
		Actions []struct {
			Name      string `json:"action"`
			RequestID string `json:"request_id"`
		} `json:"instanceActions"`
	}
	status, answer := s.Call(s.Admin(), http.MethodGet, "/servers/"+server+"/os-instance-actions", nil)
	if err := json.Unmarshal(answer, &list); err != nil || status != http.StatusOK {
		s.t.Fatalf("Nova: actions of %s: %d %s", server, status, answer)
	}
	out := make(map[string]string)
	for _, a := range list.Actions {
		var one struct {
			Action struct{ Events []struct{ Result *string } } `json:"instanceAction"`
		}
		status, answer := s.Call(s.Admin(), http.MethodGet, "/servers/"+server+"/os-instance-actions/"+a.RequestID, nil)
		if err := json.Unmarshal(answer, &one); err != nil || status != http.StatusOK {
			s.t.Fatalf("Nova: action of %s: %d %s", server, status, answer)
		}
		result := ""
		for _, e := range one.Action.Events {
			if e.Result != nil {
				result = *e.Result
			}
		}
		out[a.Name] = result
	}
	return out
}

// awaitHost returns when servers can be placed on the compute host.
func (s *Server) awaitHost() {
	s.t.Helper()
	for end := time.Now().Add(startLimit); ; time.Sleep(200 * time.Millisecond) {
		var out struct {
			Hypervisors []struct{ State string }
		}
		status, answer, err := s.call(s.Admin(), http.MethodGet, "/os-hypervisors", nil)
		if err == nil && status == http.StatusOK && json.Unmarshal(answer, &out) == nil && len(out.Hypervisors) > 0 && out.Hypervisors[0].State == "up" {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("no compute host within %s: %v %d %s", startLimit, err, status, answer)
		}
		select {
		case <-s.processes["nova-compute"].Done():
			s.t.Fatalf("nova-compute ended while starting:\n%s", s.tail("nova-compute"))
		default:
		}
	}
}
