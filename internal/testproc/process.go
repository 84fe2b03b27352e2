// Package testproc runs the servers that tests need as children that die with
// the test, even when it is killed.
package testproc

import (
	"bufio"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// tailLines is how much of a child's output is kept for a failure's message.
const tailLines = 60

// Process is a child that dies with us.
type Process struct {
	cmd  *exec.Cmd
	seen chan struct{}
	done chan struct{}

	mu    sync.Mutex
	lines []string
}

// Spawn starts a child and closes its Seen when a line of its output holds await.
func Spawn(env []string, await, name string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(name, args...), seen: make(chan struct{}), done: make(chan struct{})}
	p.cmd.Env = env
	p.cmd.Dir = "/"
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = p.cmd.Stdout
	started := make(chan error)
	go p.run(out, await, started)
	return p, <-started
}

// run owns the child. The kernel sends the death signal when the *thread* that
// made the child ends, so this goroutine keeps its thread until the child is gone.
func (p *Process) run(out io.Reader, await string, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.read(out, await)
	_ = p.cmd.Wait()
}

func (p *Process) read(out io.Reader, await string) {
	seen := await == ""
	for s := bufio.NewScanner(out); s.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, s.Text())
		if len(p.lines) > tailLines {
			p.lines = p.lines[1:]
		}
		p.mu.Unlock()
		if !seen && strings.Contains(s.Text(), await) {
			seen = true
			close(p.seen)
		}
	}
	_, _ = io.Copy(io.Discard, out) // behind a line too long to scan: the child must not block
}

// Seen is closed when the awaited line was printed.
func (p *Process) Seen() <-chan struct{} { return p.seen }

// Done is closed when the child is gone and its output read.
func (p *Process) Done() <-chan struct{} { return p.done }

// PID is the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill returns when the child is gone; a second call does nothing.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Tail is the end of what the child printed.
func (p *Process) Tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}
