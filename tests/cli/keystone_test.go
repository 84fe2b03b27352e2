package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/glancetest"
	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/novatest"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/internal/rabbittest"
	"github.com/clinker-io/clinker/internal/testproc"
	"github.com/clinker-io/clinker/tests/harness"
)

const (
	readyLimit = 2 * time.Minute
	stopLimit  = time.Minute
)

var roles = []string{"api", "scheduler", "volume"}

// cloudOfKeystone is the service in its roles beside a Keystone and a Glance.
type cloudOfKeystone struct {
	t        *testing.T
	dir      string
	binary   string
	url      string // of the API, without a project
	keystone *keystonetest.Server
	people   map[string]person
	projects map[string]string // name → id
	running  map[string]*harness.Process
	token    string // of the runner
	password string // of the service's user
}

// keystoneSite is the service as an administrator registers it.
func keystoneSite(t *testing.T) site {
	t.Helper()
	c := &cloudOfKeystone{t: t, dir: testproc.Folder(t, "cli"), binary: harness.Build(t), people: make(map[string]person),
		projects: make(map[string]string), running: make(map[string]*harness.Process), password: rand.Text()}
	rabbit := rabbittest.Start(t)
	c.keystone = keystonetest.StartCached(t)
	c.configure(rabbit.URL, c.database())
	c.clinker("db", "sync")
	if said := c.clinker("manage", "register", "--url", c.url, "--region", keystonetest.Region); !strings.Contains(said, "block-storage") {
		t.Fatalf("clinker manage register: %s", said)
	}
	t.Cleanup(c.stop)
	for _, role := range roles {
		c.start(role)
	}
	glance := glancetest.Start(t, c.keystone)
	c.populate()
	s := site{name: "keystone", pool: c.in("one"), project: c.projects["demo"], login: c.login, asks: c.asks,
		variables: variables{"other": c.projects["other"], "spare": c.projects["spare"], "image": c.image()},
		takes:     func(script string) bool { return script != computeScript || *withNova }}
	if *withNova {
		s.variables["server"] = c.server(novatest.Start(t, c.keystone, rabbit.URL, novatest.Options{Image: glance.URL}), glance)
	}
	c.ready(s)
	return s
}

// server boots one, which nobody logs in to.
func (c *cloudOfKeystone) server(nova *novatest.Server, glance *glancetest.Server) string {
	c.t.Helper()
	spec := map[string]any{"name": "server", "flavorRef": nova.Flavor("tiny"), "networks": "none",
		"imageRef": glance.Upload(c.token, "server", "raw", []byte("of a server"), nil)}
	var out struct{ Server struct{ ID, Status string } }
	status, answer := nova.Call(c.token, http.MethodPost, "/servers", map[string]any{"server": spec})
	for end := time.Now().Add(readyLimit); json.Unmarshal(answer, &out) == nil && status < 300 && out.Server.Status != "ACTIVE" && time.Now().Before(end); {
		time.Sleep(200 * time.Millisecond) // nothing to wait on
		status, answer = nova.Call(c.token, http.MethodGet, "/servers/"+out.Server.ID, nil)
	}
	if out.Server.Status != "ACTIVE" {
		c.t.Fatalf("Nova: no server: %d %s", status, answer)
	}
	return out.Server.ID
}

func (c *cloudOfKeystone) in(name string) string { return filepath.Join(c.dir, name) }

func (c *cloudOfKeystone) write(name, text string) string {
	c.t.Helper()
	if err := os.WriteFile(c.in(name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return c.in(name)
}

// database is a PostgreSQL, as [database] connection names it.
func (c *cloudOfKeystone) database() string {
	c.t.Helper()
	pg := pgtest.Serve(c.t, c.in("pg"))
	return pg.URL()
}

func (c *cloudOfKeystone) configure(broker, database string) {
	c.t.Helper()
	ports := testproc.FreePorts(c.t, 2)
	c.url = fmt.Sprintf("http://127.0.0.1:%d/v3", ports[0])
	common, sections, _ := strings.Cut(backends(c.dir), "[one]")
	sections = strings.ReplaceAll("[one]"+sections, "volume_driver", fmt.Sprintf("target_ip_address = 127.0.0.1\ntarget_port = %d\nvolume_driver", ports[1]))
	c.write("cinder.conf", fmt.Sprintf(`%sauth_strategy = keystone
transport_url = %s
state_path = %s
osapi_volume_listen = 127.0.0.1
osapi_volume_listen_port = %d
report_interval = 2
service_down_time = 60
[database]
connection = %s
[keystone_authtoken]
auth_url = %s
username = cinder
password = %s
project_name = service
region_name = %s
timeout = 60
[service_user]
send_service_user_token = True
%s`, common, broker, c.in("state"), ports[0], database, c.keystone.URL, c.password, keystonetest.Region, sections))
	for _, name := range []string{"one", "two", "three", "four", "five", "state"} {
		if err := os.Mkdir(c.in(name), 0o700); err != nil {
			c.t.Fatal(err)
		}
	}
}

// clinker runs a command of the service as the cloud's administrator.
func (c *cloudOfKeystone) clinker(args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), c.binary, append(args, "--config-file", c.in("cinder.conf"))...)
	cmd.Env = append(withoutCloud(), "OS_AUTH_URL="+c.keystone.URL, "OS_USERNAME="+c.keystone.Admin.Name,
		"OS_PASSWORD="+c.keystone.Admin.Password, "OS_PROJECT_NAME=admin")
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("clinker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (c *cloudOfKeystone) start(role string) {
	c.t.Helper()
	log, err := os.Create(c.in(role + ".log"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(c.binary, role, "--config-file", c.in("cinder.conf"))
	cmd.Stdout, cmd.Stderr = log, log
	if c.running[role], err = harness.StartProcess(cmd); err != nil {
		c.t.Fatalf("start %s: %v", role, err)
	}
}

// stop ends the service, looks through its logs for what must not be there,
// and shows them to a test that failed.
func (c *cloudOfKeystone) stop() {
	secrets := map[string]string{"password of the service": c.password, "password of the administrator": c.keystone.Admin.Password}
	for name, p := range c.people {
		secrets["password of "+name] = p.Password
	}
	for role, p := range c.running {
		if err := p.Terminate(stopLimit); err != nil {
			c.t.Errorf("stop %s: %v", role, err)
		}
		harness.NoSecrets(c.t, c.in(role+".log"), secrets)
		raw, err := os.ReadFile(c.in(role + ".log"))
		if bytes.Contains(raw, []byte("WARNING: DATA RACE")) {
			c.t.Errorf("the race detector of %s has found something", role)
		}
		if bytes.Contains(raw, []byte("status=500")) {
			c.t.Errorf("%s has answered with an internal error", role)
		}
		if c.t.Failed() {
			c.t.Logf("log of %s (%v):\n%s", role, err, raw[max(0, len(raw)-16<<10):])
		}
	}
}

// image makes a file to make images of.
func (c *cloudOfKeystone) image() string {
	return c.write("disk.raw", strings.Repeat("of an image ", 1<<16))
}

// ready waits until every backend is up; the API has nothing to wait on.
func (c *cloudOfKeystone) ready(s site) {
	c.t.Helper()
	last := ""
	for end := time.Now().Add(readyLimit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		_, raw, err := s.asks(c.t).Do(http.MethodGet, "/os-services", nil)
		if strings.Count(strings.ReplaceAll(string(raw), " ", ""), `"state":"up"`) == 6 {
			return
		}
		last = string(raw) + strconv.Quote(fmt.Sprint(err))
	}
	c.t.Fatalf("the service is not ready after %v: %s", readyLimit, last)
}
