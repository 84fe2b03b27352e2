package rabbittest

import (
	"io"
	"net"
	"net/url"
	"testing"
	"time"
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
