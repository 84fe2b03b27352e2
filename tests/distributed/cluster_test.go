// Package distributed runs the service as operators of several machines do:
// an API server, a scheduler and two volume workers, each a process of its own,
// over a real PostgreSQL and a real RabbitMQ; and takes each of them away.
package distributed

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/internal/rabbittest"
	"github.com/clinker-io/clinker/internal/testproc"
	"github.com/clinker-io/clinker/tests/harness"
)

const (
	reportInterval = 1 // s
	downTime       = 4 // s
	stopLimit      = time.Minute
	readyLimit     = 60 * time.Second
	project        = "0123456789abcdef0123456789abcdef"
)

// cluster is the whole set-up.
type cluster struct {
	t        *testing.T
	dir      string
	binary   string
	database string // of [database] connection
	rabbit   *rabbittest.Server
	apiPort  int
	portals  map[string]string // host → address of its iSCSI target
	running  map[string]*harness.Process
	service  *harness.Service // where the API is
}

// roles of the cluster: the name, its subcommand, the host it runs on.
var roles = []struct{ name, command, host string }{
	{"api", "api", "node1"}, {"scheduler", "scheduler", "node1"}, {"volume1", "volume", "node1"}, {"volume2", "volume", "node2"},
}

// backends are one on each host.
var backends = map[string]string{"node1": "fast", "node2": "slow"}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: testproc.Folder(t, "distributed"), binary: harness.Build(t), running: make(map[string]*harness.Process), portals: make(map[string]string)}
	c.startDatabase()
	c.rabbit = rabbittest.Start(t)
	ports := freePorts(t, 3)
	c.apiPort, c.portals["node1"], c.portals["node2"] = ports[0], addressOf(ports[1]), addressOf(ports[2])
	c.service = &harness.Service{URL: fmt.Sprintf("http://%s/v3/%s", addressOf(c.apiPort), project)}
	for host, backend := range backends {
		c.configure(host, backend)
	}
	if out, err := exec.CommandContext(t.Context(), c.binary, "db", "sync", "--config-file", c.config("node1")).CombinedOutput(); err != nil {
		t.Fatalf("clinker db sync: %v\n%s", err, out)
	}
	t.Cleanup(c.stopAll)
	for _, r := range roles {
		c.start(r.name)
	}
	c.ready()
	return c
}

func addressOf(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// freePorts are below the kernel's range for outgoing connections, so that
// nobody takes one while its process is down.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	const first, last = 10000, 15000
	var ports []int
	for range 1000 {
		p := first + rand.IntN(last-first)
		l, err := net.Listen("tcp", addressOf(p))
		if err != nil {
			continue
		}
		defer func() { _ = l.Close() }() // held until all are chosen, so that they differ
		if ports = append(ports, p); len(ports) == n {
			return ports
		}
	}
	t.Fatal("no free loopback port found")
	return nil
}

func (c *cluster) startDatabase() {
	c.t.Helper()
	s := pgtest.Serve(c.t, filepath.Join(c.dir, "pg"))
	c.database = s.URL()
}

func (c *cluster) config(host string) string { return filepath.Join(c.dir, host+".conf") }

