package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
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
	deaths  int  // how often it ended by itself
	closing bool // Stop was called
	stop    chan struct{}
	ended   chan struct{}
}

const (
	database   = "clinker"
	startLimit = 60 * time.Second
	stopLimit  = 20 * time.Second
	maxDeaths  = 5       // before the first answer, after which Start gives up
	maxLog     = 8 << 20 // bytes after which a start begins a new log and keeps one old one
)

// Start makes the cluster if there is none, starts it, and returns when it

// answers. A server of the same data that a killed process left is ended first.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	s := &Server{cfg: cfg, data: filepath.Join(cfg.Dir, "data"), stop: make(chan struct{}), ended: make(chan struct{})}
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
	return s.dsn(database)
}

// URL is how the services of OpenStack, and [database] connection, name the
// database. Nothing is escaped: a % stands for a variable in their files.
func (s *Server) URL() string {
	return fmt.Sprintf("postgresql:///%s?host=%s&user=%s", database, s.socket, s.as.name)
}

func (s *Server) dsn(name string) string {
	return fmt.Sprintf("host=%s user=%s dbname=%s", quote(s.socket), quote(s.as.name), name)
}

// quote makes a value of a connection string: a path may hold blanks.
func quote(v string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(v) + "'"
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
	// A group of its own: Ctrl-C in a terminal is for us, who stop the server last.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as.cred, Pdeathsig: syscall.SIGKILL, Setpgid: true}
	return cmd
}

// settings keep the cluster small; durability is PostgreSQL's default.

// listItem quotes an element of a setting that is a list.

// supervise runs the postmaster again whenever it ends by itself. It keeps one

// operating-system thread for all its life, since a child's parent-death

// signal comes when the thread that started it ends.

// runOnce starts the postmaster and waits for its end. first gets whether it

// could be started, which ran tells too.

// ready waits until the server answers and makes the database if need be.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	admin := s.dsn("postgres")
	for {
		conn, err := pgx.Connect(ctx, admin)
		if err == nil {
			defer conn.Close(context.WithoutCancel(ctx))
			return createDatabase(ctx, conn)
		}
		if s.died() >= maxDeaths {
			return fmt.Errorf("PostgreSQL ends as soon as it is started: %s", s.lastLog())
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

// Stop ends the server: clients are disconnected, everything is written. It is

// an error when it had to be ended the hard way; the data is safe even then.
func (s *Server) Stop() error {
	s.mu.Lock()
	if !s.closing {
		s.closing = true
		close(s.stop)
	}
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
	if pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGQUIT)
	}
	<-s.ended
	return errors.Join(errors.New("PostgreSQL did not stop in time and was ended hard"), s.removeSocket())
}

func (s *Server) removeSocket() error {
	if filepath.Dir(s.socket) == s.cfg.Dir {
		return nil
	}
	return os.RemoveAll(s.socket)
}

// postmaster is the pid of the server, 0 while there is none.
