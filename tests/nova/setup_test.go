//go:build nova

package nova

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/novatest"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/internal/rabbittest"
	"github.com/clinker-io/clinker/internal/testproc"
	"github.com/clinker-io/clinker/tests/harness"
)

const (
	limit = 5 * time.Minute // as the machine may be busy
	host  = "node1"         // of compute and of our volumes
)

// cloud is a Keystone, a Nova and our service on one host, with two backends.
type cloud struct {
	t        *testing.T
	dir      string
	binary   string
	config   string
	url      string // of the volume service, ends in /v3
	keystone *keystonetest.Server
	nova     *novatest.Server
	project  string // of alice
	alice    keystonetest.User
	admin    keystonetest.User
	service  keystonetest.User
	running  map[string]*harness.Process
	conn     *pgx.Conn
}

func start(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{t: t, dir: testproc.Folder(t, "compute"), binary: harness.Build(t), running: make(map[string]*harness.Process), keystone: keystonetest.Start(t)}
	broker := rabbittest.Start(t)
	database := c.startDatabase()
	c.people()
	ports := testproc.FreePorts(t, 3)
	c.url = fmt.Sprintf("http://127.0.0.1:%d/v3", ports[0])
	c.keystone.Register("volumev3", "cinderv3", c.url+"/$(project_id)s")
	c.nova = novatest.Start(t, c.keystone, broker.URL, novatest.Options{Host: host})
	c.configure(broker.URL, database, ports)
	if out, err := exec.CommandContext(t.Context(), c.binary, "db", "sync", "--config-file", c.config).CombinedOutput(); err != nil {
		t.Fatalf("clinker db sync: %v\n%s", err, out)
	}
	t.Cleanup(c.stopAll)
	for _, role := range []string{"api", "scheduler", "volume"} {
		c.run(role)
	}
	c.nova.Flavor("tiny")
	c.await("two backends to be up", func() bool {
		var services []struct{ State string }
		out, err := c.openstack(c.admin, "volume", "service", "list", "--service", "cinder-volume", "-f", "json")
		return err == nil && json.Unmarshal([]byte(out), &services) == nil && len(services) == 2 && services[0].State == "up" && services[1].State == "up"
	})
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

// people are a member of a project, its administrator and our own user.
func (c *cloud) people() {
	k := c.keystone
	c.project = k.Project("demo")
	c.service = k.ServiceUser("clinker")
	c.alice, c.admin = k.User("alice"), k.User("root")
	k.Grant(c.alice, keystonetest.OfProject(c.project), "member")
	k.Grant(c.admin, keystonetest.OfProject(c.project), "admin")
}

func (c *cloud) configure(broker, database string, ports []int) {
	c.t.Helper()
	c.config = filepath.Join(c.dir, "cinder.conf")
	text := fmt.Sprintf(`[DEFAULT]
host = %s
transport_url = %s
auth_strategy = keystone
osapi_volume_listen = 127.0.0.1
osapi_volume_listen_port = %d
report_interval = 1
enabled_backends = one,two
scheduler_default_filters = AvailabilityZoneFilter,CapacityFilter,CapabilitiesFilter,InstanceLocalityFilter
[database]
connection = %s
[keystone_authtoken]
auth_url = %s
username = %s
password = %s
project_name = %s
region_name = %s
timeout = 60
[service_user]
send_service_user_token = true
[nova]
region_name = %s
timeout = 15
`, host, broker, ports[0], database, c.keystone.URL, c.service.Name, c.service.Password, keystonetest.ServiceProject, keystonetest.Region, keystonetest.Region)
	for i, name := range []string{"one", "two"} {
		pool := filepath.Join(c.dir, name)
		if err := os.Mkdir(pool, 0o700); err != nil {
			c.t.Fatal(err)
		}
		text += fmt.Sprintf("[%s]\nvolume_driver = file\nfile_pool_path = %s\ntarget_ip_address = 127.0.0.1\ntarget_port = %d\n", name, pool, ports[i+1])
	}
	if err := os.WriteFile(c.config, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cloud) run(role string) {
	c.t.Helper()
	log, err := os.OpenFile(filepath.Join(c.dir, role+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(c.binary, role, "--config-file", c.config)
	cmd.Stdout, cmd.Stderr = log, log
	if c.running[role], err = harness.StartProcess(cmd); err != nil {
		c.t.Fatalf("start %s: %v", role, err)
	}
}

func (c *cloud) log(role string) string {
	raw, _ := os.ReadFile(filepath.Join(c.dir, role+".log"))
	return string(raw)
}

func (c *cloud) stopAll() {
	for role, p := range c.running {
		if err := p.Terminate(time.Minute); err != nil {
			c.t.Errorf("stop %s: %v", role, err)
		}
		log := c.log(role)
		if strings.Contains(log, c.service.Password) || strings.Contains(log, "gAAAA") { // as Keystone's tokens begin
			c.t.Errorf("a secret is in the log of %s", role)
		}
		if c.t.Failed() {
			c.t.Logf("log of %s:\n%s", role, log[max(0, len(log)-8<<10):])
		}
	}
}

// await polls: the clients have nothing to wait on.
func (c *cloud) await(what string, done func() bool) {
	c.t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%s: not within %v", what, limit)
		}
	}
}
