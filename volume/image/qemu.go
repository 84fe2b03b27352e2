package image

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/volume/image/nbd"
)

// inheritedFile is job.file as the child sees it.
const inheritedFile = "/proc/self/fd/4"

// job is one run of qemu-img.
type job struct {
	args   []string
	export nbd.Export // behind its file descriptor 3
	file   *os.File   // its file descriptor 4
	size   int64      // of the disk, which its time depends on
	output int64      // bytes to which it may let a file grow
}

// qemu runs the job to its end. An error of the volume comes before what the
// child says of it.
func (c *Converter) qemu(ctx context.Context, j job) error {
	cmd, err := c.command(ctx, j)
	if err != nil {
		return err
	}
	ours, theirs, err := socketPair()
	if err != nil {
		return fmt.Errorf("%w: socket pair: %w", ErrConverter, err)
	}
	cmd.ExtraFiles = []*os.File{theirs, j.file}
	served := make(chan error, 1)
	go func() {
		err := nbd.Serve(ours, j.export)
		_ = ours.Close() // a child that waits for an answer must not wait on
		served <- err
	}()
	said, failed := runTied(cmd, theirs)
	_ = ours.Close()
	err = <-served
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !errors.Is(err, net.ErrClosed):
		return err
	case failed != nil:
		return c.explain(cmd.ProcessState, failed, said)
	}
	return nil
}

// command is qemu-img in its limits. prlimit sets them and becomes qemu-img.
func (c *Converter) command(ctx context.Context, j job) (*exec.Cmd, error) {
	tool, err := exec.LookPath("qemu-img")
	if err != nil {
		return nil, fmt.Errorf("%w: qemu-img is not installed; only raw images can be used without it", ErrConverter)
	}
	limits := []string{"--core=0", "--fsize=" + strconv.FormatInt(j.output, 10)}
	if n := c.opts.AddressSpace; n > 0 {
		limits = append(limits, "--as="+strconv.FormatInt(n, 10))
	}
	if s := int64(c.opts.CPULimit/time.Second) * max(1, gib(j.size)); s > 0 {
		limits = append(limits, fmt.Sprintf("--cpu=%d:%d", s, s+1)) // SIGXCPU first, which tells why
	}
	cmd := exec.CommandContext(ctx, "prlimit", append(append(limits, tool), j.args...)...)
	cmd.Env = []string{"LC_ALL=C", "MALLOC_ARENA_MAX=1"} // an arena for each thread would fill the address space
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd, nil
}

// runTied runs the child and returns the end of what it said. The kernel sends
// the death signal when the thread that made the child ends, so this goroutine
// keeps its thread. theirs is closed once the child has it.
func runTied(cmd *exec.Cmd, theirs *os.File) (said string, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var tail tailWriter
	cmd.Stderr = &tail
	err = cmd.Start()
	_ = theirs.Close()
	if err == nil {
		err = cmd.Wait()
	}
	return tail.String(), err
}

// explain says why the child failed in words for an operator.
func (c *Converter) explain(state *os.ProcessState, err error, said string) error {
	if state == nil {
		return fmt.Errorf("%w: qemu-img could not be started: %w", ErrConverter, err)
	}
	status, _ := state.Sys().(syscall.WaitStatus)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(said, w) {
				return true
			}
		}
		return false
	}
	switch {
	case status.Signaled() && status.Signal() == syscall.SIGXCPU:
		return fmt.Errorf("%w: qemu-img took more processor time than image_conversion_cpu_limit allows", ErrConverter)
	case status.Signaled() && status.Signal() == syscall.SIGXFSZ || has("File too large"):
		return fmt.Errorf("%w: qemu-img wrote more than such a volume can need", ErrConverter)
	case has("No space left", "Disk quota exceeded"):
		return fmt.Errorf("%w: %s: %s", ErrNoRoom, c.opts.Dir, said)
	case has("annot allocate memory", "ould not allocate", "ailed to allocate", "out of memory", "qemu_thread_create"):
		return fmt.Errorf("%w: qemu-img needed more memory than image_conversion_address_space_limit allows: %s", ErrConverter, said)
	}
	return fmt.Errorf("%w: %w: %s", ErrConverter, err, said)
}

// socketPair makes a pair of which we keep one end.
func socketPair() (ours net.Conn, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	mine := os.NewFile(uintptr(fds[0]), "nbd")
	theirs = os.NewFile(uintptr(fds[1]), "nbd")
	defer mine.Close() // FileConn has its own
	if ours, err = net.FileConn(mine); err != nil {
		_ = theirs.Close()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// tailWriter keeps the end of what is written to it.
type tailWriter struct{ b []byte }

const tailSize = 1024

func (t *tailWriter) Write(p []byte) (int, error) {
	t.b = append(t.b, p[max(0, len(p)-tailSize):]...)
	t.b = t.b[max(0, len(t.b)-tailSize):]
	return len(p), nil
}

func (t *tailWriter) String() string { return strings.TrimSpace(string(t.b)) }
