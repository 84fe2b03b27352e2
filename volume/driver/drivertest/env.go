package drivertest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/volume/driver"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// env is a test's own pool with an open driver.
type env struct {
	*testing.T
	ctx     context.Context
	pool    Pool
	address string
	d       driver.Driver
}

func newEnv(t *testing.T, p Pool) *env {
	e := &env{T: t, ctx: t.Context(), pool: p, address: p.New(t)}
	e.d = e.open()
	t.Cleanup(func() { e.ok(e.d.Close()) })
	return e
}

func (e *env) open() driver.Driver {
	e.Helper()
	d, err := e.pool.Open(e.address)
	e.ok(err)
	e.ok(d.Check(e.ctx))
	return d
}

// reopen is what a restart of the service does.
func (e *env) reopen() {
	e.Helper()
	e.ok(e.d.Close())
	e.d = e.open()
}

func (e *env) ok(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

func (e *env) is(err, want error) {
	e.Helper()
	if !errors.Is(err, want) {
		e.Fatalf("error %v, want one that is %v", err, want)
	}
}

func volumeOf(id string, size int64) driver.Volume {
	return driver.Volume{ID: id, Name: "volume-" + id, SizeBytes: size}
}

func newVolume(size int64) driver.Volume { return volumeOf(uuid.NewString(), size) }

func snapshotOf(id string, v driver.Volume) driver.Snapshot {
	return driver.Snapshot{ID: id, Name: "snapshot-" + id, VolumeID: v.ID, VolumeName: v.Name, SizeBytes: v.SizeBytes}
}

func newSnapshot(v driver.Volume) driver.Snapshot { return snapshotOf(uuid.NewString(), v) }

// create makes a volume.
func (e *env) create(size int64) driver.Volume {
	e.Helper()
	v := newVolume(size)
	e.ok(e.d.Create(e.ctx, v))
	return v
}

// device opens for writing; the test's end closes it if the test has not.
func (e *env) device(v driver.Volume) driver.Device {
	e.Helper()
	dev, err := e.d.Open(e.ctx, driver.VolumeSource(v), driver.ReadWrite)
	e.ok(err)
	e.Cleanup(func() { e.ok(dev.Close()) })
	return dev
}

// write puts data into a volume and closes it again.
func (e *env) write(v driver.Volume, data []byte, off int64) {
	e.Helper()
	dev, err := e.d.Open(e.ctx, driver.VolumeSource(v), driver.ReadWrite)
	e.ok(err)
	_, err = dev.WriteAt(data, off)
	e.ok(err)
	e.ok(dev.Flush())
	e.ok(dev.Close())
}

// read gives all that a volume or snapshot holds.
func (e *env) read(src driver.Source) []byte {
	e.Helper()
	data, err := contents(e.ctx, e.d, src)
	e.ok(err)
	return data
}

func contents(ctx context.Context, d driver.Driver, src driver.Source) ([]byte, error) {
	dev, err := d.Open(ctx, src, driver.ReadOnly)
	if err != nil {
		return nil, err
	}
	data := make([]byte, dev.Size())
	n, err := dev.ReadAt(data, 0)
	if errors.Is(err, io.EOF) && n == len(data) {
		err = nil
	}
	return data, errors.Join(err, dev.Close())
}

// holds fails unless a volume or snapshot holds exactly want.
func (e *env) holds(src driver.Source, want []byte) {
	e.Helper()
	same(e, e.read(src), want)
}

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func same(t failer, got, want []byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d bytes, want %d", len(got), len(want))
	}
	if bytes.Equal(got, want) {
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("byte %d is %#x, want %#x", i, got[i], want[i])
		}
	}
}

// absent fails unless opening says that there is no such thing.
func (e *env) absent(src driver.Source) {
	e.Helper()
	_, err := e.d.Open(e.ctx, src, driver.ReadOnly)
	e.is(err, driver.ErrNotFound)
}

// pattern is n bytes without a zero in which every 8 bytes are different.
func pattern(n int, seed uint32) []byte {
	p := make([]byte, 0, n+8)
	for i := uint32(0); len(p) < n; i++ {
		p = binary.BigEndian.AppendUint32(p, seed|0x80808080)
		p = binary.BigEndian.AppendUint32(p, i*2654435761|0x01010101)
	}
	return p[:n]
}

// grown is data with zeroes up to size bytes.
func grown(data []byte, size int64) []byte {
	return append(bytes.Clone(data), make([]byte, size-int64(len(data)))...)
}
