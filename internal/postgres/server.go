package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Config of a private cluster.
type Config struct {
	Dir      string // holds data/ and the socket; made if it is not there
	BinDir   string // where the programs are; "" looks for them
	Unsafe   bool   // no fsync, for tests alone
	MaxConns int    // 0 is 100
	Log      *slog.Logger
}

// Server is a running cluster.
type Server struct {
	cfg    Config
	bin    Binaries
	as     runAs
	data   string
	socket string

	mu      sync.Mutex
	pid     int  // of the postmaster, 0 while there is none
	closing bool // Stop was called
	ended   chan struct{}
}

const (
	database   = "clinker"
	startLimit = 60 * time.Second
	stopLimit  = 20 * time.Second
)

// Start makes the cluster if there is none, starts it, and returns when it
// answers. A server of the same data that a killed process left is ended first.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, data: filepath.Join(cfg.Dir, "data"), ended: make(chan struct{})}
	var err error
	if s.as, err = serverUser(); err != nil {
		return nil, err
	}
	if s.bin, err = Find(cfg.BinDir, majorOf(s.data)); err != nil {
		return nil, err
	}
	if err := s.as.own(cfg.Dir); err != nil {
		return nil, fmt.Errorf("folder of PostgreSQL: %w", err)
	}
	if s.socket, err = s.socketDir(); err != nil {
		return nil, err
	}
	if err := s.initdb(ctx); err != nil {
		return nil, err
	}
	if err := s.endLeftover(ctx); err != nil {
		return nil, err
	}
	first := make(chan error, 1)
	go s.supervise(first)
	if err := <-first; err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// DSN is how pgx connects.
func (s *Server) DSN() string {
	return fmt.Sprintf("host=%s user=%s dbname=%s", s.socket, s.as.name, database)
}

// majorOf is the version that made the data, 0 when there is none yet.
func majorOf(data string) int {
	raw, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(raw))) // 0 is as good as none
	return n
}

// maxSocketPath is what sun_path holds, less the name of the socket in the folder.
const maxSocketPath = 107 - len("/.s.PGSQL.5432.lock")

// socketDir is in the cluster's folder, or when that path is too long for a
// socket, under the temporary folder.
func (s *Server) socketDir() (string, error) {
	dir := filepath.Join(s.cfg.Dir, "run")
	if len(dir) <= maxSocketPath {
		return dir, s.as.own(dir)
	}
	short, err := os.MkdirTemp("", "clinker-pg-")
	if err != nil {
		return "", err
	}
	return short, s.as.own(short)
}

