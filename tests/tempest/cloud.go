package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/clinker-io/clinker/internal/barbicantest"
	"github.com/clinker-io/clinker/internal/glancetest"
	"github.com/clinker-io/clinker/internal/keystonetest"
	"github.com/clinker-io/clinker/internal/novatest"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/internal/rabbittest"
	"github.com/clinker-io/clinker/internal/testproc"
	"github.com/clinker-io/clinker/tests/harness"
)

// cloud is everything that runs.
type cloud struct {
	p        *program
	dir      string
	binary   string
	database string // of [database] connection
	rabbit   *rabbittest.Server
	keystone *keystonetest.Server
	glance   *glancetest.Server
	nova     *novatest.Server
	apiPort  int
	running  map[string]*harness.Process
}

func newCloud(p *program) *cloud {
	return &cloud{p: p, dir: openFolder(p), running: make(map[string]*harness.Process), apiPort: testproc.FreePorts(p, 1)[0]}
}

// startCloud returns when everything takes requests.
func startCloud(p *program) *cloud {
	c := newCloud(p)
	p.together(c.startPeers, func() { c.binary = harness.Build(p) }, c.startDatabase)
	c.startService()
	return c
}

// startPeers starts everything but the service and its database.
func (c *cloud) startPeers() {
	p := c.p
	p.together(func() { c.rabbit = rabbittest.Start(p) }, func() { c.keystone = keystonetest.StartCached(p) })
	c.keystone.Project(keystonetest.ServiceProject)
	p.together(func() { c.glance = glancetest.Start(p, c.keystone) }, func() { barbicantest.Start(p, c.keystone) })
	c.nova = novatest.Start(p, c.keystone, c.rabbit.URL, novatest.Options{Image: c.glance.URL})
}

// openFolder may be entered by PostgreSQL's user, who runs the servers when we are root.
func openFolder(p *program) string {
	dir := p.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		p.Fatal(err)
	}
	return dir
}

func (c *cloud) in(name string) string { return filepath.Join(c.dir, name) }

func (c *cloud) startDatabase() {
	pg := pgtest.Serve(c.p, c.in("pg"))
	c.database = pg.URL()
}

// saveLogs copies the logs of the service.
func (c *cloud) saveLogs(to string) {
	if err := os.MkdirAll(to, 0o755); err != nil {
		c.p.Logf("logs: %v", err)
		return
	}
	files, _ := filepath.Glob(c.in("*.log"))
	for _, file := range append(files, c.in("node1.conf"), c.in("tempest/tempest.conf")) {
		raw, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, filepath.Base(file)), raw, 0o600)
		}
		if err != nil {
			c.p.Logf("logs: %v", err)
		}
	}
	fmt.Println("Logs are in", to)
}
