package target_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/target/internal/initiator"
)

func TestSeveralListenersServeTheSameTargets(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	first := s.addr
	s.serve(t)
	if first == s.addr {
		t.Fatal("one listener")
	}
	for i, addr := range []string{first, s.addr} {
		s.addr = addr
		o := asAttachment
		o.ISID[0], o.ISID[1] = 0x80, byte(i+1)
		good(t, s.login(t, o), initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
	}
}

func TestShutdownWaitsForCommands(t *testing.T) {
	t.Parallel()
	m := stuck(1 << 20)
	s := newSetup(t, m)
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	start(t, c, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
	<-m.entered
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.server.Shutdown(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown while a command runs: %v", err)
	}
	close(m.gate)
	if err := s.server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.server.AddTarget(target.TargetConfig{Name: volumeIQN + "-2"}); !errors.Is(err, target.ErrServerClosed) {
		t.Errorf("AddTarget after Shutdown: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.server.Serve(l); !errors.Is(err, target.ErrServerClosed) {
		t.Errorf("Serve after Shutdown: %v", err)
	}
}

func TestTargetsAndGrantsAreChecked(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	for _, c := range []target.TargetConfig{
		{Name: ""},
		{Name: "volume-1"},
		{Name: "iqn.2010-10.org.openstack:a b"},
		{Name: "iqn." + strings.Repeat("x", 220)},
		{Name: "iqn.x", LUNs: []target.LUN{{}}},
		{Name: "iqn.x", LUNs: []target.LUN{{Device: s.device, Number: 16384}}},
		{Name: "iqn.x", LUNs: []target.LUN{{Device: s.device}, {Device: s.device}}},
		{Name: "iqn.x", LUNs: []target.LUN{{Device: s.device, Serial: strings.Repeat("x", 65)}}},
		{Name: "iqn.x", LUNs: []target.LUN{{Device: target.NewBlocking(newMemory(511), 1)}}},
	} {
		if _, err := s.server.AddTarget(c); err == nil {
			t.Errorf("%.60q was added", c.Name)
		}
	}
	if _, err := s.server.AddTarget(target.TargetConfig{Name: strings.ToUpper(volumeIQN)}); !errors.Is(err, target.ErrExists) {
		t.Errorf("the same name: %v", err)
	}
	for _, g := range []target.Grant{
		{Initiator: initiatorIQN},
		{ID: "a"},
		{ID: "a", Initiator: initiatorIQN, User: "u"},
		{ID: "a", Initiator: initiatorIQN, Secret: "s"},
		{ID: "a", Initiator: initiatorIQN, User: "u", Secret: "s", MutualSecret: "s"},
	} {
		if err := s.target.Grant(g); err == nil {
			t.Errorf("%v was granted", g)
		}
	}
	s.target.Revoke("never given")
	s.server.RemoveTarget("iqn.never.there")
	s.server.RemoveTarget(volumeIQN)
	if err := s.target.Grant(target.Grant{ID: "a", Initiator: initiatorIQN}); err == nil {
		t.Error("a removed target takes grants")
	}
}

func TestGrantsDoNotPrintTheirSecrets(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	g := target.Grant{ID: "a", User: "u", Secret: "s3cret", MutualSecret: "s3cret2"}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "grant", g, "secret", g.Secret)
	if strings.Contains(b.String(), "s3cret") {
		t.Error(b.String())
	}
}
