package novatest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
)

// startStub stands where Nova and its clients look for a network service, all
// of whose lists are empty and without limits, and for the versions of an image service.
func (s *Server) startStub() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		status, body := http.StatusOK, map[string]any{}
		switch {
		case r.Method != http.MethodGet:
			status = http.StatusNotFound
		case strings.HasPrefix(r.URL.Path, "/image"):
			at := s.stub + "/image/v2/"
			body["versions"] = []any{map[string]any{"id": "v2.9", "status": "CURRENT", "links": []any{map[string]any{"rel": "self", "href": at}}}}
			if strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/images") {
				body = map[string]any{"images": []any{}}
			}
		case strings.TrimSuffix(r.URL.Path, "/") == "/network":
			body["versions"] = []any{map[string]any{"id": "v2.0", "status": "CURRENT", "links": []any{map[string]any{"rel": "self", "href": s.stub + "/network/v2.0/"}}}}
		case strings.Contains(r.URL.Path, "/quotas/"):
			body["quota"] = map[string]any{"port": -1, "network": -1}
		default:
			body[strings.ReplaceAll(strings.TrimSuffix(path.Base(r.URL.Path), ".json"), "-", "_")] = []any{}
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}))
	s.t.Cleanup(server.Close)
	s.stub = server.URL
	s.keystone.Register("network", "neutron", s.stub+"/network")
	if s.image == "" {
		s.image = s.stub + "/image"
		s.keystone.Register("image", "glance", s.image)
	}
}
