package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience bounds what a test waits for.
const patience = 60 * time.Second

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(testContext(t), Config{Dir: dir, Unsafe: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	pid := s.postmaster()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Fatalf("the postmaster %d is still there: %v", pid, err)
	}
}

func execute(ctx context.Context, dsn, sql string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql)
	return err
}

func mustExecute(t *testing.T, s *Server, sql string) {
	t.Helper()
	if err := execute(testContext(t), s.DSN(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestDataOutlivesARestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "a state folder with 'blanks'")
	s := start(t, dir)
	mustExecute(t, s, "CREATE TABLE kept (n int)")
	stop(t, s)
	began := time.Now()
	s = start(t, dir)
	t.Logf("second start: %v", time.Since(began))
	mustExecute(t, s, "INSERT INTO kept VALUES (1)")
	stop(t, s)
}

// holder runs the test binary as a process that holds a cluster.
func holder(t *testing.T, binary, dir string, cred *syscall.Credential) (cmd *exec.Cmd, in io.Closer, postmaster int) {
	t.Helper()
	cmd = exec.Command(binary)
	cmd.Env = append(os.Environ(), holdEnv+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the holder did not start: %v", errors.Join(err, cmd.Wait()))
	}
	if _, err := fmt.Sscanf(line, "ready %d", &postmaster); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return cmd, in, postmaster
}

func TestAKilledOwnerIsFollowedAtOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "pg")
	cmd, _, postmaster := holder(t, os.Args[0], dir, nil)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed: an error by design
	s := start(t, dir)
	if s.postmaster() == postmaster {
		t.Fatalf("postmaster %d was taken over", postmaster)
	}
	mustExecute(t, s, "INSERT INTO kept VALUES (1)")
	stop(t, s)
}

func TestAKilledPostmasterComesBack(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(openDir(t), "pg"))
	first := s.postmaster()
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ctx := testContext(t)
	for execute(ctx, s.DSN(), "SELECT 1") != nil || s.postmaster() == first {
		select {
		case <-ctx.Done():
			t.Fatalf("it did not come back: %s", s.lastLog())
		case <-time.After(20 * time.Millisecond):
		}
	}
	stop(t, s)
}

func TestAHalfMadeClusterIsMadeAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "pg")
	half := filepath.Join(dir, "data.new")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir)
	mustExecute(t, s, "SELECT 1")
	stop(t, s)
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s is left: %v", half, err)
	}
}

func TestAServerThatCannotRunSaysWhySoon(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "pg")
	stop(t, start(t, dir))
	conf := filepath.Join(dir, "data", "postgresql.conf")
	if err := os.WriteFile(conf, []byte("nonsense = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err := Start(testContext(t), Config{Dir: dir, Unsafe: true, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Fatalf("no reason in %v", err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Fatalf("it took %v", took)
	}
}

func TestALongPathGetsAShortSocket(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), strings.Repeat("long", 30))
	s := start(t, dir)
	mustExecute(t, s, "SELECT 1")
	stop(t, s)
	if _, err := os.Stat(s.socket); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the socket's folder %s is left", s.socket)
	}
}

func TestMissingProgramsNameThePackage(t *testing.T) {
	t.Parallel()
	if _, err := Find(t.TempDir(), 0); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Fatal(err)
	}
	if _, err := Find("", 9); err == nil || !strings.Contains(err.Error(), "postgresql-9") {
		t.Fatal(err)
	}
}

// The signals of a terminal are for us: a server that took Ctrl-C itself would
// be gone before those who use it have stopped.
func TestTheServerHasAProcessGroupOfItsOwn(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(openDir(t), "pg"))
	defer stop(t, s)
	group, err := syscall.Getpgid(s.postmaster())
	if err != nil || group == syscall.Getpgrp() {
		t.Fatalf("group %d, %v", group, err)
	}
}

// A failed statement may hold a secret; the server's log must not.
func TestTheLogHoldsNoRows(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(openDir(t), "pg"))
	mustExecute(t, s, "CREATE TABLE s (v text CHECK (v = ''))")
	if err := execute(testContext(t), s.DSN(), "INSERT INTO s VALUES ('sesame')"); err == nil {
		t.Fatal("the row was taken")
	}
	stop(t, s)
	log, err := os.ReadFile(s.logFile())
	if err != nil || strings.Contains(string(log), "sesame") {
		t.Fatalf("%v\n%s", err, log)
	}
}

// As root the test above ran the servers as another user; here the whole
// process is an ordinary one.
func TestAnOrdinaryUserRunsIt(t *testing.T) {
	t.Parallel()
	binary, dir, cred := os.Args[0], t.TempDir(), (*syscall.Credential)(nil)
	if os.Geteuid() == 0 {
		const nobody = 65534
		cred = &syscall.Credential{Uid: nobody, Gid: nobody}
		binary, dir = reachable(t, binary, nobody)
	}
	cmd, in, _ := holder(t, binary, filepath.Join(dir, "pg"), cred)
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// reachable copies a program to where any user may run it, beside a folder
// that belongs to uid.
func reachable(t *testing.T, program string, uid int) (binary, dir string) {
	t.Helper()
	top, err := os.MkdirTemp("", "clinker-pg-user-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	binary, dir = filepath.Join(top, "test"), filepath.Join(top, "home")
	if err := errors.Join(os.Chmod(top, 0o755), os.WriteFile(binary, content, 0o755), os.Mkdir(dir, 0o700), os.Chown(dir, uid, uid)); err != nil {
		t.Fatal(err)
	}
	return binary, dir
}

// openDir is a temporary folder that the server's own user can pass through,
// which t.TempDir is not for root.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "clinker-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
