package initiator_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"testing"

	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/target/initiator"
)

const (
	iqn      = "iqn.2010-10.org.openstack:volume-x"
	name     = "iqn.2026-11.io.clinker:mover"
	size     = 4 << 20
	dataAt   = 1 << 20 // one MiB of data, holes round it
	dataSize = 1 << 20
)

// memory is a backing with a hole before and behind its data.
type memory struct{ bytes []byte }

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(m.bytes).ReadAt(p, off)
}
func (m *memory) WriteAt(p []byte, off int64) (int, error) { return copy(m.bytes[off:], p), nil }
func (m *memory) Flush() error                             { return nil }
func (m *memory) Discard(off, n int64) error               { clear(m.bytes[off : off+n]); return nil }
func (m *memory) Size() int64                              { return int64(len(m.bytes)) }

func (m *memory) Extent(off int64) (int64, bool, error) {
	switch {
	case off < dataAt:
		return dataAt - off, true, nil
	case off < dataAt+dataSize:
		return dataAt + dataSize - off, false, nil
	}
	return size - off, true, nil
}

// serve exports m to the one initiator that knows the secrets.
func serve(t *testing.T, m *memory) (portal string) {
	t.Helper()
	device := target.NewBlocking(m, 2)
	s := target.NewServer(target.Config{Log: slog.New(slog.DiscardHandler)})
	tg, err := s.AddTarget(target.TargetConfig{Name: iqn, LUNs: []target.LUN{{Device: device, Serial: "x", ReadOnly: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tg.Grant(target.Grant{ID: "g", Initiator: name, User: "user", Secret: "a-long-secret", MutualUser: "us", MutualSecret: "another-secret"}); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-served
		if err := device.Close(); err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func config(portal string) initiator.Config {
	return initiator.Config{Portals: []string{"127.0.0.1:1", portal}, Target: iqn, Initiator: name, User: "user", Secret: "a-long-secret",
		MutualUser: "us", MutualSecret: "another-secret"}
}

func TestADiskReadsWhatTheTargetHolds(t *testing.T) {
	t.Parallel()
	m := &memory{make([]byte, size)}
	for i := range dataSize {
		m.bytes[dataAt+i] = byte(i * 7 >> 3)
	}
	d, err := initiator.Open(t.Context(), config(serve(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, size)
	if _, err := d.ReadAt(got, 0); err != nil || !bytes.Equal(got, m.bytes) {
		t.Errorf("the disk reads otherwise than its backing: %v", err)
	}
	if n, err := d.ReadAt(got[:1024], size-512); n != 512 || err != io.EOF {
		t.Errorf("a read over the end: %d bytes, %v", n, err)
	}
	if _, err := d.ReadAt(got[:100], 0); err == nil {
		t.Error("a read of a part of a block is accepted")
	}
	for off, want := range map[int64]struct {
		n    int64
		hole bool
	}{0: {dataAt, true}, dataAt: {dataSize, false}, dataAt + 512: {dataSize - 512, false}, dataAt + dataSize: {size - dataAt - dataSize, true}} {
		if n, hole, err := d.Extent(off); n != want.n || hole != want.hole || err != nil {
			t.Errorf("extent at %d: %d bytes, hole %v, %v; want %+v", off, n, hole, err, want)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestADiskWantsTheRightSecrets(t *testing.T) {
	t.Parallel()
	portal := serve(t, &memory{make([]byte, size)})
	for what, change := range map[string]func(*initiator.Config){
		"its own":      func(c *initiator.Config) { c.Secret = "another" },
		"the target's": func(c *initiator.Config) { c.MutualSecret = "not-what-it-proves" },
		"its name":     func(c *initiator.Config) { c.Initiator += "-2" },
	} {
		cfg := config(portal)
		change(&cfg)
		if d, err := initiator.Open(t.Context(), cfg); err == nil {
			t.Errorf("%s wrong: logged in", what)
			_ = d.Close()
		}
	}
}

func TestADiskEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	d, err := initiator.Open(ctx, config(serve(t, &memory{make([]byte, size)})))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := d.ReadAt(make([]byte, 512), 0); err == nil {
		if _, err = d.ReadAt(make([]byte, 512), 0); err == nil { // the first may have been on its way
			t.Error("the disk reads on")
		}
	}
	_ = d.Close()
}
