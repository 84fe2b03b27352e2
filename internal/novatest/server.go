package novatest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/testproc"
)

const (
	uwsgi         = "/usr/bin/uwsgi_python3"
	novaWSGI      = "/usr/bin/nova-api-wsgi"
	novaManage    = "/usr/bin/nova-manage"
	novaPaste     = "/usr/share/nova-common/api-paste.ini" // of /etc/nova only root may read it
	scheduler     = "/usr/bin/nova-scheduler"
	conductor     = "/usr/bin/nova-conductor"
	placementWSGI = "/usr/bin/placement-api"
	placeManage   = "/usr/bin/placement-manage"
	python        = "/usr/bin/python3"
	// computeProgram is what Debian's nova-compute does; that package brings
	// hypervisors, which the fake one does not need.
	computeProgram = "from nova.cmd.compute import main\nmain()\n"

	startLimit = 3 * time.Minute
	// Printed when the application is loaded and takes requests.
	startedLine = "spawned uWSGI worker"
)

// Options of Start; the zero value does.
type Options struct {
	Host  string // name of the compute host; "" is compute1
	Image string // URL of a Glance; "" is a list of no images
}

// Server is a Nova of one test.
type Server struct {
	URL  string // of the API, ends in /v2.1
	Host string // of compute

	t         testing.TB
	keystone  *keystonetest.Server
	user      keystonetest.User
	dir       string
	apiPort   int
	placePort int
	stub      string // URL
	image     string // URL
	broker    string
	dsn       func(database string) string
	token     string
	mu        sync.Mutex
	processes map[string]*testproc.Process
}

// Start returns a Nova that places servers on its one host, registered in the
// catalogue. The volume service may be registered later.
func Start(t testing.TB, k *keystonetest.Server, broker string, o Options) *Server {
	t.Helper()
	for _, path := range []string{uwsgi, novaWSGI, novaManage, novaPaste, scheduler, conductor, placementWSGI, placeManage} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("Nova is not installed (%s): run scripts/install nova", path)
		}
	}
	ports := testproc.FreePorts(t, 2)
	s := &Server{t: t, keystone: k, user: k.ServiceUser("nova"), dir: testproc.Folder(t, "nova"), apiPort: ports[0], placePort: ports[1], broker: broker,
		Host: o.Host, image: o.Image, processes: make(map[string]*testproc.Process)}
	if s.Host == "" {
		s.Host = "compute1"
	}
	s.URL = fmt.Sprintf("http://127.0.0.1:%d/v2.1", s.apiPort)
	s.startStub()
	s.startDatabase("nova_api", "nova_cell0", "nova", "placement")
	s.configure()
	t.Cleanup(s.stop)
	k.Register("compute", "nova", s.URL)
	k.Register("placement", "placement", s.placementURL())
	s.makeDatabases()
	s.spawnAPI()
	s.spawnPlacement()
	s.spawn("nova-conductor", "", conductor, "--config-file", s.in("nova.conf"))
	s.spawn("nova-scheduler", "", scheduler, "--config-file", s.in("nova.conf"))
	s.StartCompute()
	s.awaitLine("nova-api-wsgi")
	s.awaitLine("placement")
	s.awaitHost()
	return s
}

func (s *Server) placementURL() string { return fmt.Sprintf("http://127.0.0.1:%d", s.placePort) }

func (s *Server) in(name string) string { return filepath.Join(s.dir, name) }

// environment keeps what is installed for other Pythons out.
func (s *Server) environment() []string {
	return []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=" + s.dir, "OS_NOVA_CONFIG_DIR=" + s.dir, "OS_PLACEMENT_CONFIG_DIR=" + s.dir,
		"PYTHONWARNINGS=ignore"}
}

// makeDatabases makes the schemas, each in its own process at the same time,
// and the map of cells.
func (s *Server) makeDatabases() {
	s.t.Helper()
	s.together(
		func() error { return s.manage(placeManage, "placement.conf", "db", "sync") },
		func() error { return s.manage(novaManage, "nova.conf", "api_db", "sync") },
		func() error { return s.manage(novaManage, "nova.conf", "db", "sync", "--local_cell") },
		func() error { return s.manage(novaManage, "cell0.conf", "db", "sync", "--local_cell") },
	)
	s.together(
		func() error {
			return s.manage(novaManage, "nova.conf", "cell_v2", "map_cell0", "--database_connection", s.dsn("nova_cell0"))
		},
		func() error { return s.manage(novaManage, "nova.conf", "cell_v2", "create_cell", "--name", "cell1") },
	)
}

