package target_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/target/internal/initiator"
	"github.com/clinker-io/clinker/target/iscsi"
)

// pipes is a listener of connections without sockets.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// fuzzServer has one target that asks for no CHAP.
func fuzzServer(t testing.TB) (dial func() net.Conn, stop func()) {
	d := target.NewBlocking(newMemory(1<<20), 2)
	s := target.NewServer(target.Config{Log: slog.New(slog.DiscardHandler)})
	tg, err := s.AddTarget(target.TargetConfig{Name: volumeIQN, LUNs: []target.LUN{{Device: d}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tg.Grant(target.Grant{ID: "a", Initiator: initiatorIQN}); err != nil {
		t.Fatal(err)
	}
	l := newPipes()
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	return l.dial, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		if err := <-served; err != nil {
			t.Fatal(err)
		}
		_ = d.Close()
	}
}

// FuzzConnection sends any bytes to a server, before or after a login. It
// neither panics nor hangs nor leaves anything behind.
func FuzzConnection(f *testing.F) {
	read := iscsi.SCSICommand{Final: true, Read: true, Expected: 4096, CmdSN: 1, ITT: 1}
	copy(read.CDB[:], initiator.Read10(0, 8))
	write := iscsi.SCSICommand{Write: true, Expected: 4096, CmdSN: 2, ITT: 2, DataLength: 512}
	copy(write.CDB[:], initiator.Write10(0, 8))
	data := iscsi.DataOut{Final: true, ITT: 2, TTT: 0xffffffff, BufferOffset: 512, DataLength: 512}
	more := iscsi.DataOut{Final: true, ITT: 2, TTT: 0, BufferOffset: 1024, DataLength: 3072}
	seed := read.Encode(nil)
	seed = append(write.Encode(seed), make([]byte, 512)...)
	seed = append(data.Encode(seed), make([]byte, 512)...)
	f.Add(append(more.Encode(seed), make([]byte, 3072)...), true)
	abort := iscsi.TaskRequest{Immediate: true, Function: iscsi.AbortTask, ReferencedTag: 2, ITT: 3, CmdSN: 3}
	reset := iscsi.TaskRequest{Function: iscsi.TargetColdReset, ITT: 4, CmdSN: 3}
	f.Add(reset.Encode(abort.Encode(seed)), true)
	nop := iscsi.NopOut{ITT: 5, TTT: 0xffffffff, CmdSN: 4, DataLength: 4}
	targets := iscsi.TextRequest{Final: true, ITT: 6, TTT: 0xffffffff, CmdSN: 1, DataLength: 16}
	logout := iscsi.LogoutRequest{ITT: 7, CmdSN: 2}
	f.Add(logout.Encode(append(targets.Encode(append(nop.Encode(nil), 1, 2, 3, 4)), "SendTargets=All\x00"...)), true)
	login := iscsi.LoginRequest{Transit: true, Current: 0, Next: 1, DataLength: 40}
	f.Add(append(login.Encode(nil), "InitiatorName=iqn.1993-08.org.debian:01:t"...), false)
	f.Fuzz(func(t *testing.T, wire []byte, loggedIn bool) {
		ignore := goleak.IgnoreCurrent()
		dial, stop := fuzzServer(t)
		nc := dial()
		if loggedIn {
			keys := [][2]string{{"InitialR2T", "No"}, {"MaxRecvDataSegmentLength", "512"}, {"FirstBurstLength", "1024"}, {"MaxBurstLength", "1024"}}
			if _, err := initiator.Login(nc, initiator.Options{Initiator: initiatorIQN, Target: volumeIQN, Keys: keys}); err != nil {
				t.Fatal(err)
			}
			_ = nc.SetDeadline(time.Time{})
		}
		drained := make(chan struct{})
		go func() {
			_, _ = io.Copy(io.Discard, nc)
			close(drained)
		}()
		_, _ = nc.Write(wire)
		_ = nc.Close()
		<-drained
		stop()
		goleak.VerifyNone(t, ignore)
	})
}
