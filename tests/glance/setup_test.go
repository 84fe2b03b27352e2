package glance

import (
	"fmt"
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

// cloud is Keystone, Glance and each role of the service as a process of its own.
type cloud struct {
	t        *testing.T
	dir      string
	binary   string
	url      string // of the volume service, without a project
	keystone *keystonetest.Server
	glance   *glancetest.Server
	barbican *barbicantest.Server
	service  keystonetest.User
	running  map[string]*harness.Process
	conn     *pgx.Conn

	member, admin, stranger person
	internal                string // project that owns the cache
}

// person is a user with a project.
type person struct {
	keystonetest.User
	project, token string
}

// backends by name, with the lines that tell them apart.
var backends = map[string]string{
	"plain": "",
	"cache": "image_volume_cache_enabled = true\nimage_volume_cache_max_count = 1\n",
	"store": "image_upload_use_cinder_backend = true\nimage_upload_use_internal_tenant = true\n",
}

func start(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{t: t, dir: testproc.Folder(t, "images"), binary: harness.Build(t), running: make(map[string]*harness.Process)}
	database := c.startDatabase()
	rabbit := rabbittest.Start(t)
	c.keystone = keystonetest.Start(t)
	c.barbican = barbicantest.Start(t, c.keystone)
	c.glance = glancetest.Start(t, c.keystone)
	c.people()
	c.configure(rabbit.URL, database)
	if out, err := exec.CommandContext(t.Context(), c.binary, "db", "sync", "--config-file", c.in("cinder.conf")).CombinedOutput(); err != nil {
		t.Fatalf("clinker db sync: %v\n%s", err, out)
	}
	t.Cleanup(c.stopAll)
	for _, role := range roles {
		c.run(role)
	}
	c.await("the services to be up", func() bool {
		return c.count("SELECT count(*) FROM services WHERE heartbeat_at > now() - interval '5 s'") >= len(backends)+1 && c.answers()
	})
	for name := range backends {
		c.must(c.admin, "POST", "/types", map[string]any{"volume_type": map[string]any{"name": name, "extra_specs": map[string]any{"volume_backend_name": name}}})
	}
	return c
}

var roles = []string{"api", "scheduler", "volume"}

func (c *cloud) in(name string) string { return filepath.Join(c.dir, name) }

func (c *cloud) startDatabase() (connection string) {
	c.t.Helper()
	pg := pgtest.Serve(c.t, c.in("pg"))
	var err error
	if c.conn, err = pgx.Connect(c.t.Context(), pg.DSN()); err != nil {
		c.t.Fatal(err)
	}
	return pg.URL()
}

func (c *cloud) people() {
	k := c.keystone
	add := func(name, project string, roles ...string) person {
		p := person{User: k.User(name), project: project}
		for _, role := range roles {
			k.Grant(p.User, keystonetest.OfProject(project), role)
		}
		p.token = k.Token(p.User, keystonetest.OfProject(project))
		return p
	}
	demo := k.Project("demo")
	c.member, c.admin, c.stranger = add("ann", demo, "member", barbicantest.Creator), add("root", demo, "admin"), add("bob", k.Project("other"), "member", barbicantest.Creator)
	c.service = k.ServiceUser("cinder")
	c.internal = k.Project("internal")
}

func (c *cloud) configure(broker, database string) {
	c.t.Helper()
	ports := testproc.FreePorts(c.t, 2)
	c.url = fmt.Sprintf("http://127.0.0.1:%d/v3", ports[0])
	c.keystone.Register("volumev3", "cinderv3", c.url+"/%(project_id)s")
	var names []string
	var sections strings.Builder
	for name, lines := range backends {
		names = append(names, name)
		if err := os.MkdirAll(c.pool(name), 0o700); err != nil {
			c.t.Fatal(err)
		}
		fmt.Fprintf(&sections, "[%s]\nvolume_driver = file\nfile_pool_path = %s\ntarget_ip_address = 127.0.0.1\ntarget_port = %d\n%s",
			name, c.pool(name), ports[1], lines)
	}
	conf := fmt.Sprintf(`[DEFAULT]
host = node1
transport_url = %s
state_path = %s
osapi_volume_listen = 127.0.0.1
osapi_volume_listen_port = %d
report_interval = 1
enabled_backends = %s
glance_num_retries = 0
glance_request_timeout = 15
allowed_direct_url_schemes = cinder
enable_force_upload = true
quota_volumes = 100
cinder_internal_tenant_project_id = %s
cinder_internal_tenant_user_id = %s
[oslo_messaging_notifications]
driver = log
[database]
connection = %s
[keystone_authtoken]
auth_url = %s
username = %s
password = %s
project_name = %s
region_name = %s
%s`, broker, c.in("state"), ports[0], strings.Join(names, ","), c.internal, c.service.ID, database, c.keystone.URL,
		c.service.Name, c.service.Password, keystonetest.ServiceProject, keystonetest.Region, sections.String())
	if err := os.WriteFile(c.in("cinder.conf"), []byte(conf), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cloud) pool(backend string) string { return c.in("pool-" + backend) }

func (c *cloud) run(role string) {
	c.t.Helper()
	log, err := os.OpenFile(c.in(role+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
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

func (c *cloud) stopAll() {
	for role, p := range c.running {
		if err := p.Terminate(time.Minute); err != nil {
			c.t.Errorf("stop %s: %v", role, err)
		}
	}
	for _, role := range roles {
		raw, err := os.ReadFile(c.in(role + ".log"))
		if err == nil && strings.Contains(string(raw), "WARNING: DATA RACE") {
			c.t.Errorf("the race detector of %s has found something", role)
		}
		if err == nil && c.t.Failed() {
			c.t.Logf("log of %s:\n%s", role, raw[max(0, len(raw)-8<<10):])
		}
	}
}

// await polls: the API has nothing to wait on.
func (c *cloud) await(what string, done func() bool) {
	c.t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%s: not within %v", what, limit)
		}
	}
}

func (c *cloud) count(query string, args ...any) (n int) {
	c.t.Helper()
	if err := c.conn.QueryRow(c.t.Context(), query, args...).Scan(&n); err != nil {
		c.t.Fatal(err)
	}
	return n
}

func (c *cloud) exec(query string, args ...any) {
	c.t.Helper()
	if _, err := c.conn.Exec(c.t.Context(), query, args...); err != nil {
		c.t.Fatal(err)
	}
}
