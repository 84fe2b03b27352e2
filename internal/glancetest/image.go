package glancetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

var client = &http.Client{Timeout: 2 * time.Minute}

// Image is what Glance tells of an image.
type Image map[string]any

// Text is a property that is a word.
func (i Image) Text(key string) string {
	s, _ := i[key].(string)
	return s
}

// Call sends a request; it returns status and body, and fails the test only
// when Glance does not answer.
func (s *Server) Call(token, method, path, contentType string, body io.Reader) (int, []byte) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.URL+"/v2"+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("Content-Type", contentType)
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatalf("Glance: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("Glance: %s %s: %v", method, path, err)
	}
	return resp.StatusCode, answer
}

func (s *Server) must(token, method, path, contentType string, body io.Reader) Image {
	s.t.Helper()
	status, answer := s.Call(token, method, path, contentType, body)
	if status >= 300 {
		s.t.Fatalf("Glance: %s %s: %d %s", method, path, status, answer)
	}
	out := Image{}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &out); err != nil {
			s.t.Fatalf("Glance: %s %s: %v", method, path, err)
		}
	}
	return out
}

// Create makes the record of an image.
func (s *Server) Create(token string, record map[string]any) string {
	s.t.Helper()
	raw, err := json.Marshal(record)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.must(token, http.MethodPost, "/images", "application/json", bytes.NewReader(raw)).Text("id")
}

// Upload makes an image with data, bare and of that disk format.
func (s *Server) Upload(token, name, format string, data []byte, more map[string]any) string {
	s.t.Helper()
	record := map[string]any{"name": name, "disk_format": format, "container_format": "bare"}
	for k, v := range more {
		record[k] = v
	}
	id := s.Create(token, record)
	s.must(token, http.MethodPut, "/images/"+id+"/file", "application/octet-stream", bytes.NewReader(data))
	return id
}

// Show is an image as Glance tells of it.
func (s *Server) Show(token, id string) Image {
	s.t.Helper()
	return s.must(token, http.MethodGet, "/images/"+id, "", nil)
}

// Data is the data of an image.
func (s *Server) Data(token, id string) []byte {
	s.t.Helper()
	status, data := s.Call(token, http.MethodGet, "/images/"+id+"/file", "", nil)
	if status != http.StatusOK {
		s.t.Fatalf("Glance: data of image %s: %d %s", id, status, data)
	}
	return data
}