// together runs steps at once and fails the test on the first error.
func (s *Server) together(steps ...func() error) {
	s.t.Helper()
	errs := make(chan error, len(steps))
	for _, step := range steps {
		go func() { errs <- step() }()
	}
	for range steps {
		if err := <-errs; err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *Server) manage(program, config string, args ...string) error {
	cmd := exec.CommandContext(s.t.Context(), program, append([]string{"--config-file", s.in(config)}, args...)...)
	cmd.Env, cmd.Dir = s.environment(), s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", filepath.Base(program), args, err, out)
	}
	return nil
}

func (s *Server) spawn(name, await, program string, args ...string) {
	s.t.Helper()
	p, err := testproc.Spawn(s.environment(), await, program, args...)
	if err != nil {
		s.t.Fatalf("start %s: %v", name, err)
	}
	s.processes[name] = p
}

func (s *Server) spawnAPI() {
	s.wsgi("nova-api-wsgi", novaWSGI, s.apiPort)
}

func (s *Server) spawnPlacement() {
	s.wsgi("placement", placementWSGI, s.placePort)
}

// wsgi starts a server that closes each connection after its answer, and says so.
func (s *Server) wsgi(name, file string, port int) {
	s.t.Helper()
	s.spawn(name, startedLine, uwsgi, "--http-socket", fmt.Sprintf("127.0.0.1:%d", port), "--wsgi-file", file,
		"--enable-threads", "--need-app", "--buffer-size", "65535", "--add-header", "Connection: close")
}

// KillAPI ends nova-api as a power failure would, RestartAPI brings it back.
func (s *Server) KillAPI() { s.processes["nova-api-wsgi"].Kill() }

// RestartAPI starts nova-api again over the same data.
func (s *Server) RestartAPI() {
	s.t.Helper()
	s.KillAPI()
	s.spawnAPI()
	s.awaitLine("nova-api-wsgi")
}

// PauseAPI lets nova-api accept connections and answer none, until ResumeAPI.
func (s *Server) PauseAPI() { s.signalAPI(unix.SIGSTOP) }

// ResumeAPI lets nova-api go on.
func (s *Server) ResumeAPI() { s.signalAPI(unix.SIGCONT) }

func (s *Server) signalAPI(signal unix.Signal) {
	s.t.Helper()
	if err := unix.Kill(s.processes["nova-api-wsgi"].PID(), signal); err != nil {
		s.t.Fatal(err)
	}
}

// KillCompute ends nova-compute as a power failure would.
func (s *Server) KillCompute() { s.processes["nova-compute"].Kill() }

// StartCompute starts nova-compute; what its fake hypervisor had is forgotten.
func (s *Server) StartCompute() {
	s.t.Helper()
	s.spawn("nova-compute", "", python, s.in("nova-compute"), "--config-file", s.in("nova.conf"))
}

// awaitLine returns when a server takes requests.
func (s *Server) awaitLine(name string) {
	s.t.Helper()
	p := s.processes[name]
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case <-p.Seen():
	case <-p.Done():
		s.t.Fatalf("%s ended while starting:\n%s", name, p.Tail())
	case <-limit.C:
		s.t.Fatalf("%s did not start within %s:\n%s", name, startLimit, p.Tail())
	}
}

// stop shows what Nova said to a test that failed.
func (s *Server) stop() {
	for name, p := range s.processes {
		p.Kill()
		if s.t.Failed() {
			s.t.Logf("end of the log of %s:\n%s", name, s.tail(name))
		}
	}
}

// tail is what a service warns of, and the end of what it says.
func (s *Server) tail(name string) string {
	log := s.Log(name)
	if log == "" {
		return s.processes[name].Tail()
	}
	var b strings.Builder
	for line := range strings.Lines(log) {
		if strings.Contains(line, " ERROR ") || strings.Contains(line, " WARNING ") {
			b.WriteString(line)
		}
	}
	troubles := b.String()
	return troubles[max(0, len(troubles)-8<<10):] + "…\n" + log[max(0, len(log)-2<<10):]
}

// Log is what a service has logged: nova-compute, nova-conductor, nova-scheduler, nova-api-wsgi.
func (s *Server) Log(name string) string {
	raw, _ := os.ReadFile(s.logFile(name))
	return string(raw)
}
