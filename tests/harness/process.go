package harness

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a child that dies with its parent.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // of Wait, valid once ended is closed
}

// StartProcess runs cmd. The kernel sends SIGKILL to the child when the thread
// that made it ends, so one goroutine keeps its thread until the child is gone.
func StartProcess(cmd *exec.Cmd) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	p, started := &Process{cmd: cmd, ended: make(chan struct{})}, make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// PID is the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the child is gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Kill9 ends the child at once and waits until it is gone.
func (p *Process) Kill9() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// Terminate asks the child to end and kills it when it takes longer than limit.
func (p *Process) Terminate(limit time.Duration) error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.ended:
		return p.err
	case <-timer.C:
		p.Kill9()
		return fmt.Errorf("did not end within %v of SIGTERM", limit)
	}
}

// tail returns the last lines of a log file.
func tail(path string, limit int64) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	if st, err := f.Stat(); err == nil && st.Size() > limit {
		if _, err := f.Seek(-limit, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	out, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// telling leaves out of a log what only says that things go well, so that a
// failure is not lost among it; the end stays whole.
func telling(log string) string {
	const whole = 20
	lines := strings.SplitAfter(log, "\n")
	var out strings.Builder
	for i, line := range lines {
		if i >= len(lines)-whole || !strings.Contains(line, "level=INFO") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// mentioning lists the processes whose command line names a path, such as the
// servers that work in a state folder.
func mentioning(path string) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && bytes.Contains(line, []byte(path)) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// noneLeft waits until no process mentions path; those that stay are named
// and killed.
func noneLeft(path string, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		pids, err := mentioning(path)
		if err != nil || len(pids) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return killLeft(pids)
		}
		time.Sleep(20 * time.Millisecond) // a stranger's end cannot be waited for
	}
}

func killLeft(pids []int) error {
	var names []string
	for _, pid := range pids {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			continue
		}
		names = append(names, fmt.Sprintf("%d %s", pid, bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return errors.New("processes left behind: " + strings.Join(names, "; "))
}
