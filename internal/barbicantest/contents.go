package barbicantest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"time"
)

var client = &http.Client{Timeout: time.Minute}

// Certificate stores a certificate in PEM as the user with the token, as the
// documentation of Glance has it, and returns its id.
func (s *Server) Certificate(token string, pem []byte) string {
	s.t.Helper()
	raw, err := json.Marshal(map[string]string{"name": "signer", "secret_type": "certificate", "payload": base64.StdEncoding.EncodeToString(pem),
		"payload_content_type": "application/octet-stream", "payload_content_encoding": "base64"})
	if err != nil {
		s.t.Fatal(err)
	}
	var made struct {
		Ref string `json:"secret_ref"`
	}
	status, answer := s.call(token, http.MethodPost, "/v1/secrets", "Content-Type", "application/json", raw)
	if status != http.StatusCreated || json.Unmarshal(answer, &made) != nil {
		s.t.Fatalf("Barbican: store a certificate: %d %s", status, answer)
	}
	return path.Base(made.Ref)
}

// Passphrase fetches a key as Nova does, and makes of it what os-brick gives to LUKS.
func (s *Server) Passphrase(token, id string) string {
	s.t.Helper()
	status, key := s.call(token, http.MethodGet, "/v1/secrets/"+id+"/payload", "Accept", "application/octet-stream", nil)
	if status != http.StatusOK {
		s.t.Fatalf("Barbican: read key %s: %d %s", id, status, key)
	}
	return hex.EncodeToString(key)
}

func (s *Server) call(token, method, path, header, value string, body []byte) (int, []byte) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set(header, value)
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatalf("Barbican: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("Barbican: %s %s: %v", method, path, err)
	}
	return resp.StatusCode, answer
}
