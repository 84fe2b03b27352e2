// Command api measures the control plane of `clinker all`: how long a volume
// takes to become available, how fast 1,000 of them are listed, how long a start
// takes, how much memory is used. It starts a service of its own in a fresh state
// folder, or measures a running one (-endpoint), then without the last two.
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

// row is a line of the answer.
type row struct{ what, value string }

type bench struct {
	*cloud
	svc     *harness.Service // nil for a running service
	volumes int
	samples int
	rows    []row
}

func main() {
	binary := flag.String("binary", "", "clinker binary to start; empty: build it")
	endpoint := flag.String("endpoint", "", "volumev3 endpoint, with the project, of a running service")
	volumes := flag.Int("volumes", 1000, "volumes of the list")
	samples := flag.Int("samples", 200, "volumes that are made for each creation time")
	flag.Parse()
	if err := run(*binary, *endpoint, *volumes, *samples); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(binary, endpoint string, volumes, samples int) (err error) {
	b := &bench{volumes: volumes, samples: samples}
	if endpoint == "" {
		stop, err := b.start(binary)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		endpoint = b.svc.URL
	}
	b.cloud = newCloud(endpoint)
	if err := b.measure(); err != nil {
		return err
	}
	for _, r := range b.rows {
		fmt.Printf("%-52s %s\n", r.what, r.value)
	}
	return nil
}

func (b *bench) note(what, format string, args ...any) {
	b.rows = append(b.rows, row{what, fmt.Sprintf(format, args...)})
	fmt.Fprintln(os.Stderr, what+": done")
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
		if _, err := newCloud(b.svc.URL).list(1); err != nil {
			return nil, errors.Join(err, b.svc.Close(), os.RemoveAll(dir))
		}
		b.note(which, "%.2f s", time.Since(begun).Seconds())
	}
	return func() error { return errors.Join(b.svc.Close(), os.RemoveAll(dir)) }, nil
}

func (b *bench) measure() error {
	if b.svc == nil { // our own has no limits from its configuration
		if err := b.unlimited(); err != nil {
			return err
		}
	}
	if err := b.memory("idle"); err != nil {
		return err
	}
	made, err := b.creations(1)
	if err != nil {
		return err
	}
	more, err := b.creations(16)
	made = append(made, more...)
	if err == nil {
		err = b.fill(&made)
	}
	if err == nil {
		err = b.listing()
	}
	if err == nil {
		err = b.memory(fmt.Sprintf("with %d volumes", b.volumes))
	}
	if b.svc == nil { // somebody else's: leave it as it was
		return errors.Join(err, b.deleteAll(made))
	}
	return err
}
