// Command api measures the control plane of `clinker all` in a fresh state
// folder: what calls take, and what they cost in processor time of the service
// and of its PostgreSQL; how long a start takes, how much memory is used; and
// pages of a database with a million volumes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

type bench struct {
	*cloud
	peer
	svc     *harness.Service // nil when another service than ours is measured
	volumes int
	samples int
	fewer   int    // divides how often what is cheap for us is asked
	tenant  string // a project among the seeded ones
	results map[string]result
}

// peer tells what belongs to the service that is measured.
type peer struct {
	service, database func() ([]int, error) // process ids
}

// result is what one call cost.
type result struct{ took, service, database time.Duration }

func main() {
	binary := flag.String("binary", "", "clinker binary to start; empty: build it")
	volumes := flag.Int("volumes", 1000, "volumes of the list")
	samples := flag.Int("samples", 200, "volumes that are made for each creation time")
	large := flag.Int("large", 1_000_000, "volumes that are seeded for the pages of a large cloud; 0: none")
	flag.Parse()
	if err := run(*binary, *volumes, *samples, *large); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(binary string, volumes, samples, large int) (err error) {
	b := &bench{volumes: volumes, samples: samples, fewer: 1, results: make(map[string]result)}
	stop, err := b.start(binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	b.cloud, b.peer = newCloud(b.svc.URL), ofService(b.svc)
	steps := []func() error{
		func() error { return b.memory("idle") },
		b.lifecycle,
		b.reading,
		func() error { return b.memory(fmt.Sprintf("with %d volumes", b.volumes)) },
	}
	if large > 0 {
		steps = append(steps, func() error { return b.large(large) }, func() error { return b.memory(fmt.Sprintf("with %d volumes", large)) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// ofService is a service of ours with the PostgreSQL that it started.
func ofService(s *harness.Service) peer {
	return peer{service: func() ([]int, error) { return []int{s.PID()}, nil }, database: func() ([]int, error) { return descendants(s.PID()) }}
}

func (b *bench) note(what, format string, args ...any) {
	fmt.Printf("%-56s %s\n", what, fmt.Sprintf(format, args...))
}

// start runs a service and measures its first start and a later one.
func (b *bench) start(binary string) (stop func() error, err error) {
	if binary == "" {
		if binary, err = harness.Binary(); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp("", "clinker-bench-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL's servers may be another user's
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	conf := filepath.Join(dir, "cinder.conf")
	if err := os.WriteFile(conf, []byte("[DEFAULT]\nquota_volumes = -1\nquota_gigabytes = -1\n"), 0o644); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	opts := harness.Options{StateDir: filepath.Join(dir, "state"), Args: []string{"--config-file", conf}}
	for _, which := range []string{"first start, to the first request served", "later start, to the first request served"} {
		if b.svc != nil {
			if err := b.svc.Close(); err != nil {
				return nil, errors.Join(err, os.RemoveAll(dir))
			}
		}
		begun := time.Now()
		if b.svc, err = harness.Run(binary, opts); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		if err := newCloud(b.svc.URL).get("/volumes?limit=1"); err != nil {
			return nil, errors.Join(err, b.svc.Close(), os.RemoveAll(dir))
		}
		b.note(which, "%.2f s", time.Since(begun).Seconds())
	}
	return func() error { return errors.Join(b.svc.Close(), os.RemoveAll(dir)) }, nil
}
