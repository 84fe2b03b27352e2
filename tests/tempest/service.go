package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/testproc"
	"github.com/clinker-io/clinker/tests/harness"
)

const (
	stopLimit  = 30 * time.Second
	readyLimit = 120 * time.Second
	registered = "password of the user"
)

// backends are one on each node, by the name that volume types choose.
var backends = []struct{ node, name string }{{"node1", "fast"}, {"node2", "slow"}}

// roles are the processes of the service: each on its node.
var roles = []struct{ name, node string }{{"api", "node1"}, {"scheduler", "node1"}, {"volume", "node1"}, {"volume", "node2"}}

func (c *cloud) apiURL() string { return fmt.Sprintf("http://127.0.0.1:%d", c.apiPort) }

// startService brings the service into the cloud the way operators do.
func (c *cloud) startService() {
	password := rand.Text()
	for _, b := range backends {
		c.configure(b.node, b.name, password)
	}
	c.clinker("db", "sync")
	for range 2 { // the second finds everything there
		out := c.clinker("manage", "register", "--url", c.apiURL()+"/v3", "--region", keystonetest.Region)
		if !strings.Contains(out, registered) {
			c.p.Fatalf("clinker manage register:\n%s", out)
		}
	}
	c.p.Cleanup(c.stopService)
	for _, r := range roles {
		c.start(r.name, r.node)
	}
	c.ready()
}

func (c *cloud) config(node string) string { return c.in(node + ".conf") }

// configure writes the cinder.conf of a node.
func (c *cloud) configure(node, backend, password string) {
	text := fmt.Sprintf(`[DEFAULT]
host = %s
state_path = %s
transport_url = %s
osapi_volume_listen = 127.0.0.1
osapi_volume_listen_port = %d
report_interval = 2
service_down_time = 20
enabled_backends = %s
[database]
connection = %s
[keystone_authtoken]
auth_url = %s
username = cinder
password = %s
project_name = service
region_name = %s
timeout = 60
[service_user]
send_service_user_token = True
[%s]
volume_driver = file
volume_backend_name = %s
file_pool_path = %s
target_port = %d
`, node, c.in(node), c.rabbit.URL, c.apiPort, backend, c.database, c.keystone.URL, password, keystonetest.Region, backend, backend,
		c.in("pool-"+node), testproc.FreePorts(c.p, 1)[0])
	for _, dir := range []string{c.in(node), c.in("pool-" + node)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			c.p.Fatal(err)
		}
	}
	if err := os.WriteFile(c.config(node), []byte(text), 0o600); err != nil {
		c.p.Fatal(err)
	}
}

// clinker runs a command of the service with the administrator's environment.
func (c *cloud) clinker(args ...string) string {
	cmd := exec.CommandContext(c.p.Context(), c.binary, append(args, "--config-file", c.config("node1"))...)
	cmd.Env = append(os.Environ(), "OS_AUTH_URL="+c.keystone.URL, "OS_USERNAME="+c.keystone.Admin.Name, "OS_PASSWORD="+c.keystone.Admin.Password,
		"OS_PROJECT_NAME=admin", "OS_CLOUD=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.p.Fatalf("clinker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (c *cloud) start(role, node string) {
	name := role + "-" + node
	log, err := os.OpenFile(c.in(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.p.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(c.binary, role, "--config-file", c.config(node))
	cmd.Stdout, cmd.Stderr = log, log
	if c.running[name], err = harness.StartProcess(cmd); err != nil {
		c.p.Fatalf("start %s: %v", name, err)
	}
}

// stopService ends every role as an operator does.
func (c *cloud) stopService() {
	for name, p := range c.running {
		select {
		case <-p.Ended():
			c.p.Errorf("%s ended by itself:\n%s", name, c.tail(name))
		default:
			if err := p.Terminate(stopLimit); err != nil {
				c.p.Errorf("stop %s: %v\n%s", name, err, c.tail(name))
			}
		}
	}
}

func (c *cloud) tail(name string) string {
	raw, _ := os.ReadFile(c.in(name + ".log"))
	return string(raw[max(0, len(raw)-4<<10):])
}

// ready waits until the API answers and both workers are listed as up.
func (c *cloud) ready() {
	deadline := time.Now().Add(readyLimit)
	for {
		up := c.clinker("manage", "service", "list")
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(c.apiURL(), "http://"), time.Second)
		if err == nil {
			_ = conn.Close()
			resp, err := http.Get(c.apiURL() + "/")
			if err == nil {
				_ = resp.Body.Close()
				if resp.StatusCode == http.StatusMultipleChoices && strings.Count(up, ":-)") == 3 {
					return
				}
			}
		}
		if time.Now().After(deadline) {
			c.p.Fatalf("the service is not ready after %v:\n%s\n%s", readyLimit, up, c.tail("api-node1"))
		}
		time.Sleep(200 * time.Millisecond) // nothing to wait on
	}
}
