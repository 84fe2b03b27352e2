package nbd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// memory is a device; err answers every call once it is set.
type memory struct {
	mu    sync.Mutex // between the server and what looks at the outcome
	b     []byte
	err   error
	flush int
}

func (m *memory) export(writable bool) Export {
	x := Export{
		Size: int64(len(m.b)),
		Read: func(p []byte, off int64) error { return m.do(func() { copy(p, m.b[off:]) }) },
	}
	if writable {
		x.Write = func(p []byte, off int64) error { return m.do(func() { copy(m.b[off:], p) }) }
		x.Zero = func(off, n int64) error { return m.do(func() { clear(m.b[off : off+n]) }) }
		x.Flush = func() error { return m.do(func() { m.flush++ }) }
	}
	return x
}

func (m *memory) do(what func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	what()
	return m.err
}

// holds compares and says how often it was flushed.
func (m *memory) holds(t *testing.T, want []byte) (flushes int) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if !bytes.Equal(m.b, want) {
		t.Error("the export holds something else")
	}
	return m.flush
}

// serve serves x at a Unix socket, for real clients; each gets a connection.
func serve(t *testing.T, x Export) (uri string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = Serve(c, x)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "nbd+unix:///?socket=" + path
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(b)
	return b
}

func TestQEMUReadsAndWrites(t *testing.T) {
	want := random(9<<20 + 512)
	m, fresh := &memory{b: bytes.Clone(want)}, &memory{b: make([]byte, len(want))}
	path := filepath.Join(t.TempDir(), "raw")
	tool(t, "qemu-img", "convert", "-f", "raw", "-O", "raw", serve(t, m.export(false)), path)
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read something else (%v)", err)
	}
	uri := serve(t, fresh.export(true))
	tool(t, "qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", path, uri)
	if fresh.holds(t, want) == 0 {
		t.Error("it was not flushed")
	}
	tool(t, "qemu-io", "-f", "raw", "-c", "write -z 4k 1M", "-c", "discard 2M 1M", "-c", "write -P 7 512 512", uri)
	clear(want[4<<10 : 4<<10+1<<20])
	clear(want[2<<20 : 3<<20])
	copy(want[512:], bytes.Repeat([]byte{7}, 512))
	fresh.holds(t, want)
}

func TestQEMUSeesHoles(t *testing.T) {
	m := &memory{b: make([]byte, 4<<20)}
	x := m.export(false)
	x.Extent = func(off int64) (int64, bool, error) {
		if off < 1<<20 {
			return 1<<20 - off, false, nil
		}
		return x.Size - off, true, nil
	}
	x.Read = func(p []byte, off int64) error {
		if off >= 2<<20 {
			t.Errorf("a hole at %d was read", off)
		}
		return nil
	}
	uri := serve(t, x)
	out := tool(t, "qemu-img", "map", "-f", "raw", "--output=json", uri)
	if !bytes.Contains([]byte(out), []byte(`"start": 1048576, "length": 3145728`)) {
		t.Errorf("map: %s", out)
	}
	tool(t, "qemu-img", "convert", "-f", "raw", "-O", "raw", uri, filepath.Join(t.TempDir(), "raw"))
}

func TestErrorsReachTheClientAndTheOwner(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, io.ErrClosedPipe} {
		m := &memory{b: make([]byte, 1<<20), err: fault}
		ours, theirs := net.Pipe()
		served := make(chan error, 1)
		go func() { served <- Serve(ours, m.export(true)) }()
		c := client{t, theirs}
		c.exportName()
		want := uint32(eIO)
		if fault == syscall.ENOSPC {
			want = eNoSpc
		}
		for _, kind := range []uint16{cmdRead, cmdFlush, cmdTrim, cmdWriteZeroes} {
			if code := c.ask(kind, 0, 512, nil); code != want {
				t.Errorf("%v: kind %d answers %d", fault, kind, code)
			}
		}
		if code := c.ask(cmdWrite, 0, 4, []byte("data")); code != want {
			t.Errorf("%v: a write answers %d", fault, code)
		}
		_ = theirs.Close()
		if err := <-served; !errors.Is(err, fault) {
			t.Errorf("the owner got %v", err)
		}
	}
}

