package target

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/clinker-io/clinker/target/iscsi"
)

// Config is what a server may be told. Its zero value works.
type Config struct {
	MaxSessions int          // sessions and logins under way; default 4096
	Limits      iscsi.Limits // of one connection
	Log         *slog.Logger // default: slog.Default
}

const defaultMaxSessions = 4096

// Server serves targets on listeners. Its methods may be called at the same time.
type Server struct {
	cfg Config

	mu        sync.Mutex
	targets   map[string]*Target
	listeners map[net.Listener]struct{}
	conns     map[net.Conn]struct{}
	lastTSIH  uint16
	closed    bool
	running   sync.WaitGroup // connections
}

// What a server says of itself.
var (
	ErrServerClosed = errors.New("target: the server is shut down")
	ErrExists       = errors.New("target: the target exists")
	errRemoved      = errors.New("target: the target was removed")
)

// NewServer makes a server without targets.
func NewServer(cfg Config) *Server {
	if cfg.MaxSessions <= 0 {
		cfg.MaxSessions = defaultMaxSessions
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Server{cfg: cfg, targets: make(map[string]*Target),
		listeners: make(map[net.Listener]struct{}), conns: make(map[net.Conn]struct{})}
}

// AddTarget exports a target. It has no grants yet, so nobody gets in.
func (s *Server) AddTarget(cfg TargetConfig) (*Target, error) {
	t, err := newTarget(s, cfg)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, ErrServerClosed
	case s.targets[t.name] != nil:
		return nil, fmt.Errorf("%w: %s", ErrExists, t.name)
	}
	s.targets[t.name] = t
	return t, nil
}

// RemoveTarget ends the sessions of a target, and returns when none of their
// commands runs: its devices may be closed then. A target that is not there is
// a success.
func (s *Server) RemoveTarget(name string) {
	s.mu.Lock()
	t := s.find(name)
	if t != nil {
		delete(s.targets, t.name)
	}
	s.mu.Unlock()
	if t != nil {
		t.close()
	}
}

// Serve accepts connections until the listener fails or Shutdown is called,
// which makes it return nil. It closes the listener.
func (s *Server) Serve(l net.Listener) error {
	if !s.track(l) {
		_ = l.Close()
		return ErrServerClosed
	}
	defer s.untrack(l)
	delay := time.Duration(0)
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			delay = 0
			s.accept(nc)
		case s.isClosed():
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept: %w", err)
		default: // out of file descriptors, for one
			delay = min(max(2*delay, 5*time.Millisecond), time.Second)
			s.cfg.Log.Warn("cannot accept an iSCSI connection", "err", err, "again_in", delay)
			time.Sleep(delay)
		}
	}
}

func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) untrack(l net.Listener) {
	_ = l.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// accept runs a connection on a goroutine of its own, if there is room.
func (s *Server) accept(nc net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) >= s.cfg.MaxSessions {
		_ = nc.Close()
		if !s.closed {
			s.cfg.Log.Warn("too many iSCSI connections", "peer", nc.RemoteAddr(), "limit", s.cfg.MaxSessions)
		}
		return
	}
	s.conns[nc] = struct{}{}
	s.running.Go(func() {
		iscsi.Serve(nc, s.directory(), s.cfg.Limits, s.cfg.Log)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, nc)
	})
}

// Shutdown closes the listeners, ends all sessions and waits for them, or for
// the context. Targets and devices stay as they are.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for l := range s.listeners {
		_ = l.Close()
	}
	for nc := range s.conns {
		_ = nc.Close()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { // ends with the last connection
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("shut down the target: %w", ctx.Err())
	}
}

// names of the targets that match, in order.
func (s *Server) names(match func(*Target) bool) []string {
	s.mu.Lock()
	list := make([]*Target, 0, len(s.targets))
	for _, t := range s.targets {
		list = append(list, t)
	}
	s.mu.Unlock()
	var names []string
	for _, t := range list {
		if match(t) {
			names = append(names, t.name)
		}
	}
	slices.Sort(names)
	return names
}
