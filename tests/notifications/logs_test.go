package notifications

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

const outside = "req-0a1b2c3d-0000-4000-8000-0123456789ab"

// ask sends a request with an id of the caller's own and returns the id that the service gives it.
func ask(t *testing.T, s *harness.Service, id string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/volumes", strings.NewReader(`{"volume": {"size": 1}}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Auth-Token", "tester:"+s.Project())
	r.Header.Set("X-OpenStack-Request-ID", id)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("status %d", resp.StatusCode)
	}
	return resp.Header.Get("X-Openstack-Request-Id")
}

// A request id goes from the caller through the API and the job to the worker
// and into what is told; one of another form is not taken.
func TestRequestIDsAreInTheLogsOfAllWhoWorkOnARequest(t *testing.T) {
	t.Parallel()
	s, broker, _ := start(t, "")
	listener := consume(t, broker.URL)
	own, other := ask(t, s, outside), ask(t, s, "req-x forged")
	ends := map[any]notification{}
	listener.until("two ends", func(all []notification) bool {
		for _, n := range all {
			if n.Type == "volume.create.end" {
				ends[n.Context["request_id"]] = n
			}
		}
		return len(ends) == 2
	})
	if got := ends[own].Context["global_request_id"]; got != outside {
		t.Errorf("the caller's id is told as %v", got)
	}
	if got := ends[other].Context["global_request_id"]; got != nil {
		t.Errorf("an id of another form is told as %v", got)
	}
	s.Stop(t) // all is written
	raw, err := os.ReadFile(s.LogFile())
	if err != nil {
		t.Fatal(err)
	}
	for _, logger := range []string{"api", "volume"} {
		line := regexp.MustCompile(`(?m)^[-0-9]{10} [:0-9]{8}\.\d{3} \d+ INFO clinker\.` + logger + ` \[` + outside + " " + own + ` \S+ ` + s.Project() + ` - - -\] `)
		if !line.Match(raw) {
			t.Errorf("no line of clinker.%s with the ids of the request", logger)
		}
	}
	if strings.Contains(string(raw), "forged") {
		t.Error("a caller wrote into the log")
	}
}

func TestLogsGoToAFileAsJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "cinder.conf")
	text := "[DEFAULT]\nuse_json = true\nlog_dir = " + dir + "\nlog_file = own.log\ndefault_log_levels = clinker.target=ERROR\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := harness.Start(t, harness.Options{Args: []string{"--config-file", config}})
	ask(t, s, outside)
	s.Stop(t)
	raw, err := os.ReadFile(filepath.Join(dir, "own.log"))
	if err != nil {
		t.Fatal(err)
	}
	seen := false
	for line := range strings.Lines(string(raw)) {
		var o struct {
			Name    string
			Context struct {
				Global string `json:"global_request_id"`
			}
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		seen = seen || o.Name == "clinker.api" && o.Context.Global == outside
	}
	if !seen {
		t.Errorf("no line of the request in\n%s", raw)
	}
}
