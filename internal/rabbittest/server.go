package rabbittest

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/testproc"
)

const (
	// Debian's wrapper in /usr/sbin insists on becoming the user rabbitmq; the
	// script below it runs as whoever calls it.
	serverScript = "/usr/lib/rabbitmq/bin/rabbitmq-server"
	startLimit   = 3 * time.Minute
	startedLine  = "Server startup complete"
)

// Server is a broker of one test. Kill and Restart are for that test's
// goroutine; both fail the test when the broker does not do as told.
type Server struct {
	// URL is in the spelling of oslo.messaging's transport_url; it stays the
	// same over restarts.
	URL string

	t      testing.TB
	dir    string
	env    []string
	broker *testproc.Process
}

// Start returns a broker that takes connections.
func Start(t testing.TB) *Server {
	t.Helper()
	epmd, err := exec.LookPath("epmd")
	if _, serr := os.Stat(serverScript); serr != nil || err != nil {
		t.Fatalf("RabbitMQ is not installed (%s, epmd): install the package rabbitmq-server", serverScript)
	}
	ports := testproc.FreePorts(t, 3)
	s := &Server{
		URL: fmt.Sprintf("rabbit://guest:guest@127.0.0.1:%d/", ports[0]),
		t:   t,
		dir: t.TempDir(),
	}
	s.env = s.environment(ports[0], ports[1], ports[2])
	mapper := s.startMapper(epmd, ports[2])
	t.Cleanup(mapper.Kill)
	s.start()
	t.Cleanup(s.Kill)
	return s
}

// Kill ends the broker as a power failure would.
func (s *Server) Kill() { s.broker.Kill() }

// Restart kills the broker if it runs and starts it again over the same data
// and on the same port.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.start()
}

func (s *Server) startMapper(epmd string, port int) *testproc.Process {
	p, err := testproc.Spawn(s.env, "", epmd, "-port", fmt.Sprint(port), "-address", "127.0.0.1")
	if err != nil {
		s.t.Fatalf("start epmd: %v", err)
	}
	return p
}

func (s *Server) start() {
	s.t.Helper()
	p, err := testproc.Spawn(s.env, startedLine, serverScript)
	if err != nil {
		s.t.Fatalf("start RabbitMQ: %v", err)
	}
	s.broker = p
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case <-p.Seen():
	case <-p.Done():
		s.t.Fatalf("RabbitMQ ended while starting:\n%s", p.Tail())
	case <-limit.C:
		p.Kill()
		s.t.Fatalf("RabbitMQ did not start within %s:\n%s", startLimit, p.Tail())
	}
}

// environment is the whole of the broker's environment: nothing of the
// machine's own RabbitMQ configuration may leak in.
func (s *Server) environment(amqp, dist, mapper int) []string {
	in := func(name string) string { return filepath.Join(s.dir, name) }
	s.write("enabled_plugins", "[].\n")
	s.write("rabbitmq.conf", "loopback_users = none\ndisk_free_limit.absolute = 1MB\n")
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"LANG=C.UTF-8",
		"HOME=" + s.dir, // .erlang.cookie
		fmt.Sprintf("ERL_EPMD_PORT=%d", mapper),
		"ERL_EPMD_ADDRESS=127.0.0.1",
		"ERL_CRASH_DUMP=/dev/null",
		"RABBITMQ_NODENAME=t" + strings.ToLower(rand.Text()) + "@localhost",
		"RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
		fmt.Sprintf("RABBITMQ_NODE_PORT=%d", amqp),
		fmt.Sprintf("RABBITMQ_DIST_PORT=%d", dist),
		"RABBITMQ_MNESIA_BASE=" + in("mnesia"),
		"RABBITMQ_LOG_BASE=" + in("log"),
		"RABBITMQ_LOGS=-",
		"RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_CONFIG_FILE=" + in("rabbitmq"),
		"RABBITMQ_ADVANCED_CONFIG_FILE=" + in("advanced"),
		"RABBITMQ_GENERATED_CONFIG_DIR=" + in("generated"),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + in("enabled_plugins"),
		"RABBITMQ_PID_FILE=" + in("pid"),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
		// Makes the script exec the virtual machine, so that the process we
		// started is the one to kill.
		"RUNNING_UNDER_SYSTEMD=true",
	}
}

func (s *Server) write(name, text string) {
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}