// initdb makes the data under another name first: a killed one is never taken
// for a cluster.
func (s *Server) initdb(ctx context.Context) error {
	if majorOf(s.data) != 0 {
		return nil
	}
	half := s.data + ".new"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	args := []string{"-D", half, "-U", s.as.name, "-A", "peer", "-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync"}
	cmd := s.command(ctx, "initdb", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	// Peer compares with the user of the connecting process, which may be root.
	hba := "local all all trust\n"
	if err := os.WriteFile(filepath.Join(half, "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		return err
	}
	if !s.cfg.Unsafe {
		if out, err := s.command(ctx, "initdb", "--sync-only", "-D", half).CombinedOutput(); err != nil {
			return fmt.Errorf("initdb --sync-only: %w: %s", err, strings.TrimSpace(string(out)))
		}
	}
	return os.Rename(half, s.data)
}

// command prepares one of the programs to run as the server's user.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.bin.path(name), args...)
	cmd.Dir = s.cfg.Dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "HOME="+s.cfg.Dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as.cred, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// settings keep the cluster small; durability is PostgreSQL's default.
func (s *Server) settings() []string {
	conns := s.cfg.MaxConns
	if conns == 0 {
		conns = 100
	}
	set := []string{"listen_addresses=", "unix_socket_directories=" + s.socket, "max_connections=" + strconv.Itoa(conns),
		"shared_buffers=64MB", "huge_pages=off", "jit=off", "wal_level=minimal", "max_wal_senders=0", "min_wal_size=32MB",
		"max_wal_size=512MB", "max_worker_processes=2", "max_parallel_workers=0", "max_parallel_workers_per_gather=0",
		"log_destination=stderr", "logging_collector=off", "log_min_messages=warning", "timezone=UTC", "autovacuum_naptime=15s"}
	if s.cfg.Unsafe {
		set = append(set, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	var args []string
	for _, v := range set {
		args = append(args, "-c", v)
	}
	return args
}

// supervise runs the postmaster again whenever it ends by itself. It keeps one
// operating-system thread for all its life, since a child's parent-death
// signal comes when the thread that started it ends.
func (s *Server) supervise(first chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.ended)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
		started := time.Now()
		err := s.runOnce(first)
		if first != nil && err != nil {
			return
		}
		first = nil
		if s.stopped() {
			return
		}
		if time.Since(started) > time.Minute {
			pause = 100 * time.Millisecond
		}
		s.cfg.Log.Error("PostgreSQL ended by itself; starting it again", "err", err, "log", s.logFile())
		time.Sleep(pause)
	}
}

func (s *Server) logFile() string { return filepath.Join(s.cfg.Dir, "postgres.log") }

// runOnce starts the postmaster and waits for its end. first gets whether it
// could be started.
func (s *Server) runOnce(first chan<- error) error {
	fail := func(err error) error {
		if first != nil {
			first <- err
		}
		return err
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fail(err)
	}
	defer log.Close()
	cmd := s.command(context.Background(), "postgres", append([]string{"-D", s.data}, s.settings()...)...)
	// SIGQUIT ends it at once and safely, as a power loss would, and recovery puts it right.
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	cmd.Stdout, cmd.Stderr = log, log
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return fail(errors.New("stopped"))
	}
	if err := cmd.Start(); err != nil {
		s.mu.Unlock()
		return fail(fmt.Errorf("start PostgreSQL: %w", err))
	}
	s.pid = cmd.Process.Pid
	s.mu.Unlock()
	if first != nil {
		first <- nil
	}
	err = cmd.Wait()
	s.mu.Lock()
	s.pid = 0
	s.mu.Unlock()
	return err
}

func (s *Server) stopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// ready waits until the server answers and makes the database if need be.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	admin := fmt.Sprintf("host=%s user=%s dbname=postgres", s.socket, s.as.name)
	for {
		conn, err := pgx.Connect(ctx, admin)
		if err == nil {
			defer conn.Close(context.WithoutCancel(ctx))
			return createDatabase(ctx, conn)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("PostgreSQL ended at once: %s", s.lastLog())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w: %s", err, s.lastLog())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func createDatabase(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", database).Scan(&there); err != nil {
		return fmt.Errorf("look for database: %w", err)
	}
	if there {
		return nil
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+database); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

// lastLog is the end of the server's own log.
func (s *Server) lastLog() string {
	f, err := os.Open(s.logFile())
	if err != nil {
		return ""
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > 500 {
		_, _ = f.Seek(-500, io.SeekEnd)
	}
	b, _ := io.ReadAll(f) // what can be read is better than nothing
	return strings.TrimSpace(string(b))
}

// Stop ends the server: clients are disconnected, everything is written. It is
// an error when it had to be ended the hard way; the data is safe even then.
func (s *Server) Stop() error {
	s.mu.Lock()
	s.closing = true
	pid := s.pid
	s.mu.Unlock()
	if pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGINT) // fast shutdown
	}
	select {
	case <-s.ended:
		return s.removeSocket()
	case <-time.After(stopLimit):
	}
	_ = syscall.Kill(pid, syscall.SIGQUIT)
	<-s.ended
	return errors.Join(errors.New("PostgreSQL did not stop in time and was ended hard"), s.removeSocket())
}

func (s *Server) removeSocket() error {
	if filepath.Dir(s.socket) == s.cfg.Dir {
		return nil
	}
	return os.RemoveAll(s.socket)
}
