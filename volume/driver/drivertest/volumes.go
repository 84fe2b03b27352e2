package drivertest

import (
	"os"

	"github.com/clinker-io/clinker/volume/driver"
)

func testCheckAndStats(e *env) {
	e.ok(e.d.Check(e.ctx))
	st, err := e.d.Stats(e.ctx)
	e.ok(err)
	if st.VendorName == "" || st.StorageProtocol == "" || st.DriverVersion == "" || len(st.Pools) == 0 {
		e.Errorf("incomplete stats %+v", st)
	}
	for _, p := range st.Pools {
		if p.Name == "" || p.TotalBytes <= 0 || p.FreeBytes < 0 || p.FreeBytes > p.TotalBytes {
			e.Errorf("pool %+v", p)
		}
	}
}

func testCreateDelete(e *env) {
	v := e.create(mib)
	e.holds(driver.VolumeSource(v), make([]byte, mib))
	data := pattern(mib, 1)
	e.write(v, data, 0)
	e.ok(e.d.Create(e.ctx, v)) // again: the work is done, the data stays
	e.holds(driver.VolumeSource(v), data)
	other := v
	other.SizeBytes *= 2
	e.is(e.d.Create(e.ctx, other), driver.ErrExists)
	e.reopen()
	e.holds(driver.VolumeSource(v), data)

	dev := e.device(v)
	e.is(e.d.Delete(e.ctx, v), driver.ErrInUse)
	e.ok(dev.Close())
	e.ok(e.d.Delete(e.ctx, v))
	e.absent(driver.VolumeSource(v))
	e.ok(e.d.Delete(e.ctx, v))
	e.ok(e.d.Delete(e.ctx, newVolume(mib)))
	e.ok(e.d.Create(e.ctx, v)) // the name is free and its data is gone
	e.holds(driver.VolumeSource(v), make([]byte, mib))
}

func testOddSizes(e *env) {
	for _, size := range []int64{1, 511, 513, 4097, mib - 1, mib + 1, 3*mib + 17} {
		v := e.create(size)
		data := pattern(int(size), uint32(size))
		e.write(v, data, 0)
		e.holds(driver.VolumeSource(v), data)
		s := newSnapshot(v)
		e.ok(e.d.Snapshot(e.ctx, s))
		e.holds(driver.SnapshotSource(s), data)
		c := newVolume(size + 1)
		e.ok(e.d.Clone(e.ctx, c, driver.SnapshotSource(s)))
		e.holds(driver.VolumeSource(c), grown(data, size+1))
	}
}

func testExtend(e *env) {
	v := e.create(mib + 7)
	data := pattern(mib+7, 2)
	e.write(v, data, 0)
	e.ok(e.d.Extend(e.ctx, v, 3*mib))
	e.ok(e.d.Extend(e.ctx, v, 3*mib))
	e.holds(driver.VolumeSource(v), grown(data, 3*mib))
	e.is(e.d.Extend(e.ctx, v, 2*mib), driver.ErrInvalid)
	e.holds(driver.VolumeSource(v), grown(data, 3*mib))
	e.is(e.d.Extend(e.ctx, newVolume(mib), 2*mib), driver.ErrNotFound)

	one, two := e.device(v), e.device(v)
	e.ok(e.d.Extend(e.ctx, v, 4*mib))
	for _, dev := range []driver.Device{one, two} {
		if dev.Size() != 4*mib {
			e.Errorf("an open device has %d bytes after extend", dev.Size())
		}
		_, err := dev.WriteAt([]byte{9}, 4*mib-1)
		e.ok(err)
	}
}

func testBadArguments(e *env) {
	v := e.create(mib)
	for _, name := range []string{"", ".", "..", "a/b", "../volume-x", "volume\x00", string(make([]byte, 300))} {
		bad := driver.Volume{ID: v.ID, Name: name, SizeBytes: mib}
		if err := e.d.Create(e.ctx, bad); err == nil {
			e.Errorf("a volume named %q was made", name)
		}
		if err := e.d.Delete(e.ctx, bad); err == nil {
			e.Errorf("a volume named %q was deleted", name)
		}
	}
	for _, size := range []int64{0, -1, -1 << 62} {
		e.is(e.d.Create(e.ctx, newVolume(size)), driver.ErrInvalid)
		e.is(e.d.Clone(e.ctx, newVolume(size), driver.VolumeSource(v)), driver.ErrInvalid)
		e.is(e.d.Extend(e.ctx, v, size), driver.ErrInvalid)
	}
	s := newSnapshot(v)
	e.is(e.d.Clone(e.ctx, newVolume(mib), driver.Source{}), driver.ErrInvalid)
	e.is(e.d.Clone(e.ctx, newVolume(mib), driver.Source{Volume: &v, Snapshot: &s}), driver.ErrInvalid)
	e.is(e.d.Clone(e.ctx, newVolume(mib-1), driver.VolumeSource(v)), driver.ErrInvalid)
	e.is(e.d.Clone(e.ctx, newVolume(mib), driver.SnapshotSource(s)), driver.ErrNotFound)
	e.is(e.d.Snapshot(e.ctx, newSnapshot(newVolume(mib))), driver.ErrNotFound)
	_, err := e.d.Open(e.ctx, driver.VolumeSource(v), 0)
	e.is(err, driver.ErrInvalid)
	e.onlyThere(v.Name)
}

func testClose(e *env) {
	v := e.create(mib)
	dev := e.device(v)
	e.is(e.d.Close(), driver.ErrInUse)
	e.holds(driver.VolumeSource(v), make([]byte, mib))
	if d, err := e.pool.Open(e.address); err == nil {
		e.Errorf("a pool in use was opened a second time")
		e.ok(d.Close())
	}
	e.ok(dev.Close())
	e.ok(e.d.Close())
	e.ok(e.d.Close())
	e.is(e.d.Create(e.ctx, newVolume(mib)), os.ErrClosed)
	e.is(e.d.Check(e.ctx), os.ErrClosed)
	e.d = e.open()
	e.holds(driver.VolumeSource(v), make([]byte, mib))
}
