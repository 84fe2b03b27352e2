package drivertest

import (
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/clinker-io/clinker/volume/driver"
)

func testReadWrite(e *env) {
	const size = 2*mib + 333
	v := e.create(size)
	dev := e.device(v)
	want := make([]byte, size)
	for i, r := range [][2]int{{0, 1}, {511, 2}, {4096, 4096}, {mib - 3, 7}, {mib, mib}, {size - 9, 9}, {5000, 100}} {
		data := pattern(r[1], uint32(i))
		n, err := dev.WriteAt(data, int64(r[0]))
		e.ok(err)
		if n != len(data) {
			e.Fatalf("wrote %d of %d bytes", n, len(data))
		}
		copy(want[r[0]:], data)
	}
	e.ok(dev.Flush())
	e.holds(driver.VolumeSource(v), want)
	part := make([]byte, 10)
	_, err := dev.ReadAt(part, mib-5)
	e.ok(err)
	same(e, part, want[mib-5:mib+5])
}

func testEndOfDevice(e *env) {
	v := e.create(4096 + 10)
	dev := e.device(v)
	if dev.Size() != 4096+10 {
		e.Errorf("size %d", dev.Size())
	}
	p := make([]byte, 20)
	n, err := dev.ReadAt(p, 4096)
	e.is(err, io.EOF)
	if n != 10 {
		e.Errorf("read %d bytes of the last 10", n)
	}
	n, err = dev.ReadAt(p, 1<<40)
	e.is(err, io.EOF)
	if n != 0 {
		e.Errorf("read %d bytes behind the end", n)
	}
	if _, err = dev.ReadAt(p, -1); err == nil {
		e.Error("read before the start")
	}
	for _, off := range []int64{-1, 4096, 4107, 1 << 62} {
		_, err := dev.WriteAt(p, off)
		e.is(err, driver.ErrOutOfRange)
		e.is(dev.Discard(off, 20), driver.ErrOutOfRange)
	}
	e.is(dev.Discard(0, -1), driver.ErrOutOfRange)
	e.is(dev.Discard(1, 1<<63-1), driver.ErrOutOfRange)
	e.holds(driver.VolumeSource(v), make([]byte, 4096+10))
}

func testReadOnly(e *env) {
	v := e.create(mib)
	s := newSnapshot(v)
	e.ok(e.d.Snapshot(e.ctx, s))
	_, err := e.d.Open(e.ctx, driver.SnapshotSource(s), driver.ReadWrite)
	e.is(err, driver.ErrReadOnly)
	for _, src := range []driver.Source{driver.VolumeSource(v), driver.SnapshotSource(s)} {
		dev, err := e.d.Open(e.ctx, src, driver.ReadOnly)
		e.ok(err)
		_, err = dev.WriteAt([]byte{1}, 0)
		e.is(err, driver.ErrReadOnly)
		e.is(dev.Discard(0, 1), driver.ErrReadOnly)
		if z, ok := dev.(driver.ZeroWriter); ok {
			e.is(z.WriteZeroes(0, 1), driver.ErrReadOnly)
		}
		e.ok(dev.Flush())
		e.ok(dev.Close())
	}
}

func testZeroing(e *env) {
	const size = 3*mib + 5
	v := e.create(size)
	dev := e.device(v)
	zeroings := map[string]func(off, n int64) error{"discard": dev.Discard}
	if z, ok := dev.(driver.ZeroWriter); ok {
		zeroings["write zeroes"] = z.WriteZeroes
	}
	for name, zero := range zeroings {
		for _, r := range [][2]int64{{0, size}, {0, 0}, {1, 1}, {4095, 2}, {4096, 8192}, {100, mib}, {mib - 1, mib + 2}, {size - 3, 3}} {
			want := pattern(size, 7)
			_, err := dev.WriteAt(want, 0)
			e.ok(err)
			e.ok(zero(r[0], r[1]))
			clear(want[r[0] : r[0]+r[1]])
			if got := e.read(driver.VolumeSource(v)); string(got) != string(want) {
				e.Errorf("%s of %d bytes at %d: wrong bytes", name, r[1], r[0])
			}
		}
	}
}

func testNoWait(e *env) {
	v := e.create(mib)
	dev := e.device(v)
	fast, ok := dev.(driver.NoWaitReader)
	if !ok {
		return // an optional power
	}
	want := pattern(64*kib, 3)
	_, err := dev.WriteAt(want, 4096)
	e.ok(err)
	got := make([]byte, len(want))
	n, err := fast.ReadAtNoWait(got, 4096)
	if err != nil {
		e.is(err, syscall.EAGAIN)
	} else if n != len(got) {
		e.Errorf("%d bytes and no error", n)
	}
	same(e, got[:n], want[:n])
	n, err = fast.ReadAtNoWait(got, mib-10)
	if !errors.Is(err, syscall.EAGAIN) {
		e.is(err, io.EOF)
	}
	same(e, got[:n], make([]byte, n))
	_, err = fast.ReadAtNoWait(got, mib)
	e.is(err, io.EOF)
}

func testSharedVolume(e *env) {
	v := e.create(mib)
	one, two := e.device(v), e.device(v)
	_, err := one.WriteAt([]byte("seen by both"), 100)
	e.ok(err)
	got := make([]byte, 12)
	_, err = two.ReadAt(got, 100)
	e.ok(err)
	same(e, got, []byte("seen by both"))
	e.ok(one.Close())
	_, err = two.WriteAt([]byte("still"), 100)
	e.ok(err)
	e.ok(two.Flush())
	e.is(e.d.Delete(e.ctx, v), driver.ErrInUse)
}

func testClosedDevice(e *env) {
	v := e.create(mib)
	dev := e.device(v)
	e.ok(dev.Close())
	e.ok(dev.Close())
	_, err := dev.ReadAt(make([]byte, 1), 0)
	e.is(err, os.ErrClosed)
	_, err = dev.WriteAt(make([]byte, 1), 0)
	e.is(err, os.ErrClosed)
	e.is(dev.Discard(0, 1), os.ErrClosed)
	e.is(dev.Flush(), os.ErrClosed)
}

// testHoles: what a device calls a hole reads as zeroes, what was written is in
// none, and extents cover the whole device.
func testHoles(e *env) {
	const size = 8 * mib
	dev := e.device(e.create(size))
	finder, ok := dev.(driver.HoleFinder)
	if !ok {
		return
	}
	written := map[int64]bool{mib: true, mib + 4096: true, 5*mib - 1: true, size - 1: true}
	for off := range written {
		_, err := dev.WriteAt([]byte{1}, off)
		e.ok(err)
	}
	e.ok(dev.Discard(5*mib-4096, 4096))
	delete(written, 5*mib-1)
	holes := int64(0)
	for off := int64(0); off < size; {
		n, hole, err := finder.Extent(off)
		e.ok(err)
		if n <= 0 || n > size-off {
			e.Fatalf("an extent of %d bytes at %d", n, off)
		}
		for at := range written {
			if hole && at >= off && at < off+n {
				e.Errorf("byte %d was written and is in a hole of %d bytes at %d", at, n, off)
			}
		}
		if hole {
			p := make([]byte, n)
			_, err := dev.ReadAt(p, off)
			e.ok(err)
			same(e, p, make([]byte, n))
			holes += n
		}
		off += n
	}
	if holes == 0 {
		e.Error("a device that finds holes found none in an empty volume")
	}
	_, _, err := finder.Extent(size)
	e.is(err, driver.ErrOutOfRange)
}
