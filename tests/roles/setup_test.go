package roles

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/internal/rabbittest"
	"github.com/clinker-io/clinker/internal/testproc"
	"github.com/clinker-io/clinker/tests/harness"
)

const (
	limit = 2 * time.Minute
	host  = "node1"
)

// setup is a distributed service on one host with a Keystone.
type setup struct {
	t        *testing.T
	dir      string
	binary   string
	url      string // ends in /v3
	config   string
	keystone *keystonetest.Server
	running  map[string]*harness.Process
	conn     *pgx.Conn
	// owner is an administrator with the project of the things worked on.
	owner    persona
	personas []persona
	things   map[string]string // what examples call it → its id
}

func start(t *testing.T) *setup {
	t.Helper()
	s := &setup{t: t, dir: testproc.Folder(t, "roles"), binary: harness.Build(t), running: make(map[string]*harness.Process), things: make(map[string]string)}
	database := s.startDatabase()
	rabbit := rabbittest.Start(t)
	s.keystone = keystonetest.Start(t)
	s.people()
	ports := testproc.FreePorts(t, 2)
	s.url = fmt.Sprintf("http://127.0.0.1:%d/v3", ports[0])
	s.configure(rabbit.URL, database, ports)
	if out, err := exec.CommandContext(t.Context(), s.binary, "db", "sync", "--config-file", s.config).CombinedOutput(); err != nil {
		t.Fatalf("clinker db sync: %v\n%s", err, out)
	}
	t.Cleanup(s.stopAll)
	for _, role := range []string{"api", "scheduler", "volume"} {
		s.run(role)
	}
	for _, binary := range []string{"cinder-scheduler", "cinder-volume"} {
		s.await(binary+" to be up", func() bool {
			a, err := s.send(s.owner, "3.0", http.MethodGet, "/os-services?binary="+binary, "")
			return err == nil && a.status == http.StatusOK && a.get("services.0.state") == "up"
		})
	}
	return s
}

func (s *setup) startDatabase() (connection string) {
	s.t.Helper()
	pg := pgtest.Serve(s.t, filepath.Join(s.dir, "pg"))
	var err error
	if s.conn, err = pgx.Connect(s.t.Context(), pg.DSN()); err != nil {
		s.t.Fatal(err)
	}
	c := s.conn.Config()
	return fmt.Sprintf("postgresql://:%s@/%s?host=%s&user=%s", databasePassword, c.Database, c.Host, c.User)
}

// people makes the kinds of callers.
func (s *setup) people() {
	k := s.keystone
	projects := map[string]string{}
	for _, name := range []string{"ours", "theirs", "ops", "service"} {
		projects[name] = k.Project(name)
	}
	add := func(name, project, role string, roles ...string) persona {
		u := k.User("user-" + name)
		k.Grant(u, keystonetest.OfProject(projects[project]), role)
		return persona{name: name, project: projects[project], roles: append(roles, role), token: k.Token(u, keystonetest.OfProject(projects[project]))}
	}
	s.owner = add("owner", "ours", "admin", "member", "reader")
	service := k.User("clinker")
	k.Grant(service, keystonetest.OfProject(projects["service"]), "service")
	s.things["service_password"] = service.Password
	member := add("member", "ours", "member", "reader")
	byService := member
	byService.name, byService.service = "member by a service", k.Token(service, keystonetest.OfProject(projects["service"]))
	s.personas = []persona{
		add("admin", "ops", "admin", "member", "reader"),
		add("manager", "ours", "manager", "member", "reader"),
		member,
		add("reader", "ours", "reader"),
		add("stranger", "theirs", "member", "reader"),
		byService,
		{name: "nobody"},
	}
	s.things["project"], s.things["other_project"] = projects["ours"], projects["theirs"]
}

func (s *setup) configure(broker, database string, ports []int) {
	s.t.Helper()
	pool := filepath.Join(s.dir, "pool")
	if err := os.MkdirAll(pool, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.config = filepath.Join(s.dir, "cinder.conf")
	s.write("cinder.conf", fmt.Sprintf(`[DEFAULT]
host = %s
debug = true
transport_url = %s
auth_strategy = keystone
osapi_volume_listen = 127.0.0.1
osapi_volume_listen_port = %d
report_interval = 1
rpc_response_timeout = 1
enabled_backends = file
[oslo_messaging_notifications]
driver = messagingv2
driver = log
[database]
connection = %s
[keystone_authtoken]
auth_url = %s
username = clinker
password = %s
project_name = service
region_name = %s
token_cache_time = 3600
[file]
volume_driver = file
file_pool_path = %s
target_ip_address = 127.0.0.1
target_port = %d
`, host, broker, ports[0], database, s.keystone.URL, s.things["service_password"], keystonetest.Region, pool, ports[1]))
}

func (s *setup) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *setup) run(role string) {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, role+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(s.binary, role, "--config-file", s.config)
	cmd.Stdout, cmd.Stderr = log, log
	if s.running[role], err = harness.StartProcess(cmd); err != nil {
		s.t.Fatalf("start %s: %v", role, err)
	}
}

func (s *setup) stop(role string) {
	if err := s.running[role].Terminate(time.Minute); err != nil {
		s.t.Errorf("stop %s: %v", role, err)
	}
	delete(s.running, role)
}

func (s *setup) stopAll() {
	for role := range s.running {
		s.stop(role)
	}
	s.noSecrets()
	if !s.t.Failed() {
		return
	}
	for _, role := range []string{"api", "scheduler", "volume"} {
		if raw, err := os.ReadFile(filepath.Join(s.dir, role+".log")); err == nil {
			s.t.Logf("log of %s:\n%s", role, raw[max(0, len(raw)-8<<10):])
		}
	}
}

// await polls: the API has nothing to wait on.
func (s *setup) await(what string, done func() bool) {
	s.t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%s: not within %v", what, limit)
		}
	}
}
