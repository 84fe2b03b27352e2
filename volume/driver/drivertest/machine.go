package drivertest

import (
	"errors"
	"fmt"

	"pgregory.net/rapid"

	"github.com/clinker-io/clinker/volume/driver"
)

// machine runs random operations on a driver and on a twin in memory.
type machine struct {
	*env
	twin    twin
	devices map[string]driver.Device // volumes open for writing
}

func testMachine(e *env) {
	rapid.Check(e.T, func(t *rapid.T) {
		e.sweep() // the pool of the last sequence, which may have failed
		m := &machine{env: e, twin: twin{}, devices: map[string]driver.Device{}}
		defer m.closeDevices(t)
		t.Repeat(map[string]func(*rapid.T){
			"create":         m.create,
			"delete":         m.delete,
			"extend":         m.extend,
			"snapshot":       m.snapshot,
			"deleteSnapshot": m.deleteSnapshot,
			"clone":          m.clone,
			"revert":         m.revert,
			"open":           m.openVolume,
			"close":          m.closeVolume,
			"write":          m.write,
			"zero":           m.zero,
			"restart":        m.restart,
			"read":           m.readAll,
		})
		m.readAll(t)
		m.deleteAll(t)
	})
}

// A few names for each, so that operations meet.
func drawVolume(t *rapid.T) driver.Volume {
	i := rapid.IntRange(0, 4).Draw(t, "volume")
	size := rapid.OneOf(rapid.SampledFrom([]int64{512, 4096, mib}), rapid.Int64Range(1, 2*mib)).Draw(t, "size")
	return volumeOf(fmt.Sprintf("aaaaaaaa-0000-4000-8000-00000000000%d", i), size)
}

func drawSnapshot(t *rapid.T, v driver.Volume) driver.Snapshot {
	i := rapid.IntRange(0, 2).Draw(t, "snapshot")
	return snapshotOf(fmt.Sprintf("bbbbbbbb-0000-4000-8000-00000000000%d", i), v)
}

// agree compares the outcomes; a fault of the twin's kind is as good as none.
func agree(t *rapid.T, got, want error) {
	if want == nil && got != nil || want != nil && !errors.Is(got, want) {
		t.Fatalf("driver: %v, twin: %v", got, want)
	}
}

func (m *machine) create(t *rapid.T) {
	v := drawVolume(t)
	agree(t, m.d.Create(m.ctx, v), m.twin.create(v))
}

func (m *machine) delete(t *rapid.T) {
	v := drawVolume(t)
	want := driver.ErrInUse
	if m.devices[v.Name] == nil {
		want = nil
		delete(m.twin, v.Name)
	}
	agree(t, m.d.Delete(m.ctx, v), want)
}

func (m *machine) extend(t *rapid.T) {
	v := drawVolume(t)
	agree(t, m.d.Extend(m.ctx, v, v.SizeBytes), m.twin.extend(v.Name, v.SizeBytes))
}

func (m *machine) snapshot(t *rapid.T) {
	s := drawSnapshot(t, drawVolume(t))
	agree(t, m.d.Snapshot(m.ctx, s), m.twin.snapshot(s))
}

func (m *machine) deleteSnapshot(t *rapid.T) {
	s := drawSnapshot(t, driver.Volume{})
	delete(m.twin, s.Name)
	agree(t, m.d.DeleteSnapshot(m.ctx, s), nil)
}

func (m *machine) clone(t *rapid.T) {
	v, from := drawVolume(t), drawVolume(t)
	from.SizeBytes = 0 // the driver knows
	src := driver.VolumeSource(from)
	if rapid.Bool().Draw(t, "of a snapshot") {
		src = driver.SnapshotSource(drawSnapshot(t, driver.Volume{}))
	}
	agree(t, m.d.Clone(m.ctx, v, src), m.twin.clone(v, nameOf(src)))
}

func (m *machine) revert(t *rapid.T) {
	r, ok := driver.As[driver.Reverter](m.d)
	if !ok {
		return
	}
	v, s := drawVolume(t), drawSnapshot(t, driver.Volume{})
	v.SizeBytes = int64(len(m.twin[v.Name]))
	want := driver.ErrInUse
	if m.devices[v.Name] == nil {
		want = m.twin.revert(v, s)
	}
	agree(t, r.Revert(m.ctx, v, s), want)
}

func (m *machine) openVolume(t *rapid.T) {
	v := drawVolume(t)
	v.SizeBytes = 0
	if m.devices[v.Name] != nil {
		return
	}
	dev, err := m.d.Open(m.ctx, driver.VolumeSource(v), driver.ReadWrite)
	if m.twin[v.Name] == nil {
		agree(t, err, driver.ErrNotFound)
		return
	}
	agree(t, err, nil)
	m.devices[v.Name] = dev
}

func (m *machine) closeVolume(t *rapid.T) {
	name := drawVolume(t).Name
	if dev := m.devices[name]; dev != nil {
		delete(m.devices, name)
		agree(t, dev.Close(), nil)
	}
}

// drawRange picks an open volume and a range in it.
func (m *machine) drawRange(t *rapid.T) (dev driver.Device, data []byte, off, n int64) {
	name := drawVolume(t).Name
	dev, data = m.devices[name], m.twin[name]
	if dev == nil {
		return nil, nil, 0, 0
	}
	off = rapid.Int64Range(0, int64(len(data))-1).Draw(t, "off")
	return dev, data, off, rapid.Int64Range(0, int64(len(data))-off).Draw(t, "n")
}

func (m *machine) write(t *rapid.T) {
	dev, data, off, n := m.drawRange(t)
	if dev == nil {
		return
	}
	p := pattern(int(n), rapid.Uint32().Draw(t, "seed"))
	_, err := dev.WriteAt(p, off)
	agree(t, err, nil)
	copy(data[off:], p)
	agree(t, dev.Flush(), nil)
}

func (m *machine) zero(t *rapid.T) {
	dev, data, off, n := m.drawRange(t)
	if dev == nil {
		return
	}
	zero := dev.Discard
	if z, ok := dev.(driver.ZeroWriter); ok && rapid.Bool().Draw(t, "write zeroes") {
		zero = z.WriteZeroes
	}
	agree(t, zero(off, n), nil)
	clear(data[off : off+n])
}

func (m *machine) restart(t *rapid.T) {
	m.closeDevices(t)
	agree(t, m.d.Close(), nil)
	d, err := m.pool.Open(m.address)
	agree(t, err, nil)
	m.d = d
}

func (m *machine) closeDevices(t *rapid.T) {
	for name, dev := range m.devices {
		agree(t, dev.Close(), nil)
		delete(m.devices, name)
	}
}

func (m *machine) readAll(t *rapid.T) {
	for name, want := range m.twin {
		v := driver.Volume{Name: name}
		got, err := contents(m.ctx, m.d, driver.VolumeSource(v))
		agree(t, err, nil)
		same(t, got, want)
	}
}

// deleteAll leaves an empty pool also where the driver cannot sweep.
func (m *machine) deleteAll(t *rapid.T) {
	m.closeDevices(t)
	for name := range m.twin {
		agree(t, m.d.Delete(m.ctx, driver.Volume{Name: name}), nil)
	}
	m.onlyThere()
}
