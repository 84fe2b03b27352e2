package barbican

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

type answer struct {
	status int
	body   []byte
}

var client = &http.Client{Timeout: 2 * time.Minute}

// send asks below /v3 at a microversion.
func (c *cloud) send(who caller, mv, method, path, body string) (answer, error) {
	req, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("X-Auth-Token", who.token)
	req.Header.Set("OpenStack-API-Version", "volume "+mv)
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

// ask is send that insists on a status.
func (c *cloud) ask(t *testing.T, who caller, mv, method, path, body string, status int) answer {
	t.Helper()
	a, err := c.send(who, mv, method, path, body)
	if err != nil {
		t.Fatal(err)
	}
	if a.status != status {
		t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, a.status, a.body, status)
	}
	return a
}

// get finds a value in an answer's JSON by its path, such as "volumes.0.id".
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
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(v) {
				return ""
			}
			at = v[i]
		default:
			return ""
		}
	}
	if at == nil {
		return ""
	}
	return fmt.Sprint(at)
}

// volume makes one and waits until it is available; body is what its JSON holds beside.
func (c *cloud) volume(t *testing.T, who caller, body string) string {
	t.Helper()
	id := c.ask(t, who, "3.64", "POST", "/volumes", `{"volume": {`+body+`}}`, 202).get("volume.id")
	c.status(t, who, "volumes", id, "available")
	return id
}

// status waits for one of a volume, snapshot or group; "" is for it to be gone.
func (c *cloud) status(t *testing.T, who caller, kind, id, want string) {
	t.Helper()
	one := strings.TrimSuffix(kind, "s")
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		a, err := c.send(who, "3.64", "GET", "/"+kind+"/"+id, "")
		if err != nil {
			t.Fatal(err)
		}
		got := a.get(one + ".status")
		if want == "" && a.status == 404 || want != "" && got == want {
			return
		}
		if time.Now().After(end) || want == "available" && got == "error" {
			t.Fatalf("%s %s is %q (%d), want %q", one, id, got, a.status, want)
		}
	}
}

// key is the id of a volume's key, as Nova reads it.
func (c *cloud) key(t *testing.T, who caller, volume string) string {
	t.Helper()
	return c.ask(t, who, "3.0", "GET", "/volumes/"+volume+"/encryption", "", 200).get("encryption_key_id")
}

// remove deletes a volume and waits until it is gone.
func (c *cloud) remove(t *testing.T, who caller, volumes ...string) {
	t.Helper()
	for _, id := range volumes {
		c.ask(t, who, "3.64", "DELETE", "/volumes/"+id, "", 202)
	}
	for _, id := range volumes {
		c.status(t, who, "volumes", id, "")
	}
}

// keys insists on the keys that there are, and that all others are forgotten.
func (c *cloud) keys(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := c.barbican.Keys(); !slices.Equal(got, want) {
		t.Errorf("Barbican has the keys %v, want %v", got, want)
	}
	var loose int
	if err := c.conn.QueryRow(t.Context(), "SELECT count(*) FROM loose_keys").Scan(&loose); err != nil {
		t.Fatal(err)
	}
	if loose != 0 {
		t.Errorf("%d keys are still to be deleted", loose)
	}
}

// passphrase fetches a key as Nova does, and makes of it what os-brick gives to LUKS.
func (c *cloud) passphrase(t *testing.T, who caller, key string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.barbican.URL+"/v1/secrets/"+key+"/payload", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", who.token)
	req.Header.Set("Accept", "application/octet-stream")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("Barbican: %d %v %s", resp.StatusCode, err, raw)
	}
	return hex.EncodeToString(raw)
}

// shell is a process that has the real openstack client loaded and runs its commands.
type shell struct {
	in  *json.Encoder
	out *json.Decoder
}

func newShell(t *testing.T) *shell {
	t.Helper()
	program, err := os.ReadFile("../cli/testdata/shells.py")
	if err != nil {
		t.Fatal(err)
	}
	// Not the python3 of the search path: the clients are Debian's.
	cmd := exec.Command("/usr/bin/python3", "-c", string(program), "openstack")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	p, err := harness.StartProcess(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); <-p.Ended() }) // it ends with its input
	return &shell{json.NewEncoder(in), json.NewDecoder(out)}
}

// openstack runs a command of the client, whose answer is JSON.
func (c *cloud) openstack(t *testing.T, who caller, args ...string) answer {
	t.Helper()
	env := map[string]string{"PATH": "/usr/bin:/bin", "HOME": c.dir, "LANG": "C.UTF-8", "OS_AUTH_URL": c.keystone.URL, "OS_USERNAME": who.user.Name,
		"OS_PASSWORD": who.user.Password, "OS_PROJECT_ID": who.project, "OS_USER_DOMAIN_ID": "default", "OS_IDENTITY_API_VERSION": "3",
		"OS_VOLUME_API_VERSION": "3.64"}
	var left struct {
		Code     int
		Out, Err string
	}
	if err := c.shell.in.Encode(map[string]any{"args": args, "env": env}); err != nil {
		t.Fatal(err)
	}
	if err := c.shell.out.Decode(&left); err != nil {
		t.Fatal(err)
	}
	if left.Code != 0 {
		t.Fatalf("openstack %s: %d\n%s", strings.Join(args, " "), left.Code, left.Err)
	}
	return answer{http.StatusOK, []byte(strings.TrimSpace(left.Out))}
}
