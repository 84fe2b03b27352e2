package rabbittest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// greet speaks the first words of AMQP 0-9-1 (§4.2.2) and reads the answer's
// first byte, a method frame.
func greet(s *Server) error {
	u, err := url.Parse(s.URL)
	if err != nil {
		return err
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return err
	}
	_, err = io.ReadFull(c, make([]byte, 1))
	return err
}

func TestBrokerAnswersIsGoneWhenKilledAndComesBack(t *testing.T) {
	t.Parallel()
	s := Start(t)
	if err := greet(s); err != nil {
		t.Fatalf("after start: %v", err)
	}
	s.Kill()
	if err := greet(s); err == nil {
		t.Fatal("a killed broker answered")
	}
	s.Restart()
	if err := greet(s); err != nil {
		t.Fatalf("after restart: %v", err)
	}
}

const helperVariable = "RABBITTEST_HELPER"

// TestHelperThatIsKilled is the process of the test below: it starts a broker,
// prints its process id, and waits to be killed.
func TestHelperThatIsKilled(t *testing.T) {
	if os.Getenv(helperVariable) == "" {
		return
	}
	s := Start(t)
	fmt.Printf("broker %d\n", s.broker.PID())
	select {}
}

func TestTheBrokerDiesWithAKilledTest(t *testing.T) {
	t.Parallel()
	helper := exec.Command(os.Args[0], "-test.run=^TestHelperThatIsKilled$")
	helper.Env = append(os.Environ(), helperVariable+"=1", "TMPDIR="+t.TempDir())
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for s := bufio.NewScanner(out); pid == 0 && s.Scan(); {
		if strings.HasPrefix(s.Text(), "broker ") {
			_, err = fmt.Sscanf(s.Text(), "broker %d", &pid)
		}
	}
	var broker int
	if err == nil && pid != 0 {
		broker, err = unix.PidfdOpen(pid, 0)
	}
	_ = helper.Process.Kill()
	_ = helper.Wait()
	if err != nil || pid == 0 {
		t.Fatalf("the helper started no broker: %v", err)
	}
	defer unix.Close(broker)
	if err := awaitEnd(broker, 20*time.Second); err != nil {
		t.Fatalf("the broker outlived the test: %v", err)
	}
}

// awaitEnd waits until the process of a pidfd has ended: the descriptor
// becomes readable then.
func awaitEnd(pidfd int, limit time.Duration) error {
	for end := time.Now().Add(limit); ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(time.Until(end).Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR) && time.Now().Before(end):
		case err != nil:
			return err
		case n == 0:
			return errors.New("still running")
		default:
			return nil
		}
	}
}