// configure writes the cinder.conf of a host.
func (c *cluster) configure(host, backend string) {
	c.t.Helper()
	address, port, _ := net.SplitHostPort(c.portals[host])
	text := fmt.Sprintf(`[DEFAULT]
host = %s
transport_url = %s
auth_strategy = noauth
osapi_volume_listen = 127.0.0.1
osapi_volume_listen_port = %d
report_interval = %d
service_down_time = %d
enabled_backends = %s
[database]
connection = %s
[%s]
volume_driver = file
volume_backend_name = %s
file_pool_path = %s
target_ip_address = %s
target_port = %s
`, host, c.rabbit.URL, c.apiPort, reportInterval, downTime, backend, c.database, backend, backend, c.pool(host), address, port)
	if err := os.MkdirAll(c.pool(host), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(c.config(host), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// pool is the folder of a host's backend.
func (c *cluster) pool(host string) string { return filepath.Join(c.dir, "pool-"+host) }

func (c *cluster) log(name string) string { return filepath.Join(c.dir, name+".log") }

// start runs a role.
func (c *cluster) start(name string) {
	c.t.Helper()
	log, err := os.OpenFile(c.log(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	for _, r := range roles {
		if r.name != name {
			continue
		}
		cmd := exec.Command(c.binary, r.command, "--config-file", c.config(r.host))
		cmd.Stdout, cmd.Stderr = log, log
		if c.running[name], err = harness.StartProcess(cmd); err != nil {
			c.t.Fatalf("start %s: %v", name, err)
		}
	}
}

// kill ends a role as a power failure would.
func (c *cluster) kill(name string) {
	c.running[name].Kill9()
	delete(c.running, name)
}

// stopAll ends every role as an operator does.
func (c *cluster) stopAll() {
	for name, p := range c.running {
		select {
		case <-p.Ended():
			c.t.Errorf("%s ended by itself", name)
		default:
			if err := p.Terminate(stopLimit); err != nil {
				c.t.Errorf("stop %s: %v", name, err)
			}
		}
	}
	if !c.t.Failed() {
		return
	}
	for _, r := range roles {
		if raw, err := os.ReadFile(c.log(r.name)); err == nil {
			const most = 12 << 10
			c.t.Logf("log of %s:\n%s", r.name, raw[max(0, len(raw)-most):])
		}
	}
}

// client is the project's, for one test.
func (c *cluster) client(t *testing.T) *harness.Client { return c.service.Client(t) }

// ready waits until the API answers and every service is up.
func (c *cluster) ready() {
	c.t.Helper()
	for name := range c.running {
		if name == "api" {
			await(c.t, "the API to answer", func() bool {
				resp, _, err := c.client(c.t).Do(http.MethodGet, "/os-services", nil)
				return err == nil && resp.StatusCode == http.StatusOK
			})
		}
	}
	c.state("cinder-scheduler", "node1", "up")
	c.state("cinder-volume", "node1@fast", "up")
	c.state("cinder-volume", "node2@slow", "up")
}

// state waits until a service is up or down.
func (c *cluster) state(binary, host, want string) {
	c.t.Helper()
	await(c.t, binary+" on "+host+" to be "+want, func() bool {
		c.t.Helper()
		var out struct {
			Services []struct{ Binary, Host, State string }
		}
		c.client(c.t).Request(http.MethodGet, "/os-services", nil, http.StatusOK, &out)
		for _, s := range out.Services {
			if s.Binary == binary && s.Host == host {
				return s.State == want
			}
		}
		return false
	})
}

// await polls: the API has nothing to wait on.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(readyLimit)
	for pause := 5 * time.Millisecond; !done(); pause = min(2*pause, 200*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, readyLimit)
		}
		time.Sleep(pause)
	}
}

// volume is what the tests look at beyond harness.Volume.
type volume struct {
	ID, Name, Status string
	Size             int
	Host             string `json:"os-vol-host-attr:host"`
}

func list(t *testing.T, c *harness.Client) []volume {
	t.Helper()
	var out struct{ Volumes []volume }
	c.Request(http.MethodGet, "/volumes/detail", nil, http.StatusOK, &out)
	return out.Volumes
}

// hostOf is where a volume is, without its pool.
func hostOf(t *testing.T, c *harness.Client, id string) string {
	t.Helper()
	var out struct{ Volume volume }
	c.Request(http.MethodGet, "/volumes/"+id, nil, http.StatusOK, &out)
	host, pool, ok := strings.Cut(out.Volume.Host, "#")
	if !ok || pool == "" {
		t.Errorf("volume %s is on %q, want host@backend#pool", id, out.Volume.Host)
	}
	return host
}
