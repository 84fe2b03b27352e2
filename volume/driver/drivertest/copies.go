package drivertest

import (
	"context"
	"errors"

	"github.com/clinker-io/clinker/volume/driver"
)

func testSnapshot(e *env) {
	v := e.create(3*mib + 1)
	old := pattern(3*mib+1, 4)
	e.write(v, old, 0)
	s := newSnapshot(v)
	e.ok(e.d.Snapshot(e.ctx, s))
	e.write(v, pattern(mib, 5), mib/2)
	e.holds(driver.SnapshotSource(s), old)
	e.ok(e.d.Snapshot(e.ctx, s)) // again: the first moment stays
	e.holds(driver.SnapshotSource(s), old)
	e.ok(e.d.Extend(e.ctx, v, 4*mib))
	e.holds(driver.SnapshotSource(s), old)
	e.reopen()
	e.holds(driver.SnapshotSource(s), old)

	dev, err := e.d.Open(e.ctx, driver.SnapshotSource(s), driver.ReadOnly)
	e.ok(err)
	e.is(e.d.DeleteSnapshot(e.ctx, s), driver.ErrInUse)
	e.ok(dev.Close())
	e.ok(e.d.DeleteSnapshot(e.ctx, s))
	e.ok(e.d.DeleteSnapshot(e.ctx, s))
	e.absent(driver.SnapshotSource(s))
	e.onlyThere(v.Name)
}

func testClone(e *env) {
	v := e.create(2*mib + 100)
	data := pattern(2*mib+100, 6)
	e.write(v, data, 0)
	s := newSnapshot(v)
	e.ok(e.d.Snapshot(e.ctx, s))
	for _, src := range []driver.Source{driver.VolumeSource(v), driver.SnapshotSource(s)} {
		same1, larger := newVolume(2*mib+100), newVolume(5*mib+1)
		e.ok(e.d.Clone(e.ctx, same1, src))
		e.ok(e.d.Clone(e.ctx, larger, src))
		e.holds(driver.VolumeSource(same1), data)
		e.holds(driver.VolumeSource(larger), grown(data, 5*mib+1))

		e.write(same1, []byte("its own"), mib)
		e.ok(e.d.Clone(e.ctx, same1, src)) // again: the work is done
		own := append([]byte(nil), data...)
		copy(own[mib:], "its own")
		e.holds(driver.VolumeSource(same1), own)
		e.holds(src, data)
		other := same1
		other.SizeBytes *= 2
		e.is(e.d.Clone(e.ctx, other, src), driver.ErrExists)
	}
}

// testCopyKeepsHoles copies a terabyte of holes, which fits nowhere otherwise.
func testCopyKeepsHoles(e *env) {
	const size = 1 << 40
	v := e.create(size)
	dev := e.device(v)
	for _, off := range []int64{0, 1 << 30, size - 4096} {
		_, err := dev.WriteAt(pattern(4096, 8), off)
		e.ok(err)
	}
	s, c := newSnapshot(v), newVolume(size)
	e.ok(e.d.Snapshot(e.ctx, s))
	e.ok(e.d.Clone(e.ctx, c, driver.VolumeSource(v)))
	for _, src := range []driver.Source{driver.SnapshotSource(s), driver.VolumeSource(c)} {
		copied, err := e.d.Open(e.ctx, src, driver.ReadOnly)
		e.ok(err)
		for off, want := range map[int64][]byte{0: pattern(4096, 8), 1 << 30: pattern(4096, 8), size - 4096: pattern(4096, 8), 1 << 39: make([]byte, 4096)} {
			got := make([]byte, 4096)
			_, err := copied.ReadAt(got, off)
			e.ok(err)
			same(e, got, want)
		}
		e.ok(copied.Close())
	}
}

func testCancelledCopy(e *env) {
	v := e.create(4 * mib)
	e.write(v, pattern(4*mib, 9), 0)
	dead, cancel := context.WithCancel(e.ctx)
	cancel()
	e.is(e.d.Snapshot(dead, newSnapshot(v)), context.Canceled)
	e.is(e.d.Clone(dead, newVolume(4*mib), driver.VolumeSource(v)), context.Canceled)

	// In the middle: a driver may be past the point where it looks.
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	c := newVolume(4 * mib)
	switch err := e.d.Clone(driver.WithSteps(ctx, func(string) { cancel() }), c, driver.VolumeSource(v)); {
	case err == nil:
		e.holds(driver.VolumeSource(c), pattern(4*mib, 9))
		e.onlyThere(v.Name, c.Name)
	case errors.Is(err, context.Canceled):
		e.absent(driver.VolumeSource(c))
		e.onlyThere(v.Name)
	default:
		e.Fatal(err)
	}
	e.holds(driver.VolumeSource(v), pattern(4*mib, 9))
}
