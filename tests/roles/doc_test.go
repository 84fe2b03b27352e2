// Package roles asks every call of the table as every kind of caller, with
// tokens of a real Keystone, and compares who is let through with what the
// policy says. A refused call must have changed nothing in the database.
package roles

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// persona is a kind of caller.
type persona struct {
	name    string
	project string
	roles   []string
	token   string
	service string // token of a service that sends the call
}

// answer is what came back.
type answer struct {
	status int
	body   []byte
}

var client = &http.Client{Timeout: 2 * time.Minute}

// send asks below /v3 at a microversion.
func (s *setup) send(p persona, mv, method, path, body string) (answer, error) {
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for name, value := range map[string]string{"X-Auth-Token": p.token, "X-Service-Token": p.service, "OpenStack-API-Version": "volume " + mv} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return answer{resp.StatusCode, bytes.TrimSpace(raw)}, err
}

// get finds a value in an answer's JSON by its path, such as "volume.id" or
// "messages.0.id"; "" without one.
func (a answer) get(path string) string {
	var at any
	if json.Unmarshal(a.body, &at) != nil {
		return ""
	}
	for part := range strings.SplitSeq(path, ".") {
		switch v := at.(type) {
		case map[string]any:
			at = v[part]
		case []any:
			var i int
			if _, err := fmt.Sscanf(part, "%d", &i); err != nil || i >= len(v) {
				return ""
			}
			at = v[i]
		default:
			return ""
		}
	}
	text, _ := at.(string)
	return text
}
