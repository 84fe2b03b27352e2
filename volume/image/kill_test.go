package image

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// asHelper makes the test binary a service that converts for ever.
const asHelper = "CLINKER_TEST_CONVERT_IN"

func TestMain(m *testing.M) {
	dir := os.Getenv(asHelper)
	if dir == "" {
		os.Exit(m.Run())
	}
	s := newStuck()
	go func() {
		<-s.asked
		fmt.Println("converting")
	}()
	_, err := New(Options{Dir: dir}).FromRaw(context.Background(), s, QCOW2, nil)
	fmt.Println(err)
}

// A service that is killed takes its converter with it and leaves no file.
func TestAServiceThatIsKilled(t *testing.T) {
	c := newConverter(t)
	helper := exec.Command(os.Args[0])
	helper.Env = append(os.Environ(), asHelper+"="+c.opts.Dir)
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "converting\n" {
		t.Fatalf("%q, %v", line, err)
	}
	kids := children(t, helper.Process.Pid)
	if len(kids) != 1 {
		t.Errorf("%d children", len(kids))
	}
	handles := pidfds(t, kids)
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = helper.Wait()
	waitHandles(t, handles)
	noLeftovers(t, c)
}

// children are the processes that pid started.
func children(t *testing.T, pid int) (pids []int) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Error(err)
	}
	for _, f := range files {
		b, _ := os.ReadFile(f) // a thread may have ended since
		for _, word := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(word); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

func pidfds(t *testing.T, pids []int) (fds []unix.PollFd) {
	t.Helper()
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	return fds
}

// waitGone returns when the processes have ended.
func waitGone(t *testing.T, pids []int) {
	t.Helper()
	waitHandles(t, pidfds(t, pids))
}

func waitHandles(t *testing.T, fds []unix.PollFd) {
	t.Helper()
	for _, fd := range fds {
		one := []unix.PollFd{fd}
		deadline := time.Now().Add(20 * time.Second)
		for {
			n, err := unix.Poll(one, int(time.Until(deadline).Milliseconds()))
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if n != 1 {
				t.Errorf("the converter still runs (%v)", err)
			}
			break
		}
		_ = unix.Close(int(fd.Fd))
	}
}
