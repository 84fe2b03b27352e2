package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/internal/postgres"
	"github.com/clinker-io/clinker/internal/rabbittest"
	"github.com/clinker-io/clinker/internal/testproc"
	"github.com/clinker-io/clinker/tests/harness"
)

// cinder is Debian's Python Cinder with its fake driver, two API workers,
// PostgreSQL and RabbitMQ; nobody asks Keystone, on either side.
type cinder struct {
	dir   string
	url   string
	procs []*testproc.Process
}

const (
	cinderConf = `[DEFAULT]
auth_strategy = noauth
transport_url = %s
state_path = %s
api_paste_config = /etc/cinder/api-paste.ini
host = bench
enabled_backends = fake
quota_volumes = -1
quota_gigabytes = -1
use_stderr = true
[database]
connection = %s
[oslo_concurrency]
lock_path = %s
[fake]
volume_driver = cinder.tests.fake_driver.FakeLoggingVolumeDriver
volume_backend_name = fake
target_helper = fake
`
	cinderProject = "5d1f0c5e6a0b4a6e9d8c0f5a7b3e2d11"
	cinderLimit   = 2 * time.Minute
)

func startCinder(b *testing.B) (*cinder, peer) {
	b.Helper()
	for _, path := range []string{"/usr/bin/cinder-wsgi", "/usr/bin/cinder-volume", "/usr/bin/uwsgi_python3", "/etc/cinder/api-paste.ini"} {
		if _, err := os.Stat(path); err != nil {
			b.Fatalf("%s is missing: scripts/install bench-api installs it", path)
		}
	}
	dir, err := os.MkdirTemp("", "clinker-cinder-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	pg, err := postgres.Start(b.Context(), postgres.Config{Dir: filepath.Join(dir, "pg"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = pg.Stop() })
	database, err := descendants(os.Getpid()) // nothing else runs yet
	if err != nil {
		b.Fatal(err)
	}
	broker := rabbittest.Start(b)
	c := &cinder{dir: dir}
	conf := filepath.Join(dir, "cinder.conf")
	text := fmt.Sprintf(cinderConf, broker.URL, dir, pg.URL(), dir)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	c.run(b, "", "/usr/bin/cinder-manage", "--config-file", conf, "db", "sync")
	begun := time.Now()
	c.spawn(b, "/usr/bin/cinder-scheduler", "--config-file", conf)
	c.spawn(b, "/usr/bin/cinder-volume", "--config-file", conf)
	port := testproc.FreePorts(b, 1)[0]
	c.spawn(b, "/usr/bin/uwsgi_python3", "--http-socket", fmt.Sprintf("127.0.0.1:%d", port), "--wsgi-file", "/usr/bin/cinder-wsgi", "--master",
		"--processes", "2", "--enable-threads", "--need-app", "--buffer-size", "65535", "--add-header", "Connection: close", "--pyargv", "--config-file="+conf)
	c.url = fmt.Sprintf("http://127.0.0.1:%d/v3/%s", port, cinderProject)
	c.await(b)
	fmt.Printf("%-56s %.2f s\n", "Python Cinder: start, to a backend that is up", time.Since(begun).Seconds())
	return c, peer{service: c.pids, database: func() ([]int, error) { return withDescendants(database) }}
}

// run is a command that ends by itself.
func (c *cinder) run(b *testing.B, await string, args ...string) {
	b.Helper()
	p, err := testproc.Spawn(os.Environ(), await, args[0], args[1:]...)
	if err != nil {
		b.Fatal(err)
	}
	select {
	case <-p.Done():
	case <-time.After(cinderLimit):
		p.Kill()
		b.Fatalf("%v does not end:\n%s", args, p.Tail())
	}
}

func (c *cinder) spawn(b *testing.B, args ...string) {
	b.Helper()
	p, err := testproc.Spawn(os.Environ(), "", args[0], args[1:]...)
	if err != nil {
		b.Fatal(err)
	}
	c.procs = append(c.procs, p)
	b.Cleanup(p.Kill)
}

// pids are the daemons with the workers that they started.
func (c *cinder) pids() ([]int, error) {
	var daemons []int
	for _, p := range c.procs {
		daemons = append(daemons, p.PID())
	}
	return withDescendants(daemons)
}

func withDescendants(pids []int) ([]int, error) {
	all := slices.Clone(pids)
	for _, pid := range pids {
		below, err := descendants(pid)
		if err != nil {
			return nil, err
		}
		all = append(all, below...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// await returns when the backend can take volumes.
func (c *cinder) await(b *testing.B) {
	b.Helper()
	cloud := newCloud(c.url)
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		var l struct {
			Services []struct{ Binary, State string }
		}
		var pools struct{ Pools []any }
		raw, err := cloud.call(http.MethodGet, "/os-services", nil)
		if err == nil && json.Unmarshal(raw, &l) == nil && strings.Count(string(raw), `"state": "up"`) >= 2 {
			if raw, err = cloud.call(http.MethodGet, "/scheduler-stats/get_pools", nil); err == nil && json.Unmarshal(raw, &pools) == nil && len(pools.Pools) > 0 {
				return
			}
		}
		if time.Since(begun) > cinderLimit {
			b.Fatalf("Cinder is not ready: %v\n%s\n%s\n%s", err, c.procs[0].Tail(), c.procs[1].Tail(), c.procs[2].Tail())
		}
	}
}

// BenchmarkAgainstPythonCinder measures Python Cinder, stops it, measures
// Clinker in the same way, and prints how many times as fast Clinker is, and how
// many times as much it does in a second of the processor.
func BenchmarkAgainstPythonCinder(b *testing.B) {
	theirs := map[string]result{}
	b.Run("Python Cinder", func(b *testing.B) {
		c, peer := startCinder(b)
		m := &bench{cloud: newCloud(c.url), peer: peer, volumes: 1000, samples: 20, fewer: 50, results: theirs}
		measureAll(b, m)
	})
	ours := map[string]result{}
	b.Run("Clinker", func(b *testing.B) {
		m := &bench{volumes: 1000, samples: 200, fewer: 1, results: ours}
		binary, err := harness.Binary()
		if err != nil {
			b.Fatal(err)
		}
		stop, err := m.start(binary)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := stop(); err != nil {
				b.Error(err)
			}
		})
		m.cloud, m.peer = newCloud(m.svc.URL), ofService(m.svc)
		measureAll(b, m)
	})
	fmt.Printf("\n%-56s %10s %10s %8s %22s %16s\n", "Clinker against Python Cinder", "Cinder", "Clinker", "faster", "work per CPU-second", "with PostgreSQL")
	for _, what := range slices.Sorted(maps.Keys(ours)) {
		o, t := ours[what], theirs[what]
		if t.took == 0 {
			continue
		}
		fmt.Printf("%-56s %7.1f ms %7.2f ms %7.0fx %21.0fx %15.0fx\n", what, float64(t.took)/1e6, float64(o.took)/1e6, ratio(t.took, o.took),
			ratio(t.service, o.service), ratio(t.service+t.database, o.service+o.database))
	}
}

func measureAll(b *testing.B, m *bench) {
	b.Helper()
	for _, step := range []func() error{func() error { return m.memory("idle") }, m.lifecycle, m.reading} {
		if err := step(); err != nil {
			b.Fatal(err)
		}
	}
}

func ratio(theirs, ours time.Duration) float64 { return float64(theirs) / float64(max(ours, 1)) }
