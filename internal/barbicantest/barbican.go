package barbicantest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/internal/testproc"
)

const (
	uwsgi      = "/usr/bin/uwsgi_python3"
	installed  = "/usr/bin/barbican-wsgi-api"
	startLimit = 3 * time.Minute
	// Printed when the application is loaded and takes requests.
	startedLine = "spawned uWSGI worker"

	// Creator is the role of users who may make secrets.
	Creator = "creator"
)

// Server is a Barbican of one test. Kill and Restart are for that test's goroutine.
type Server struct {
	// URL ends before /v1; it stays the same over restarts.
	URL string
	// DSN is of Barbican's own database.
	DSN string

	t        testing.TB
	dir      string
	port     int
	keystone *keystonetest.Server
	user     keystonetest.User
	database string
	server   *testproc.Process
}

// Start returns a Barbican that takes requests and stands in Keystone's
// catalogue. Users need the role Creator.
func Start(t testing.TB, keystone *keystonetest.Server) *Server {
	t.Helper()
	for _, path := range []string{uwsgi, installed} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("Barbican is not installed (%s): install the packages barbican-api uwsgi-core uwsgi-plugin-python3", path)
		}
	}
	port := testproc.FreePorts(t, 1)[0]
	s := &Server{t: t, dir: testproc.Folder(t, "barbican"), port: port, URL: fmt.Sprintf("http://127.0.0.1:%d", port), keystone: keystone}
	s.startDatabase()
	s.user = keystone.ServiceUser("barbican")
	keystone.Register("key-manager", "barbican", s.URL)
	keystone.Role(Creator)
	s.configure()
	s.spawn()
	t.Cleanup(s.stop)
	s.await()
	return s
}

func (s *Server) startDatabase() {
	s.t.Helper()
	pg := pgtest.Serve(s.t, filepath.Join(s.dir, "pg"))
	dsn, err := pgx.ParseConfig(pg.DSN())
	if err != nil {
		s.t.Fatal(err)
	}
	s.DSN = pg.DSN()
	// Barbican writes bytes into columns of text, and wants them back as they were.
	s.query(fmt.Sprintf("ALTER DATABASE %s SET bytea_output = 'escape'", pgx.Identifier{dsn.Database}.Sanitize()))
	s.database = pg.URL()
}

// Kill ends Barbican as a power failure would.
func (s *Server) Kill() { s.server.Kill() }

// Restart kills Barbican if it runs and starts it again over the same data.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.spawn()
	s.await()
}

// stop shows what Barbican said to a test that failed.
func (s *Server) stop() {
	s.Kill()
	if s.t.Failed() {
		log, _ := os.ReadFile(s.in("barbican.log"))
		s.t.Logf("Barbican's output:\n%s\nand log:\n%s", s.server.Tail(), log[max(0, len(log)-4<<10):])
	}
}

func (s *Server) in(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) write(name, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.in(name)), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.in(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// configure writes barbican.conf to where Barbican looks first, below its home
// folder, and the pipeline of its application.
func (s *Server) configure() {
	s.t.Helper()
	var kek [32]byte
	_, _ = rand.Read(kek[:]) // never fails
	s.write(".barbican/barbican.conf", fmt.Sprintf(`[DEFAULT]
host_href = %s
log_file = %s
sql_connection = %s
db_auto_create = true
[keystone_authtoken]
auth_type = password
auth_url = %s
www_authenticate_uri = %s
username = %s
password = %s
project_name = %s
user_domain_id = default
project_domain_id = default
[secretstore]
enabled_secretstore_plugins = store_crypto
[crypto]
enabled_crypto_plugins = simple_crypto
[simple_crypto_plugin]
kek = %s
`, s.URL, s.in("barbican.log"), s.database, s.keystone.URL, s.keystone.URL, s.user.Name, s.user.Password, keystonetest.ServiceProject,
		base64.StdEncoding.EncodeToString(kek[:])))
	s.write("paste.ini", `[composite:main]
use = egg:Paste#urlmap
/: versions
/v1: keystone
[pipeline:versions]
pipeline = microversion versionapp
[pipeline:keystone]
pipeline = authtoken context microversion apiapp
[app:apiapp]
paste.app_factory = barbican.api.app:create_main_app
[app:versionapp]
paste.app_factory = barbican.api.app:create_version_app
[filter:context]
paste.filter_factory = barbican.api.middleware.context:ContextMiddleware.factory
[filter:microversion]
paste.filter_factory = barbican.api.middleware.microversion:MicroversionMiddleware.factory
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
`)
	s.write("app.py", fmt.Sprintf("from paste import deploy\nimport barbican.api.app\napplication = deploy.loadapp('config:%s')\n", s.in("paste.ini")))
}

// environment keeps what is installed for other Pythons out.
func (s *Server) environment() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=" + s.dir}
}

// spawn starts a server that closes each connection after its answer, and says so.
func (s *Server) spawn() {
	s.t.Helper()
	p, err := testproc.Spawn(s.environment(), startedLine, uwsgi,
		"--http-socket", fmt.Sprintf("127.0.0.1:%d", s.port), "--wsgi-file", s.in("app.py"), "--enable-threads", "--threads", "4",
		"--need-app", "--buffer-size", "65535", "--rem-header", "Content-Length", "--add-header", "Connection: close")
	if err != nil {
		s.t.Fatalf("start Barbican: %v", err)
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
		s.t.Fatalf("Barbican ended while starting:\n%s", p.Tail())
	case <-limit.C:
		p.Kill()
		s.t.Fatalf("Barbican did not start within %s:\n%s", startLimit, p.Tail())
	}
}