func TestRequestsThatAreWrong(t *testing.T) {
	m := &memory{b: make([]byte, 1<<20)}
	ours, theirs := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- Serve(ours, m.export(true)) }()
	c := client{t, theirs}
	c.exportName()
	for name, code := range map[string]uint32{
		"read beyond":  c.ask(cmdRead, 1<<20, 1, nil),
		"negative":     c.ask(cmdRead, 1<<63, 1, nil),
		"trim beyond":  c.ask(cmdTrim, 512, 1<<20, nil),
		"unknown":      c.ask(99, 0, 0, nil),
		"huge read":    c.ask(cmdRead, 0, 1<<31, nil),
		"status":       c.ask(cmdBlockStatus, 0, 512, nil),
		"write beyond": c.ask(cmdWrite, 1<<20, 4, []byte("data")) - eNoSpc + eInval,
	} {
		if code != eInval {
			t.Errorf("%s answers %d", name, code)
		}
	}
	_, _ = theirs.Write(make([]byte, 28))
	if err := <-served; !errors.Is(err, errProtocol) {
		t.Errorf("a wrong magic gives %v", err)
	}
}

func TestAReadOnlyExportIsNotChanged(t *testing.T) {
	m := &memory{b: make([]byte, 1<<20)}
	ours, theirs := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- Serve(ours, m.export(false)) }()
	c := client{t, theirs}
	c.exportName()
	for _, kind := range []uint16{cmdFlush, cmdTrim, cmdWriteZeroes} {
		if code := c.ask(kind, 0, 512, nil); code != ePerm {
			t.Errorf("kind %d answers %d", kind, code)
		}
	}
	if code := c.ask(cmdWrite, 0, 4, []byte("data")); code != ePerm || m.b[0] != 0 {
		t.Errorf("a write answers %d", code)
	}
	_ = theirs.Close()
	if err := <-served; err != nil {
		t.Errorf("%v", err)
	}
}

// client speaks by hand what no real client would say.
type client struct {
	t    *testing.T
	conn net.Conn
}

func (c client) exportName() {
	c.t.Helper()
	b := make([]byte, 18)
	c.read(b)
	msg := binary.BigEndian.AppendUint32(nil, noZeroes|fixedNewstyle)
	msg = binary.BigEndian.AppendUint64(msg, magicOption)
	msg = binary.BigEndian.AppendUint32(msg, optExportName)
	c.write(binary.BigEndian.AppendUint32(msg, 0))
	c.read(b[:10])
}

func (c client) ask(kind uint16, off uint64, n uint32, data []byte) (code uint32) {
	c.t.Helper()
	msg := binary.BigEndian.AppendUint32(nil, magicRequest)
	msg = binary.BigEndian.AppendUint16(msg, 0)
	msg = binary.BigEndian.AppendUint16(msg, kind)
	msg = binary.BigEndian.AppendUint64(msg, 42)
	msg = binary.BigEndian.AppendUint64(msg, off)
	c.write(append(binary.BigEndian.AppendUint32(msg, n), data...))
	reply := make([]byte, 16)
	c.read(reply)
	if binary.BigEndian.Uint32(reply) != magicSimple || binary.BigEndian.Uint64(reply[8:]) != 42 {
		c.t.Errorf("reply %x", reply)
	}
	return binary.BigEndian.Uint32(reply[4:])
}

func (c client) read(b []byte) {
	c.t.Helper()
	if _, err := io.ReadFull(c.conn, b); err != nil {
		c.t.Fatal(err)
	}
}

func (c client) write(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// peer plays what a client might send, and takes any answer.
type peer struct {
	io.Reader
	io.Writer
}

func FuzzServe(f *testing.F) {
	be := binary.BigEndian
	hello := be.AppendUint64(be.AppendUint32(nil, fixedNewstyle|noZeroes), magicOption)
	export := be.AppendUint32(be.AppendUint32(bytes.Clone(hello), optExportName), 0)
	f.Add(export)
	read := be.AppendUint32(bytes.Clone(export), magicRequest)
	f.Add(append(read, make([]byte, 24)...))
	meta := be.AppendUint32(be.AppendUint32(bytes.Clone(hello), optSetMeta), 27)
	f.Add(append(be.AppendUint32(be.AppendUint32(be.AppendUint32(meta, 0), 1), 15), metaContext...))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &memory{b: make([]byte, 8192)}
		x := m.export(true)
		x.Extent = func(off int64) (int64, bool, error) { return x.Size - off, true, nil }
		_ = Serve(peer{bytes.NewReader(b), io.Discard}, x)
	})
}
