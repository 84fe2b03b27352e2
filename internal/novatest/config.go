package novatest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/pgtest"
)

// startDatabase starts a PostgreSQL with empty databases.
func (s *Server) startDatabase(names ...string) {
	s.t.Helper()
	pg := pgtest.Serve(s.t, s.in("pg"))
	conn, err := pgx.Connect(s.t.Context(), pg.DSN())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(s.t.Context()) }()
	for _, name := range names {
		if _, err := conn.Exec(s.t.Context(), "CREATE DATABASE "+name); err != nil {
			s.t.Fatal(err)
		}
	}
	c := conn.Config()
	s.dsn = func(database string) string {
		return fmt.Sprintf("postgresql:///%s?host=%s&user=%s", database, c.Host, c.User)
	} // a % would be taken for a variable
}

func (s *Server) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(s.in(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// configure writes nova.conf, cell0.conf for the schema of cell0, and placement.conf.
func (s *Server) configure() {
	s.t.Helper()
	paste, err := os.ReadFile(novaPaste)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("api-paste.ini", string(paste))
	for _, dir := range []string{"state", "locks"} {
		if err := os.Mkdir(s.in(dir), 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	s.write("nova-compute", computeProgram) // a file, whose name is that of its log
	s.write("nova.conf", s.nova("nova"))
	s.write("cell0.conf", s.nova("nova_cell0"))
	s.write("placement.conf", fmt.Sprintf("[DEFAULT]\nlog_file = %s\n[placement_database]\nconnection = %s\n[api]\nauth_strategy = keystone\n%s",
		s.in("placement.log"), s.dsn("placement"), s.login("keystone_authtoken")))
}

// login is a section with Nova's user.
func (s *Server) login(section string) string {
	return fmt.Sprintf("[%s]\nauth_type = password\nauth_url = %s\nwww_authenticate_uri = %s\nusername = %s\npassword = %s\nproject_name = %s\n"+
		"user_domain_id = default\nproject_domain_id = default\nregion_name = %s\nos_region_name = %s\n",
		section, s.keystone.URL, s.keystone.URL, s.user.Name, s.user.Password, keystonetest.ServiceProject, keystonetest.Region, keystonetest.Region)
}

// nova is nova.conf with one of the cells' databases.
func (s *Server) nova(database string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `[DEFAULT]
host = %s
my_ip = 127.0.0.1
transport_url = %s
compute_driver = fake.FakeDriver
state_path = %s
log_dir = %s
debug = true
default_log_levels = amqp=WARN,amqplib=WARN,sqlalchemy=WARN,oslo.messaging=INFO,oslo_messaging=INFO,keystoneauth=INFO,urllib3=WARN,stevedore=WARN,oslo_policy=WARN,oslo_concurrency=WARN,oslo_service=WARN,eventlet=WARN
report_interval = 1
service_down_time = 20
reserved_host_memory_mb = 0
vif_plugging_timeout = 0
vif_plugging_is_fatal = false
block_device_allocate_retries_interval = 1
[api_database]
connection = %s
[database]
connection = %s
[oslo_concurrency]
lock_path = %s
[api]
auth_strategy = keystone
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 1
[vnc]
enabled = false
[notifications]
notification_format = unversioned
[cinder]
catalog_info = volumev3::publicURL
http_retries = 1
os_region_name = %s
[glance]
api_servers = %s
`, s.Host, s.broker, s.in("state"), s.dir, s.dsn("nova_api"), s.dsn(database), s.in("locks"), keystonetest.Region, s.image)
	fmt.Fprintf(&b, "%s[service_user]\nsend_service_user_token = true\n%s", s.login("keystone_authtoken"), strings.TrimPrefix(s.login("service_user"), "[service_user]\n"))
	fmt.Fprintf(&b, "%s%sendpoint_override = %s\n", s.login("placement"), s.login("neutron"), s.stub+"/network")
	return b.String()
}

// logFile is where a service logs.
func (s *Server) logFile(name string) string { return filepath.Join(s.dir, name+".log") }
