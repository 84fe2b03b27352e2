package postgres

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endLeftover ends a postmaster of this data that outlived the process that
// started it; two on one data folder would be the end of the data.
func (s *Server) endLeftover(ctx context.Context) error {
	pid := leftoverOf(s.data)
	if pid == 0 {
		return nil
	}
	s.cfg.Log.Info("a server was left running; ending it", "pid", pid)
	deadline := time.Now().Add(stopLimit)
	for sig := syscall.SIGINT; leftoverOf(s.data) == pid; {
		if time.Now().After(deadline) {
			return fmt.Errorf("the PostgreSQL server with pid %d uses %s and does not end: end it by hand", pid, s.data)
		}
		_ = syscall.Kill(pid, sig)
		sig = syscall.SIGQUIT
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil
}

// leftoverOf is the pid in postmaster.pid when that process lives and is a
// server of this data, 0 otherwise.
func leftoverOf(data string) int {
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || pid <= 1 {
		return 0
	}
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || !strings.Contains(string(cmdline), data) {
		return 0
	}
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || strings.Contains(string(stat), ") Z ") {
		return 0
	}
	return pid
}
