package target_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/target/iscsi"
)

var errWouldBlock = target.ErrWouldBlock

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	volumeIQN    = "iqn.2010-10.org.openstack:volume-4c2f1d5e-6a0b-4a6e-9d8c-0f5a7b3e2d11"
	volumeUUID   = "4c2f1d5e-6a0b-4a6e-9d8c-0f5a7b3e2d11"
	initiatorIQN = "iqn.1993-08.org.debian:01:test"
	chapUser     = "attachment"
	chapSecret   = "correct-horse-battery"
)

// setup is a server on a free port with one target of one unit.
type setup struct {
	server *target.Server
	target *target.Target
	device *target.Blocking
	addr   string
	served []chan error // by listener
}

type option func(*target.Config, *target.TargetConfig)

func withLimits(l iscsi.Limits) option {
	return func(c *target.Config, _ *target.TargetConfig) { c.Limits = l }
}

// testLog writes what the server logs to the test.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Logf("%s", p)
	return len(p), nil
}

func newSetup(t testing.TB, backing target.Backing, options ...option) *setup {
	t.Helper()
	s := &setup{device: target.NewBlocking(backing, 4)}
	cfg := target.Config{Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	tcfg := target.TargetConfig{Name: volumeIQN, LUNs: []target.LUN{{Device: s.device, Vendor: "CLINKER",
		Product: "VOLUME", Revision: "0001", Serial: volumeUUID}}}
	for _, o := range options {
		o(&cfg, &tcfg)
	}
	s.server = target.NewServer(cfg)
	var err error
	if s.target, err = s.server.AddTarget(tcfg); err != nil {
		t.Fatal(err)
	}
	s.serve(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		for _, served := range s.served {
			// A short test may shut down before Serve has begun.
			if err := <-served; err != nil && !errors.Is(err, target.ErrServerClosed) {
				t.Errorf("Serve: %v", err)
			}
		}
		if err := s.device.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *setup) serve(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(l) }() // ends with Shutdown, which waits for it below
	s.served = append(s.served, served)
}

// grant lets the test's initiator in, with CHAP.
func (s *setup) grant(t testing.TB, g target.Grant) {
	t.Helper()
	if g.ID == "" {
		g.ID = "attachment-1"
	}
	if g.Initiator == "" {
		g.Initiator = initiatorIQN
	}
	if err := s.target.Grant(g); err != nil {
		t.Fatal(err)
	}
}

var withCHAP = target.Grant{User: chapUser, Secret: chapSecret}
