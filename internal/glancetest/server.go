package glancetest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/internal/testproc"
)

const (
	uwsgi      = "/usr/bin/uwsgi_python3"
	manage     = "/usr/bin/glance-manage"
	wsgi       = "/usr/bin/glance-wsgi-api"
	startLimit = 3 * time.Minute
	// Printed when the application is loaded and takes requests.
	startedLine = "spawned uWSGI worker"
)

// Server is a Glance of one test. Kill and Restart are for that test's
// goroutine; both fail the test when Glance does not do as told.
type Server struct {
	// URL is without a version; it stays the same over restarts.
	URL string

	t        testing.TB
	keystone *keystonetest.Server
	user     keystonetest.User
	options  string
	dir      string
	port     int
	database string
	server   *testproc.Process
}

// Start returns a Glance that takes requests and is in the catalogue. It asks
// the Barbican of the catalogue, if there is one, for certificates. options are
// further lines of its [DEFAULT] section.
func Start(t testing.TB, k *keystonetest.Server, options ...string) *Server {
	t.Helper()
	for _, path := range []string{uwsgi, manage, wsgi} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("Glance is not installed (%s): install the packages glance-common uwsgi-core uwsgi-plugin-python3", path)
		}
	}
	port := testproc.FreePorts(t, 1)[0]
	s := &Server{URL: fmt.Sprintf("http://127.0.0.1:%d", port), t: t, keystone: k, options: strings.Join(options, "\n"), dir: testproc.Folder(t, "glance"), port: port}
	s.startDatabase()
	s.user = k.ServiceUser("glance")
	k.Register("image", "glance", s.URL)
	s.configure()
	s.spawn() // loads while the database is made
	t.Cleanup(s.stop)
	s.sync()
	s.await()
	return s
}

func (s *Server) startDatabase() {
	s.t.Helper()
	pg := pgtest.Serve(s.t, s.in("pg"))
	s.database = pg.URL()
}

// Kill ends Glance as a power failure would.
func (s *Server) Kill() { s.server.Kill() }

// Restart kills Glance if it runs and starts it again over the same data.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.spawn()
	s.await()
}

// stop shows what Glance said to a test that failed.
func (s *Server) stop() {
	s.Kill()
	if s.t.Failed() {
		log, _ := os.ReadFile(s.in("glance.log"))
		s.t.Logf("Glance's output:\n%s\nand log:\n%s", s.server.Tail(), log[max(0, len(log)-4<<10):])
	}
}

// PID is the server's process id.
func (s *Server) PID() int { return s.server.PID() }

// File is where the data of an image lies.
func (s *Server) File(id string) string { return s.in(filepath.Join("images", id)) }

func (s *Server) in(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) write(name, text string) {
	if err := os.WriteFile(s.in(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// paste is the pipeline of glance-api-keystone without what a browser needs.
const paste = `[pipeline:glance-api]
pipeline = versionnegotiation authtoken context rootapp
[composite:rootapp]
paste.composite_factory = glance.api:root_app_factory
/: apiversions
/v2: apiv2app
[app:apiversions]
paste.app_factory = glance.api.versions:create_resource
[app:apiv2app]
paste.app_factory = glance.api.v2.router:API.factory
[filter:versionnegotiation]
paste.filter_factory = glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory
[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
delay_auth_decision = true
`

// configure writes glance-api.conf: files in a folder, users may see and set locations.
func (s *Server) configure() {
	s.write("glance-api-paste.ini", paste)
	s.write("glance-api.conf", fmt.Sprintf(`[DEFAULT]
log_file = %s
show_multiple_locations = true
show_image_direct_url = true
node_staging_uri = file://%s
%s
[database]
connection = %s
[paste_deploy]
config_file = %s
[glance_store]
stores = file,http,cinder
default_store = file
filesystem_store_datadir = %s
[os_glance_staging_store]
filesystem_store_datadir = %s
[key_manager]
backend = barbican
[barbican]
auth_endpoint = %s/v3
[keystone_authtoken]
auth_type = password
auth_url = %s
username = %s
password = %s
project_name = %s
user_domain_id = default
project_domain_id = default
service_token_roles_required = true
`, s.in("glance.log"), s.in("staging"), s.options, s.database, s.in("glance-api-paste.ini"), s.in("images"), s.in("staging"),
		strings.TrimSuffix(s.keystone.URL, "/v3"), s.keystone.URL, s.user.Name, s.user.Password, keystonetest.ServiceProject))
}

// environment keeps what is installed for other Pythons out.
func (s *Server) environment() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=" + s.dir, "OS_GLANCE_CONFIG_DIR=" + s.dir}
}

func (s *Server) sync() {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), manage, "--config-file", s.in("glance-api.conf"), "db_sync")
	cmd.Env, cmd.Dir = s.environment(), s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("glance-manage db_sync: %v\n%s", err, out)
	}
}

// spawn starts a server that closes each connection after its answer, and says so.
func (s *Server) spawn() {
	s.t.Helper()
	p, err := testproc.Spawn(s.environment(), startedLine, uwsgi,
		"--http-socket", fmt.Sprintf("127.0.0.1:%d", s.port), "--wsgi-file", wsgi, "--enable-threads", "--threads", "4",
		"--need-app", "--buffer-size", "65535", "--add-header", "Connection: close")
	if err != nil {
		s.t.Fatalf("start Glance: %v", err)
	}
	s.server = p
}

// await returns when requests are taken.
func (s *Server) await() {
	s.t.Helper()
	p := s.server
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case <-p.Seen():
	case <-p.Done():
		s.t.Fatalf("Glance ended while starting:\n%s", p.Tail())
	case <-limit.C:
		p.Kill()
		s.t.Fatalf("Glance did not start within %s:\n%s", startLimit, p.Tail())
	}
	resp, err := http.Get(s.URL + "/versions")
	if err != nil {
		s.t.Fatalf("Glance: %v", err)
	}
	_ = resp.Body.Close()
}
