package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"
)

const (
	waitLimit  = 60 * time.Second
	bodyLimit  = 64 << 20
	defaultMV  = "3.66"
	httpPeriod = 90 * time.Second
)

// Client speaks to the API on behalf of one test, which fails when an answer
// is not the wanted one. Copies made by With… share the connection pool.
type Client struct {
	t     testing.TB
	s     *Service
	http  *http.Client
	token string
	mv    string
}

// Client returns one for the project of the service's URL.
func (s *Service) Client(t testing.TB) *Client {
	h := &http.Client{Timeout: httpPeriod, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	t.Cleanup(h.CloseIdleConnections)
	return &Client{t: t, s: s, http: h, token: "tester:" + s.Project(), mv: defaultMV}
}

// Project is the id at the end of the service's URL.
func (s *Service) Project() string { return path.Base(s.URL) }

// WithMicroversion returns a client that asks for another one, such as "3.42".
func (c *Client) WithMicroversion(mv string) *Client { d := *c; d.mv = mv; return &d }

// WithToken returns a client that presents another token.
func (c *Client) WithToken(token string) *Client { d := *c; d.token = token; return &d }

// Do sends a request below the service's URL. A body that is a []byte goes as it
// is, nil is none, anything else becomes JSON.
func (c *Client) Do(method, below string, body any) (*http.Response, []byte, error) {
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		content = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return nil, nil, err
		}
		content = bytes.NewReader(raw)
	}
	// Not the test's context: clean-up functions come here too. The client's
	// time limit bounds the request.
	req, err := http.NewRequest(method, c.s.URL+below, content)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("X-Auth-Token", c.token)
	req.Header.Set("OpenStack-API-Version", "volume "+c.mv)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	return resp, raw, err
}

// Request is Do that insists on a status and decodes the answer into out,
// unless that is nil.
func (c *Client) Request(method, below string, body any, want int, out any) {
	c.t.Helper()
	resp, raw, err := c.Do(method, below, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, below, err)
	}
	if resp.StatusCode != want {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, below, resp.StatusCode, want, raw)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(raw, out); err != nil {
		c.t.Fatalf("%s %s: %v in %s", method, below, err, raw)
	}
}

// until polls, quickly at first, until done says so.
func (c *Client) until(what string, done func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(waitLimit)
	for pause := 5 * time.Millisecond; !done(); pause = min(2*pause, 200*time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: not within %v", what, waitLimit)
		}
		time.Sleep(pause) // the API has nothing to wait on
	}
}

// await polls the status of a resource; a status that begins with "error" and
// is not the wanted one fails at once.
func (c *Client) await(kind, id, want string, get func() string) {
	c.t.Helper()
	c.until(fmt.Sprintf("%s %s to be %s", kind, id, want), func() bool {
		c.t.Helper()
		got := get()
		if got != want && strings.HasPrefix(got, "error") {
			c.t.Fatalf("%s %s is in status %s, want %s", kind, id, got, want)
		}
		return got == want
	})
}

// gone waits until GET answers 404.
func (c *Client) gone(kind, below string) {
	c.t.Helper()
	c.until(kind+" to be gone: "+below, func() bool {
		c.t.Helper()
		resp, raw, err := c.Do(http.MethodGet, below, nil)
		if err != nil {
			c.t.Fatalf("GET %s: %v", below, err)
		}
		if bytes.Contains(bytes.ReplaceAll(raw, []byte(" "), nil), []byte(`"status":"error`)) {
			c.t.Fatalf("GET %s: %s", below, raw)
		}
		return resp.StatusCode == http.StatusNotFound
	})
}
