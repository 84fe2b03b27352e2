package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func (s *Server) supervise(first chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(s.ended)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 10*time.Second) {
		started := time.Now()
		ran, err := s.runOnce(first)
		if first != nil && !ran {
			return // Start has the error
		}
		first = nil
		if s.stopped() {
			return
		}
		if time.Since(started) > time.Minute {
			pause = 100 * time.Millisecond
		}
		s.cfg.Log.Error("PostgreSQL ended by itself; starting it again", "err", err, "log", s.logFile())
		select {
		case <-s.stop:
			return
		case <-time.After(pause):
		}
	}
}

func (s *Server) logFile() string { return filepath.Join(s.cfg.Dir, "postgres.log") }

func (s *Server) runOnce(first chan<- error) (ran bool, err error) {
	fail := func(err error) (bool, error) {
		if first != nil {
			first <- err
		}
		return false, err
	}
	if st, err := os.Stat(s.logFile()); err == nil && st.Size() > maxLog {
		if err := os.Rename(s.logFile(), s.logFile()+".1"); err != nil {
			return fail(err)
		}
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
	s.deaths++
	s.mu.Unlock()
	return true, err
}

func (s *Server) stopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

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

func (s *Server) postmaster() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pid
}

func (s *Server) died() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deaths
}
