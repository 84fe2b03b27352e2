package target_test

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/target/internal/initiator"
	"github.com/clinker-io/clinker/target/iscsi"
)

// stuck is a memory whose reads wait until they are let go.
func stuck(size int64) *memory {
	m := newMemory(size)
	m.gate, m.entered = make(chan struct{}), make(chan struct{}, 64)
	return m
}

func start(t *testing.T, c *initiator.Session, cmd initiator.Command) uint32 {
	t.Helper()
	tag, err := c.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

func TestAbortWaitsForTheTaskAndHidesItsResponse(t *testing.T) {
	t.Parallel()
	for _, f := range []iscsi.TaskFunction{iscsi.AbortTask, iscsi.AbortTaskSet, iscsi.ClearTaskSet, iscsi.LUNReset, iscsi.TargetWarmReset} {
		m := stuck(1 << 20)
		s := newSetup(t, m)
		s.grant(t, withCHAP)
		c := s.login(t, asAttachment)
		tag := start(t, c, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
		<-m.entered
		late := time.AfterFunc(20*time.Millisecond, func() { close(m.gate) })
		response, err := c.Task(f, tag, func(bhs []byte) { t.Errorf("function %d: %v", f, initiator.Unexpected(bhs)) })
		if err != nil || response != 0 {
			t.Errorf("function %d: response %d, %v", f, response, err)
		}
		if late.Stop() {
			t.Errorf("function %d answered while the task ran", f)
			close(m.gate)
		}
		if f >= iscsi.LUNReset {
			if r := do(t, c, initiator.Command{CDB: make([]byte, 6)}); r.Key() != 0x062903 {
				t.Errorf("after function %d: %06x", f, r.Key())
			}
		}
		good(t, c, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
	}
}

func TestAbortOfWhatWaitsForData(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	tag := start(t, c, initiator.Command{CDB: initiator.Write10(0, 8), Out: make([]byte, 4096), NoData: true})
	response, err := c.Task(iscsi.AbortTask, tag, func([]byte) {}) // its R2T comes first
	if err != nil || response != 0 {
		t.Errorf("response %d, %v", response, err)
	}
	if response, err = c.Task(iscsi.AbortTask, tag, nil); err != nil || response != 1 {
		t.Errorf("again: response %d, %v", response, err)
	}
	// Data for the aborted task are dropped.
	d := iscsi.DataOut{Final: true, ITT: tag, TTT: 0, DataLength: 512}
	if err := c.Write(d.Encode(nil), make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
	good(t, c, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
}

func TestRevokeWaitsForCommandsAndSparesOthers(t *testing.T) {
	t.Parallel()
	m := stuck(1 << 20)
	s := newSetup(t, m)
	s.grant(t, withCHAP)
	s.grant(t, target.Grant{ID: "second", User: "second", Secret: "another-long-secret"})
	first := s.login(t, asAttachment)
	o := asAttachment
	o.User, o.Secret, o.ISID = "second", "another-long-secret", iscsi.ISID{0x80, 7}
	second := s.login(t, o)
	start(t, first, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
	<-m.entered
	revoked := make(chan struct{})
	go func() {
		s.target.Revoke("attachment-1")
		close(revoked)
	}()
	if _, _, err := first.Read(); err == nil {
		t.Error("the session goes on after its grant is gone")
	}
	select {
	case <-revoked:
		t.Error("Revoke returned while a command ran")
	default:
	}
	close(m.gate)
	<-revoked
	if _, err := initiator.Dial(s.addr, asAttachment); !errors.Is(err, iscsi.LoginAuthFailed) {
		t.Errorf("login with the revoked grant: %v", err)
	}
	good(t, second, initiator.Command{CDB: make([]byte, 6)})
}

func TestReplacedGrantEndsItsSessions(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	s.grant(t, withCHAP) // nothing changes
	good(t, c, initiator.Command{CDB: make([]byte, 6)})
	s.grant(t, target.Grant{User: chapUser, Secret: "quite-another-secret"})
	if _, _, err := c.Read(); err == nil {
		t.Error("the session outlives its secret")
	}
}

func TestRemoveTargetDrains(t *testing.T) {
	t.Parallel()
	m := stuck(1 << 20)
	s := newSetup(t, m)
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	for range 3 {
		start(t, c, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
		<-m.entered
	}
	removed := make(chan struct{})
	go func() {
		s.server.RemoveTarget(volumeIQN)
		close(removed)
	}()
	_, _, err := c.Read()
	if err == nil {
		t.Error("the session goes on")
	}
	close(m.gate)
	<-removed
	if _, err := initiator.Dial(s.addr, asAttachment); !errors.Is(err, iscsi.LoginNotFound) {
		t.Errorf("login to a removed target: %v", err)
	}
}

func TestSlowUnitBlocksNobodyElse(t *testing.T) {
	t.Parallel()
	m := stuck(1 << 20)
	s := newSetup(t, m)
	fast := target.NewBlocking(newMemory(1<<20), 2)
	t.Cleanup(func() { _ = fast.Close() })
	tg, err := s.server.AddTarget(target.TargetConfig{Name: volumeIQN + "-2",
		LUNs: []target.LUN{{Device: fast}, {Device: s.device, Number: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tg.Grant(target.Grant{ID: "a", Initiator: initiatorIQN}); err != nil {
		t.Fatal(err)
	}
	c := s.login(t, initiator.Options{Initiator: initiatorIQN, Target: volumeIQN + "-2"})
	do(t, c, initiator.Command{CDB: make([]byte, 6), LUN: 1}) // clears its unit attention
	for range 40 {
		start(t, c, initiator.Command{CDB: initiator.Read10(0, 1), In: 512, LUN: 1})
	}
	good(t, c, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
	if _, err := c.Ping([]byte("ping")); err != nil {
		t.Error(err)
	}
	close(m.gate)
}

func TestInitiatorThatDoesNotReadHarmsOnlyItself(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(16<<20))
	s.grant(t, withCHAP)
	deaf := s.login(t, asAttachment)
	for range 100 { // 800 MiB, if memory allowed
		start(t, deaf, initiator.Command{CDB: initiator.Read10(0, 16384), In: 8 << 20})
	}
	o := asAttachment
	o.ISID = iscsi.ISID{0x80, 8}
	other := s.login(t, o)
	good(t, other, initiator.Command{CDB: initiator.Read10(0, 8), In: 4096})
	total := 0
	for done := 0; done < 100; { // and it is served when it wakes up
		bhs, data, err := deaf.Read()
		if err != nil {
			t.Fatal(err)
		}
		total += len(data)
		if bhs[1]&0x01 != 0 {
			done++
		}
	}
	if total != 100*8<<20 {
		t.Errorf("%d bytes", total)
	}
}

func TestFloodOfPingsIsBounded(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	const pings = 3000
	sent := make(chan error, 1)
	go func() { // ends when all pings are written
		for i := range uint32(pings) {
			p := iscsi.NopOut{Immediate: true, ITT: 5000 + i, TTT: 0xffffffff, CmdSN: c.CmdSN, DataLength: 4096}
			if err := c.Queue(p.Encode(nil), make([]byte, 4096)); err != nil {
				sent <- err
				return
			}
		}
		sent <- c.Flush()
	}()
	for range pings {
		if _, data, err := c.Read(); err != nil || len(data) != 4096 {
			t.Fatal(len(data), err)
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestErrorsOfTheDeviceBecomeSense(t *testing.T) {
	t.Parallel()
	m := newMemory(1 << 20)
	s := newSetup(t, m)
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	write := initiator.Command{CDB: initiator.Write10(0, 1), Out: make([]byte, 512)}
	fua := initiator.Command{CDB: initiator.Write10(0, 1), Out: make([]byte, 512)}
	fua.CDB[1] = 0x08
	synchronize := initiator.Command{CDB: append([]byte{0x35}, make([]byte, 9)...)}
	set := func(writeErr, flushErr error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.writeErr, m.flushErr = writeErr, flushErr
	}
	for _, x := range []struct {
		err  error
		want int
	}{{syscall.ENOSPC, 0x072707}, {syscall.EIO, 0x030c00}, {net.ErrClosed, 0x030c00}, {context.DeadlineExceeded, 0x0b2e02}} {
		set(x.err, nil)
		if r := do(t, c, write); r.Key() != x.want {
			t.Errorf("%v: %06x", x.err, r.Key())
		}
	}
	set(nil, nil)
	m.mu.Lock()
	m.readErr = syscall.EIO
	m.mu.Unlock()
	if r := do(t, c, initiator.Command{CDB: initiator.Read10(0, 1), In: 512}); r.Key() != 0x031100 || len(r.Data) > 0 {
		t.Errorf("READ: %06x with %d bytes", r.Key(), len(r.Data))
	}
	good(t, c, write)
	good(t, c, fua)
	if !m.durable() {
		t.Error("FUA did not flush")
	}
	good(t, c, write)
	good(t, c, synchronize)
	if !m.durable() {
		t.Error("SYNCHRONIZE CACHE did not flush")
	}
	set(nil, syscall.EIO)
	good(t, c, write)
	for range 2 {
		if r := do(t, c, synchronize); r.Status == 0 {
			t.Error("SYNCHRONIZE CACHE is good though the flush failed")
		}
		set(nil, nil) // the next fsync would say that all is well
	}
	if r := do(t, c, fua); r.Status == 0 {
		t.Error("FUA is good after a failed flush")
	}
}

func TestSilentInitiatorIsPingedAndDropped(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20), withLimits(iscsi.Limits{PingAfter: 50 * time.Millisecond, PingTimeout: 200 * time.Millisecond}))
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	bhs, _, err := c.Read()
	if err != nil || iscsi.Opcode(bhs[0]) != iscsi.OpNopIn {
		t.Fatalf("% x, %v", bhs, err)
	}
	if _, _, err := c.Read(); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after the silence: %v", err)
	}
}

func TestLoginTakesNoLongerThanAllowed(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20), withLimits(iscsi.Limits{LoginTimeout: 50 * time.Millisecond}))
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if _, err := io.ReadAll(nc); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
}

func TestTooManySessionsAreTurnedAway(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20), func(c *target.Config, _ *target.TargetConfig) { c.MaxSessions = 1 })
	s.grant(t, withCHAP)
	s.login(t, asAttachment)
	if _, err := initiator.Dial(s.addr, asAttachment); err == nil {
		t.Error("a second session")
	}
}

func TestWrongDigestsEndTheSession(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	o := asAttachment
	o.Keys = [][2]string{{"HeaderDigest", "CRC32C"}, {"DataDigest", "CRC32C"}}
	for _, header := range []bool{true, false} {
		c := s.login(t, o)
		p := iscsi.NopOut{Immediate: true, ITT: 99, TTT: 0xffffffff, CmdSN: c.CmdSN, DataLength: 4}
		// Without the digest, what follows is taken for it.
		c.HeaderDigest, c.DataDigest = !header, header
		if err := c.Write(p.Encode(nil), []byte("data and no digest")); err != nil {
			t.Fatal(err)
		}
		c.HeaderDigest, c.DataDigest = true, true
		for {
			bhs, _, err := c.Read()
			if err != nil {
				break
			}
			if iscsi.Opcode(bhs[0]) != iscsi.OpReject {
				t.Fatal(initiator.Unexpected(bhs))
			}
		}
	}
}
