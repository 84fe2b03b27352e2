package barbican

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/clinker-io/clinker/internal/barbicantest"
	"github.com/clinker-io/clinker/internal/glancetest"
	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/internal/rabbittest"
	"github.com/clinker-io/clinker/internal/testproc"
	"github.com/clinker-io/clinker/tests/harness"
)

const limit = 2 * time.Minute

// caller is somebody with a token of a project.
type caller struct {
	user    keystonetest.User
	project string
	token   string
}

// cloud is a distributed service with Keystone and Barbican.
type cloud struct {
	t        *testing.T
	dir      string
	url      string // ends in /v3
	config   string
	binary   string
	keystone *keystonetest.Server
	barbican *barbicantest.Server
	glance   *glancetest.Server
	line     *line // between the service and Barbican
	running  map[string]*harness.Process
	conn     *pgx.Conn
	shell    *shell

	admin, ann, eve, guest caller // guest may use volumes and make no keys
	nova                   string // token of a service
}

func start(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{t: t, dir: testproc.Folder(t, "keys"), binary: harness.Build(t), running: make(map[string]*harness.Process)}
	c.shell = newShell(t)
	database := c.startDatabase()
	broker := rabbittest.Start(t)
	c.keystone = keystonetest.Start(t)
	c.barbican = barbicantest.Start(t, c.keystone)
	c.line = newLine(t, c.barbican.URL)
	password := c.people()
	ports := testproc.FreePorts(t, 1)
	c.url = fmt.Sprintf("http://127.0.0.1:%d/v3", ports[0])
	c.keystone.Register("volumev3", "cinderv3", c.url+"/$(project_id)s")
	c.glance = glancetest.Start(t, c.keystone)
	c.configure(broker.URL, database, password, ports[0])
	if out, err := exec.CommandContext(t.Context(), c.binary, "db", "sync", "--config-file", c.config).CombinedOutput(); err != nil {
		t.Fatalf("clinker db sync: %v\n%s", err, out)
	}
	t.Cleanup(c.stop)
	for _, role := range []string{"api", "scheduler", "volume"} {
		c.run(role)
	}
	for _, binary := range []string{"cinder-scheduler", "cinder-volume"} {
		c.await(binary+" to be up", func() bool {
			a, err := c.send(c.admin, "3.0", http.MethodGet, "/os-services?binary="+binary, "")
			return err == nil && a.status == http.StatusOK && a.get("services.0.state") == "up"
		})
	}
	return c
}

func (c *cloud) startDatabase() (connection string) {
	c.t.Helper()
	pg := pgtest.Serve(c.t, filepath.Join(c.dir, "pg"))
	var err error
	if c.conn, err = pgx.Connect(c.t.Context(), pg.DSN()); err != nil {
		c.t.Fatal(err)
	}
	return pg.URL()
}

// people makes the callers and returns the password of the service's own user.
func (c *cloud) people() (password string) {
	k := c.keystone
	ours, theirs := k.Project("ours"), k.Project("theirs")
	add := func(name, project string, roles ...string) caller {
		u := k.User(name)
		for _, r := range roles {
			k.Grant(u, keystonetest.OfProject(project), r)
		}
		return caller{u, project, k.Token(u, keystonetest.OfProject(project))}
	}
	c.admin = add("operator", k.Project("ops"), "admin")
	c.ann = add("ann", ours, "member", barbicantest.Creator)
	c.eve = add("eve", theirs, "member", barbicantest.Creator)
	c.guest = add("guest", ours, "member")
	c.nova = k.Token(k.ServiceUser("nova"), keystonetest.OfProject(k.Find("/projects?name="+keystonetest.ServiceProject, "projects")))
	return k.ServiceUser("clinker").Password
}

// backend is the section of a pool of its own.
func (c *cloud) backend(name string) string {
	c.t.Helper()
	pool := filepath.Join(c.dir, name)
	if err := os.MkdirAll(pool, 0o700); err != nil {
		c.t.Fatal(err)
	}
	return fmt.Sprintf("[%s]\nvolume_driver = file\nvolume_backend_name = %s\nfile_pool_path = %s\ntarget_ip_address = 127.0.0.1\ntarget_port = %d\n",
		name, name, pool, testproc.FreePorts(c.t, 1)[0])
}

func (c *cloud) configure(broker, database, password string, port int) {
	c.t.Helper()
	c.config = filepath.Join(c.dir, "cinder.conf")
	text := fmt.Sprintf(`[DEFAULT]
host = node1
transport_url = %s
state_path = %s
auth_strategy = keystone
osapi_volume_listen = 127.0.0.1
osapi_volume_listen_port = %d
report_interval = 1
rpc_response_timeout = 30
enabled_backends = one
debug = true
[database]
connection = %s
[keystone_authtoken]
auth_url = %s
username = clinker
password = %s
project_name = %s
region_name = %s
timeout = 30
[service_user]
auth_url = %s
username = clinker
password = %s
project_name = %s
timeout = 30
[barbican]
barbican_endpoint = %s
retry_delay = 0
number_of_retries = 3
%s`, broker, c.dir, port, database, c.keystone.URL, password, keystonetest.ServiceProject, keystonetest.Region,
		c.keystone.URL, password, keystonetest.ServiceProject, c.line.URL, c.backend("one"))
	if err := os.WriteFile(c.config, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// impatient is an API that waits a second for Barbican, until the end of a test.
func (c *cloud) impatient(t *testing.T) {
	t.Helper()
	was, err := os.ReadFile(c.config)
	if err != nil {
		t.Fatal(err)
	}
	head, tail, _ := strings.Cut(string(was), "[service_user]")
	c.restartAPI(t, head+"[service_user]"+strings.Replace(tail, "timeout = 30", "timeout = 1", 1))
	t.Cleanup(func() { c.restartAPI(t, string(was)) })
}

func (c *cloud) restartAPI(t *testing.T, config string) {
	t.Helper()
	if err := os.WriteFile(c.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.running["api"].Terminate(time.Minute); err != nil {
		t.Fatal(err)
	}
	c.run("api")
	c.await("the API", func() bool {
		a, err := c.send(c.ann, "3.0", http.MethodGet, "/volumes", "")
		return err == nil && a.status == http.StatusOK
	})
}

func (c *cloud) run(role string) { c.spawn(role, role, c.config) }

// spawn starts a role with a name of its own.
func (c *cloud) spawn(name, role, config string) {
	c.t.Helper()
	log, err := os.OpenFile(c.log(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(c.binary, role, "--config-file", config)
	cmd.Stdout, cmd.Stderr = log, log
	if c.running[name], err = harness.StartProcess(cmd); err != nil {
		c.t.Fatalf("start %s: %v", name, err)
	}
}

func (c *cloud) log(role string) string { return filepath.Join(c.dir, role+".log") }

func (c *cloud) stop() {
	for role, p := range c.running {
		if err := p.Terminate(time.Minute); err != nil {
			c.t.Errorf("stop %s: %v", role, err)
		}
		if raw, err := os.ReadFile(c.log(role)); err == nil && c.t.Failed() {
			c.t.Logf("log of %s:\n%s", role, raw[max(0, len(raw)-6<<10):])
		}
	}
}

// await polls: the API has nothing to wait on.
func (c *cloud) await(what string, done func() bool) {
	c.t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%s: not within %v", what, limit)
		}
	}
}
