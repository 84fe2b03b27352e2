package barbicantest

import (
	"bytes"
	"encoding/base64"
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
	req, err := http.NewRequest(http.MethodPost, s.URL+"/v1/secrets", bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatalf("Barbican: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	var made struct {
		Ref string `json:"secret_ref"`
	}
	if err != nil || resp.StatusCode != http.StatusCreated || json.Unmarshal(answer, &made) != nil {
		s.t.Fatalf("Barbican: store a certificate: %d %s %v", resp.StatusCode, answer, err)
	}
	return path.Base(made.Ref)
}
