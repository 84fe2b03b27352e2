package drivertest

import (
	"maps"
	"slices"

	"github.com/clinker-io/clinker/volume/driver"
)

// manager is the driver's power to manage, if it has that.
func (e *env) manager() (driver.Manager, bool) { return driver.As[driver.Manager](e.d) }

// listed finds what the pool shows as manageable under a reference.
func (e *env) listed(kind string, ref driver.Reference) (driver.Manageable, bool) {
	e.Helper()
	m, _ := e.manager()
	all, err := m.Manageable(e.ctx, kind)
	e.ok(err)
	i := slices.IndexFunc(all, func(x driver.Manageable) bool { return maps.Equal(x.Reference, ref) })
	if i < 0 {
		return driver.Manageable{}, false
	}
	return all[i], true
}

// foreign gives the one thing in the pool that bears none of our names.
func (e *env) foreign(kind string) driver.Manageable {
	e.Helper()
	m, _ := e.manager()
	all, err := m.Manageable(e.ctx, kind)
	e.ok(err)
	all = slices.DeleteFunc(all, func(x driver.Manageable) bool { return x.ID != "" })
	if len(all) != 1 {
		e.Fatalf("%d %ss could be managed, want one: %+v", len(all), kind, all)
	}
	return all[0]
}

func testManageVolume(e *env) {
	m, ok := e.manager()
	if !ok {
		return // an optional power
	}
	v, data := e.create(mib+512), pattern(mib+512, 21)
	e.write(v, data, 0)
	dev := e.device(v)
	e.is(m.Release(e.ctx, driver.VolumeSource(v)), driver.ErrInUse)
	e.ok(dev.Close())
	e.ok(m.Release(e.ctx, driver.VolumeSource(v)))
	e.ok(m.Release(e.ctx, driver.VolumeSource(v))) // again: it is gone
	e.absent(driver.VolumeSource(v))
	e.onlyThere()
	e.sweep()
	e.reopen()
	m, _ = e.manager()

	found := e.foreign(driver.KindVolume)
	if found.SizeBytes != mib+512 || found.Unsafe != "" {
		e.Errorf("listed as %+v", found)
	}
	to := newVolume(2 * mib)
	size, err := m.Measure(e.ctx, driver.VolumeSource(to), found.Reference)
	e.ok(err)
	if size != mib+512 {
		e.Errorf("measured %d bytes", size)
	}
	small := newVolume(mib)
	e.is(m.Adopt(e.ctx, driver.VolumeSource(small), found.Reference), driver.ErrInvalid)
	for range 2 { // the second call finds the work done
		e.ok(m.Adopt(e.ctx, driver.VolumeSource(to), found.Reference))
		e.holds(driver.VolumeSource(to), grown(data, 2*mib))
	}
	e.onlyThere(to.Name)
	if _, err := m.Measure(e.ctx, driver.VolumeSource(newVolume(mib)), found.Reference); err == nil {
		e.Error("what was adopted can be adopted again")
	}
	size, err = m.Measure(e.ctx, driver.VolumeSource(to), found.Reference)
	e.ok(err)
	if size != 2*mib {
		e.Errorf("the adopted volume is measured as %d bytes", size)
	}
	e.is(m.Adopt(e.ctx, driver.VolumeSource(newVolume(mib)), driver.Reference{}), driver.ErrInvalid)
	if s, ok := e.listed(driver.KindVolume, found.Reference); ok {
		e.Errorf("still listed: %+v", s)
	}
}

func testManageSnapshot(e *env) {
	m, ok := e.manager()
	if !ok {
		return
	}
	v, data := e.create(mib), pattern(mib, 22)
	e.write(v, data, 0)
	s, to := newSnapshot(v), newSnapshot(v)
	e.ok(e.d.Snapshot(e.ctx, s))
	e.write(v, pattern(mib, 23), 0)
	e.ok(m.Release(e.ctx, driver.SnapshotSource(s)))
	e.onlyThere(v.Name)
	found := e.foreign(driver.KindSnapshot)
	if found.Unsafe != "" || found.SizeBytes != mib {
		e.Errorf("listed as %+v", found)
	}
	e.ok(m.Adopt(e.ctx, driver.SnapshotSource(to), found.Reference))
	e.holds(driver.SnapshotSource(to), data)
	e.onlyThere(v.Name, to.Name)
	c := newVolume(mib)
	e.ok(e.d.Clone(e.ctx, c, driver.SnapshotSource(to)))
	e.holds(driver.VolumeSource(c), data)
}

func testRevert(e *env) {
	r, ok := driver.As[driver.Reverter](e.d)
	if !ok {
		return // the engine copies
	}
	v, old := e.create(2*mib+512), pattern(2*mib+512, 24)
	clear(old[mib/2 : mib])
	e.write(v, old, 0)
	s := newSnapshot(v)
	e.ok(e.d.Snapshot(e.ctx, s))
	e.write(v, pattern(2*mib+512, 25), 0)
	dev := e.device(v)
	e.is(r.Revert(e.ctx, v, s), driver.ErrInUse)
	e.ok(dev.Close())
	for range 2 {
		e.ok(r.Revert(e.ctx, v, s))
		e.holds(driver.VolumeSource(v), old)
		e.holds(driver.SnapshotSource(s), old)
		e.write(v, []byte("its own"), mib)
		e.holds(driver.SnapshotSource(s), old)
	}
	e.ok(e.d.Extend(e.ctx, v, 3*mib))
	v.SizeBytes = 3 * mib
	e.ok(r.Revert(e.ctx, v, s))
	e.holds(driver.VolumeSource(v), grown(old, 3*mib))
	v.SizeBytes = mib
	e.is(r.Revert(e.ctx, v, s), driver.ErrInvalid)
	e.is(r.Revert(e.ctx, newVolume(mib), s), driver.ErrNotFound)
	e.is(r.Revert(e.ctx, v, newSnapshot(v)), driver.ErrNotFound)
	v.SizeBytes = 3 * mib
	e.holds(driver.VolumeSource(v), grown(old, 3*mib))
	e.onlyThere(v.Name, s.Name)
}
