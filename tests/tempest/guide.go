package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/clinker-io/clinker/internal/keystonetest"
)

//go:embed systemctl
var systemctl []byte

// guideLimit bounds the commands of the guide.
const guideLimit = 30 * time.Minute

// block is a piece of shell in the guide.
type block struct{ heading, text string }

// readGuide finds the blocks of a Markdown file.
func readGuide(path string) ([]block, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var all []block
	heading, inside := "", false
	s := bufio.NewScanner(f)
	for s.Scan() {
		switch line := s.Text(); {
		case line == "```sh":
			inside = true
			all = append(all, block{heading: heading})
		case line == "```":
			inside = false
		case inside:
			all[len(all)-1].text += line + "\n"
		case strings.HasPrefix(line, "#"):
			heading = strings.TrimLeft(line, "# ")
		}
	}
	return all, s.Err()
}

// await is shell that waits as a user would, looking again and again.
func await(what string) string {
	return fmt.Sprintf("for i in $(seq 120); do %s && break; [ $i -lt 120 ] || exit 1; sleep 1; done\n", what)
}

// afterwards is what a user looks at after blocks, by what they hold.
var afterwards = []struct{ holds, then string }{
	{"volume service list", await(`[ "$(openstack volume service list -f value -c State | grep -c '^up$')" = 2 ]`)},
	{"volume create", await(`[ "$(openstack volume show first -f value -c status)" = available ]`)},
	{"server add volume", await(`[ "$(openstack volume show first -f value -c status)" = in-use ]`)},
	{"server remove volume", await(`[ "$(openstack volume show first -f value -c status)" = available ]`)},
}

// script is the whole guide, with what only the reader knows filled in.
func script(blocks []block, known string) string {
	var b strings.Builder
	b.WriteString("set -euo pipefail\n")
	for i, block := range blocks {
		fmt.Fprintf(&b, "echo '== %s'\n", strings.ReplaceAll(block.heading, "'", ""))
		text := block.text
		if strings.Contains(text, "systemctl enable --now clinker") {
			// The services come up while the reader types.
			text = strings.Replace(text, "openstack volume service list", await("openstack volume service list >/dev/null 2>&1")+"openstack volume service list", 1)
		}
		b.WriteString(text)
		if i == 0 {
			b.WriteString(known)
		}
		for _, a := range afterwards {
			if strings.Contains(text, a.holds) {
				b.WriteString(a.then)
			}
		}
	}
	b.WriteString("echo '== done'\n")
	return b.String()
}

// guide follows the guide in a cloud that has everything but the service.
func (p *program) guide(path string) {
	blocks, err := readGuide(path)
	if err != nil || len(blocks) == 0 {
		p.Fatalf("%s: %v, %d blocks", path, err, len(blocks))
	}
	c := newCloud(p)
	c.startPeers()
	server := c.server("guide")
	bin := filepath.Join(openFolder(p), "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "systemctl"), systemctl, 0o755); err != nil {
		p.Fatal(err)
	}
	known := fmt.Sprintf("export KEYSTONE=%s NODE=127.0.0.1 REGION=%s SERVER=%s\n", c.keystone.URL, keystonetest.Region, server)
	cmd := exec.CommandContext(p.Context(), "bash", "-c", script(blocks, known))
	cmd.WaitDelay = time.Second // the services that it starts keep its output open
	cmd.Env = []string{"PATH=" + bin + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "PYTHONWARNINGS=ignore",
		"DEBIAN_FRONTEND=noninteractive", "OS_AUTH_URL=" + c.keystone.URL, "OS_USERNAME=" + c.keystone.Admin.Name, "OS_PASSWORD=" + c.keystone.Admin.Password,
		"OS_PROJECT_NAME=admin", "OS_USER_DOMAIN_NAME=Default", "OS_PROJECT_DOMAIN_NAME=Default", "OS_IDENTITY_API_VERSION=3",
		"OS_REGION_NAME=" + keystonetest.Region}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
	late := time.AfterFunc(guideLimit, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Run(); err != nil {
		for _, name := range []string{"api", "scheduler", "volume"} {
			raw, _ := os.ReadFile("/var/log/clinker-" + name + ".log")
			p.Logf("clinker-%s:\n%s", name, raw[max(0, len(raw)-4<<10):])
		}
		p.Logf("the guide does not lead to its end: %v", err)
		p.endBadly()
	}
}

// server boots a server from an image and waits until it runs.
func (c *cloud) server(name string) string {
	have := c.stockUp()
	project := c.keystone.Find("/projects?name=admin", "projects")
	token := c.keystone.Token(c.keystone.Admin, keystonetest.OfProject(project))
	var out struct {
		Server struct{ ID, Status string }
	}
	c.compute(token, http.MethodPost, "/servers", map[string]any{"server": map[string]any{"name": name, "imageRef": have.images[0],
		"flavorRef": have.flavors[0], "networks": "none"}}, &out)
	id := out.Server.ID
	for end := time.Now().Add(readyLimit * 3); out.Server.Status != "ACTIVE"; time.Sleep(time.Second) {
		if out.Server.Status == "ERROR" || time.Now().After(end) {
			c.p.Fatalf("server %s is %s", id, out.Server.Status)
		}
		c.compute(token, http.MethodGet, "/servers/"+id, nil, &out)
	}
	return id
}

// compute asks Nova for something that must succeed.
func (c *cloud) compute(token, method, path string, body, out any) {
	status, answer := c.nova.Call(token, method, path, body)
	if status >= 300 {
		c.p.Fatalf("Nova: %s %s: %d %s", method, path, status, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		c.p.Fatalf("Nova: %s %s: %v", method, path, err)
	}
}
