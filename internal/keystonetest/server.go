package keystonetest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/internal/testproc"
)

const (
	uwsgi      = "/usr/bin/uwsgi_python3"
	manage     = "/usr/bin/keystone-manage"
	wsgi       = "/usr/bin/keystone-wsgi-public"
	startLimit = 3 * time.Minute
	// Printed when the application is loaded and takes requests.
	startedLine = "spawned uWSGI worker"

	// Region of the endpoints.
	Region = "RegionOne"
)

// Server is a Keystone of one test. Kill and Restart are for that test's
// goroutine; both fail the test when Keystone does not do as told.
type Server struct {
	// URL ends in /v3; it stays the same over restarts.
	URL string
	// TokenLife is how long tokens hold that are issued after the next Restart.
	TokenLife time.Duration
	// Admin is the user that bootstrap made.
	Admin User

	t        testing.TB
	dir      string
	port     int
	cached   bool
	database string // of [database] connection
	server   *testproc.Process
	token    string   // of Admin
	regions  []string // beside Region
}

// Start returns a Keystone that takes requests, with its administrator, the
// default domain and the roles of a cloud. It remembers nothing: a revoked token
// is refused at once.
func Start(t testing.TB) *Server {
	t.Helper()
	return start(t, false)
}

// StartCached is Start with a cache, which a cloud in use has: for much traffic.
func StartCached(t testing.TB) *Server {
	t.Helper()
	return start(t, true)
}

func start(t testing.TB, cached bool) *Server {
	t.Helper()
	for _, path := range []string{uwsgi, manage, wsgi} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("Keystone is not installed (%s): install the packages python3-keystone uwsgi-core uwsgi-plugin-python3", path)
		}
	}
	port := testproc.FreePorts(t, 1)[0]
	s := &Server{t: t, dir: testproc.Folder(t, "keystone"), port: port, cached: cached, URL: fmt.Sprintf("http://127.0.0.1:%d/v3", port), TokenLife: time.Hour,
		Admin: User{Name: "admin", Password: rand.Text(), Domain: "default"}}
	s.startDatabase()
	s.makeKeys("fernet")
	s.makeKeys("receipts")
	s.configure()
	s.spawn() // loads while the database is made
	t.Cleanup(s.stop)
	s.manage("db_sync")
	s.manage("bootstrap", "--bootstrap-password", s.Admin.Password, "--bootstrap-region-id", Region,
		"--bootstrap-admin-url", s.URL, "--bootstrap-internal-url", s.URL, "--bootstrap-public-url", s.URL)
	s.await()
	s.Admin.ID = s.Find("/users?name=admin", "users")
	s.Role("service")
	// As newer Keystones make it: who manages a project is a member of it.
	s.admin(http.MethodPut, "/roles/"+s.Role("manager")+"/implies/"+s.Role("member"), nil, nil)
	return s
}

// startDatabase starts a PostgreSQL: over SQLite, Keystone locks itself out.
func (s *Server) startDatabase() {
	s.t.Helper()
	pg := pgtest.Serve(s.t, s.in("pg"))
	s.database = pg.URL()
}

// Kill ends Keystone as a power failure would.
func (s *Server) Kill() { s.server.Kill() }

// Restart kills Keystone if it runs and starts it again over the same data.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.configure()
	s.spawn()
	s.await()
}

// stop shows what Keystone said to a test that failed.
func (s *Server) stop() {
	s.Kill()
	if s.t.Failed() {
		log, _ := os.ReadFile(s.in("keystone.log"))
		s.t.Logf("Keystone's output:\n%s\nand log:\n%s", s.server.Tail(), log[max(0, len(log)-2<<10):])
	}
}

// PID is the server's process id.
func (s *Server) PID() int { return s.server.PID() }

func (s *Server) in(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) write(name, text string) {
	if err := os.WriteFile(s.in(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// makeKeys does what fernet_setup does: a key to sign with and one for later.
func (s *Server) makeKeys(name string) {
	if err := os.Mkdir(s.in(name), 0o700); err != nil {
		s.t.Fatal(err)
	}
	for _, key := range []string{"0", "1"} {
		var b [32]byte
		_, _ = rand.Read(b[:]) // never fails
		s.write(filepath.Join(name, key), base64.URLEncoding.EncodeToString(b[:]))
	}
}

// configure writes keystone.conf. Passwords are hashed fast.
func (s *Server) configure() {
	s.write("keystone.conf", fmt.Sprintf(`[DEFAULT]
log_file = %s
[database]
connection = %s
[cache]
enabled = %v
backend = dogpile.cache.memory
[token]
provider = fernet
expiration = %d
[fernet_tokens]
key_repository = %s
[fernet_receipts]
key_repository = %s
[identity]
password_hash_rounds = 4
`, s.in("keystone.log"), s.database, s.cached, int(s.TokenLife.Seconds()), s.in("fernet"), s.in("receipts")))
}

// environment keeps what is installed for other Pythons out.
func (s *Server) environment() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=" + s.dir}
}

func (s *Server) manage(args ...string) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), manage, append([]string{"--config-file", s.in("keystone.conf")}, args...)...)
	cmd.Env, cmd.Dir = s.environment(), s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("keystone-manage %s: %v\n%s", args[0], err, out)
	}
}

// spawn starts a server that closes each connection after its answer, and says so.
func (s *Server) spawn() {
	s.t.Helper()
	p, err := testproc.Spawn(s.environment(), startedLine, uwsgi,
		"--http-socket", fmt.Sprintf("127.0.0.1:%d", s.port), "--wsgi-file", wsgi,
		"--pyargv", "--config-file "+s.in("keystone.conf"), "--enable-threads", "--threads", "4",
		"--need-app", "--buffer-size", "65535", "--add-header", "Connection: close")
	if err != nil {
		s.t.Fatalf("start Keystone: %v", err)
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
		s.t.Fatalf("Keystone ended while starting:\n%s", p.Tail())
	case <-limit.C:
		p.Kill()
		s.t.Fatalf("Keystone did not start within %s:\n%s", startLimit, p.Tail())
	}
}
