package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	startLimit = 60 * time.Second // the first start makes a database cluster, perhaps with the race detector
	stopLimit  = time.Minute
	logTail    = 64 << 10
)

// Options of Start; the zero value is right for most tests.
type Options struct {
	StateDir string   // empty: a fresh one that is removed after the test
	Args     []string // further arguments of `clinker all`
	Env      []string // further environment, NAME=value
}

// Service is a running `clinker all`.
type Service struct {
	URL      string // volumev3 with the project, no slash at the end
	ISCSI    string // HOST:PORT of the portal
	StateDir string

	binary string
	opts   Options
	log    string
	proc   *Process
}

// Start runs the service until the test ends. Its log is printed when the test
// has failed by then; a process that it leaves behind fails the test.
func Start(t testing.TB, opts Options) *Service {
	t.Helper()
	s, err := newService(Build(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("end of the service: %v", err)
		}
		// A killed process has no exit status to tell of races.
		if raw, err := os.ReadFile(s.log); err == nil && bytes.Contains(raw, []byte("WARNING: DATA RACE")) {
			t.Error("the race detector of the service has found something: see its log")
		}
		if t.Failed() {
			t.Logf("log of the service:\n%s", telling(tail(s.log, logTail)))
		}
		if err := s.remove(); err != nil {
			t.Errorf("remove the state: %v", err)
		}
	})
	if err := s.run(); err != nil {
		t.Fatalf("start the service: %v", err)
	}
	return s
}

// Run is Start for programs that are no tests; the caller calls Close and
// removes the state folder, which must be named.
func Run(binary string, opts Options) (*Service, error) {
	if opts.StateDir == "" {
		return nil, errors.New("a state folder must be named")
	}
	s, err := newService(binary, opts)
	if err != nil {
		return nil, err
	}
	if err := s.run(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w\n%s", err, tail(s.log, logTail)), s.Close())
	}
	return s, nil
}

func newService(binary string, opts Options) (*Service, error) {
	s := &Service{binary: binary, opts: opts, StateDir: opts.StateDir}
	if s.StateDir != "" {
		s.log = filepath.Clean(s.StateDir) + ".log"
		return s, nil
	}
	// Not t.TempDir: the servers of PostgreSQL run as their own user when the
	// tests run as root, and Unix socket names are short.
	dir, err := os.MkdirTemp("", "clinker-")
	if err != nil {
		return nil, err
	}
	s.StateDir, s.log = filepath.Join(dir, "state"), filepath.Join(dir, "log")
	return s, os.Chmod(dir, 0o755)
}

// remove deletes what newService made.
func (s *Service) remove() error {
	if s.opts.StateDir != "" {
		return nil
	}
	return os.RemoveAll(filepath.Dir(s.StateDir))
}

// run starts the process and waits until it says where it listens.
func (s *Service) run() error {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	args := append([]string{"all", "--state-dir", s.StateDir, "--api-listen", "127.0.0.1:0", "--iscsi-portal", "127.0.0.1:0"}, s.opts.Args...)
	cmd := exec.Command(s.binary, args...)
	cmd.Stdout, cmd.Stderr, cmd.Env = log, log, append(os.Environ(), s.opts.Env...)
	endpoints := filepath.Join(s.StateDir, "endpoints.json")
	before, _ := os.Stat(endpoints) // of an earlier run
	if s.proc, err = StartProcess(cmd); err != nil {
		return err
	}
	if err := s.awaitFile(endpoints, before); err != nil {
		return err
	}
	return s.readEndpoints(endpoints)
}

// awaitFile waits until the file is there and is not the one of before.
func (s *Service) awaitFile(path string, before os.FileInfo) error {
	deadline := time.NewTimer(startLimit)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := os.Stat(path)
		if err == nil && (before == nil || !os.SameFile(before, now) || !before.ModTime().Equal(now.ModTime())) {
			return nil
		}
		select {
		case <-s.proc.ended:
			return fmt.Errorf("it ended before it was ready: %v", s.proc.err)
		case <-deadline.C:
			return fmt.Errorf("no new %s after %v", path, startLimit)
		case <-tick.C:
		}
	}
}

func (s *Service) readEndpoints(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var e struct {
		Volume string `json:"volumev3"`
		ISCSI  string `json:"iscsi"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if e.Volume == "" || e.ISCSI == "" {
		return fmt.Errorf("%s lacks an endpoint: %s", path, raw)
	}
	s.URL, s.ISCSI = strings.TrimRight(e.Volume, "/"), e.ISCSI
	return nil
}

// PID is that of the clinker process.
func (s *Service) PID() int { return s.proc.PID() }

// LogFile is where the service's output goes, of all its runs.
func (s *Service) LogFile() string { return s.log }

// Kill9 kills the process and waits until it is gone.
func (s *Service) Kill9() { s.proc.Kill9() }

// Stop ends the service as an operator does; an exit status other than zero is
// a failure.
func (s *Service) Stop(t testing.TB) {
	t.Helper()
	if err := s.proc.Terminate(stopLimit); err != nil {
		t.Fatalf("stop the service: %v", err)
	}
}

// Restart starts the service on the same state after Kill9 or Stop; a running
// one is stopped first. URL and ISCSI may be others afterwards.
func (s *Service) Restart(t testing.TB) {
	t.Helper()
	select {
	case <-s.proc.ended:
	default:
		s.Stop(t)
	}
	if err := s.run(); err != nil {
		t.Fatalf("restart the service: %v", err)
	}
}

// Close ends the service when it still runs and sees that nothing is left.
func (s *Service) Close() error {
	if s.proc == nil {
		return nil
	}
	var err error
	select {
	case <-s.proc.ended:
	default:
		err = s.proc.Terminate(stopLimit)
	}
	return errors.Join(err, noneLeft(s.StateDir, 10*time.Second))
}
