package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	bufferBytes = 1 << 20
	patience    = 30 * time.Second // for one answer
)

// socket reads and writes with blocking system calls, past Go's poller, and
// gathers what is written until flush.
type socket struct {
	file *os.File
	fd   int
	in   []byte // in[head:tail] is read and not used
	head int
	tail int
	out  []byte
}

func openSocket(address string) (*socket, error) {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	file, err := conn.(*net.TCPConn).File()
	if err != nil {
		return nil, err
	}
	s := &socket{file: file, fd: int(file.Fd()), in: make([]byte, bufferBytes), out: make([]byte, 0, bufferBytes)}
	limit := syscall.NsecToTimeval(int64(patience))
	return s, errors.Join(
		syscall.SetNonblock(s.fd, false),
		syscall.SetsockoptInt(s.fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1),
		syscall.SetsockoptTimeval(s.fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &limit),
		syscall.SetsockoptTimeval(s.fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &limit))
}

// take returns the next n bytes, valid until the next call.
func (s *socket) take(n int) ([]byte, error) {
	if n > len(s.in) {
		return nil, fmt.Errorf("the target sends a segment of %d bytes", n)
	}
	for s.tail-s.head < n {
		if s.head > 0 {
			s.tail = copy(s.in, s.in[s.head:s.tail])
			s.head = 0
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
	b := s.in[s.head : s.head+n]
	s.head += n
	return b, nil
}

// skip drops n bytes.
func (s *socket) skip(n int) error {
	for n > 0 {
		if s.head == s.tail {
			s.head, s.tail = 0, 0
			if err := s.fill(); err != nil {
				return err
			}
		}
		k := min(n, s.tail-s.head)
		s.head += k
		n -= k
	}
	return nil
}

// fill reads more, after sending what the target is waiting for.
func (s *socket) fill() error {
	if err := s.flush(); err != nil {
		return err
	}
	for {
		n, err := syscall.Read(s.fd, s.in[s.tail:])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return fmt.Errorf("no answer in %v", patience)
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return errors.New("the target closed the connection")
		}
		s.tail += n
		return nil
	}
}

// put appends to what flush sends.
func (s *socket) put(b []byte) error {
	if len(s.out)+len(b) > cap(s.out) {
		if err := s.flush(); err != nil {
			return err
		}
		if len(b) >= cap(s.out) {
			return s.send(b)
		}
	}
	s.out = append(s.out, b...)
	return nil
}

func (s *socket) flush() error {
	b := s.out
	s.out = s.out[:0]
	return s.send(b)
}

func (s *socket) send(b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Write(s.fd, b)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return os.NewSyscallError("write", err)
		}
		b = b[n:]
	}
	return nil
}
