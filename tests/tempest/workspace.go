package main

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/clinker-io/clinker/internal/tempestconf"
)

const (
	stestr    = "/usr/bin/stestr"
	testsPath = "/usr/lib/python3/dist-packages/tempest/test_discover"
	// topDir is from where modules are found.
	topDir = "/usr/lib/python3/dist-packages"
)

// excludes are the tests that this cloud cannot carry.
//
//go:embed excludes.txt
var excludes []byte

// workspace is where stestr runs Tempest.
type workspace struct {
	p       *program
	dir     string
	workers int
	allowed []skip
	bad     bool // a test failed or was skipped that must not be
}

func newWorkspace(p *program, c *cloud, workers int) *workspace {
	for _, path := range []string{stestr, testsPath} {
		if _, err := os.Stat(path); err != nil {
			p.Fatalf("Tempest is not installed (%s): run scripts/install tempest", path)
		}
	}
	w := &workspace{p: p, dir: c.in("tempest"), workers: workers, allowed: allowedSkips(p)}
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		p.Fatal(err)
	}
	w.write("tempest.conf", ini(c.settings(w.dir, c.stockUp())))
	if err := tempestconf.Check(p.Context(), filepath.Join(w.dir, "tempest.conf")); err != nil {
		p.Fatal(err)
	}
	w.write("excludes.txt", excludes)
	w.write(".stestr.conf", []byte("[DEFAULT]\ntest_path="+testsPath+"\ntop_dir="+topDir+"\ngroup_regex=([^\\.]*\\.)*\n"))
	return w
}

func (w *workspace) write(name string, text []byte) {
	if err := os.WriteFile(filepath.Join(w.dir, name), text, 0o600); err != nil {
		w.p.Fatal(err)
	}
}

// variables say where Tempest's configuration is.
func (w *workspace) variables() []string {
	return []string{"TEMPEST_CONFIG=tempest.conf", "TEMPEST_CONFIG_DIR=" + w.dir}
}

// run runs the tests that a pattern names, shows them as they end, and reports.
func (w *workspace) run(name, pattern string) {
	began := time.Now()
	cmd := exec.CommandContext(w.p.Context(), stestr, "run", "--concurrency", fmt.Sprint(w.workers), "--exclude-list", "excludes.txt", pattern)
	cmd.Dir = w.dir
	cmd.Env = append(w.variables(), "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME="+w.dir, "PYTHONWARNINGS=ignore", "PYTHONDONTWRITEBYTECODE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // its workers too
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.p.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		w.p.Fatalf("stestr: %v", err)
	}
	r := &results{name: name}
	rest := r.read(out)
	err = cmd.Wait()
	if w.p.Context().Err() != nil {
		w.p.Fatal("interrupted")
	}
	r.took = time.Since(began)
	if len(r.tests) == 0 || err != nil && r.count(failed) == 0 {
		w.p.Fatalf("stestr run %s: %v\n%s", pattern, err, rest)
	}
	w.report(r, rest)
}

// read follows stestr's output; it returns what is no test's line, which holds
// the details of failures.
func (r *results) read(from io.Reader) string {
	var rest strings.Builder
	s := bufio.NewScanner(from)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		if t, ok := parseTest(s.Text()); ok {
			r.tests = append(r.tests, t)
			fmt.Println(s.Text())
			continue
		}
		rest.WriteString(s.Text() + "\n")
	}
	_, _ = io.Copy(io.Discard, from)
	return rest.String()
}
