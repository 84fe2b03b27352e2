package drivertest

import (
	"bytes"
	"context"
	"testing"

	"github.com/clinker-io/clinker/volume/driver"
)

// crashAdopted is what the adoption of a released crashVolume makes.
var crashAdopted = volumeOf("0e7a0b1c-0000-4000-8000-000000000005", 5*mib)

// powerCases are the operations of optional powers. The volume that they work
// on was written to after its snapshot.
func powerCases() []crashCase {
	return []crashCase{
		{name: "revert", run: func(ctx context.Context, d driver.Driver) error {
			r, _ := driver.As[driver.Reverter](d)
			return r.Revert(ctx, crashVolume, crashSnapshot)
		}},
		{name: "release", run: func(ctx context.Context, d driver.Driver) error {
			m, _ := driver.As[driver.Manager](d)
			return m.Release(ctx, driver.VolumeSource(crashVolume))
		}},
		{name: "adopt", run: func(ctx context.Context, d driver.Driver) error {
			m, _ := driver.As[driver.Manager](d)
			all, err := m.Manageable(ctx, driver.KindVolume)
			if err != nil {
				return err
			}
			var ref driver.Reference // nil once it is adopted: then Adopt needs none
			for _, x := range all {
				if x.ID == "" {
					ref = x.Reference
				}
			}
			return m.Adopt(ctx, driver.VolumeSource(crashAdopted), ref)
		}},
	}
}

// testPowerCrash kills those operations at every step: the volume is then as
// before or as after, and the same call once more gives the right end.
func testPowerCrash(e *env) {
	checks := map[string]func(*env, []byte, []byte){
		"revert": (*env).reverted, "release": (*env).released, "adopt": (*env).adopted}
	for _, c := range powerCases() {
		_, reverts := driver.As[driver.Reverter](e.d)
		_, manages := e.manager()
		if c.name == "revert" && !reverts || c.name != "revert" && !manages {
			continue
		}
		e.Run(c.name, func(t *testing.T) {
			t.Parallel()
			step := 0
			for killPower(newEnv(t, e.pool), c, step, checks[c.name]) {
				step++
			}
			if step == 0 {
				t.Error("the driver names no step of this operation")
			}
		})
	}
}

func killPower(e *env, c crashCase, step int, check func(e *env, old, data []byte)) (killed bool) {
	e.ok(e.d.Create(e.ctx, crashVolume))
	old, data := pattern(int(crashVolume.SizeBytes), 26), pattern(int(crashVolume.SizeBytes), 27)
	e.write(crashVolume, old, 0)
	e.ok(e.d.Snapshot(e.ctx, crashSnapshot))
	e.write(crashVolume, data, 0)
	if c.name == "adopt" {
		m, _ := e.manager()
		e.ok(m.Release(e.ctx, driver.VolumeSource(crashVolume)))
	}
	e.ok(e.d.Close())
	killed = runOrder(e, crashOrder{Address: e.address, Operation: c.name, Step: step})
	e.d = e.open()
	if c.name == "revert" {
		got := e.read(driver.VolumeSource(crashVolume))
		if !bytes.Equal(got, old) && !bytes.Equal(got, data) {
			e.Fatal("the volume holds parts of both")
		}
	}
	e.ok(c.run(e.ctx, e.d))
	e.sweep(crashVolume.Name, crashSnapshot.Name, crashAdopted.Name)
	check(e, old, data)
	return killed
}

func (e *env) reverted(old, _ []byte) {
	e.holds(driver.VolumeSource(crashVolume), old)
	e.holds(driver.SnapshotSource(crashSnapshot), old)
	e.onlyThere(crashVolume.Name, crashSnapshot.Name)
}

func (e *env) released(_, data []byte) {
	e.onlyThere(crashSnapshot.Name)
	m, _ := e.manager()
	e.ok(m.Adopt(e.ctx, driver.VolumeSource(crashVolume), e.foreign(driver.KindVolume).Reference))
	e.holds(driver.VolumeSource(crashVolume), data)
}

func (e *env) adopted(_, data []byte) {
	e.holds(driver.VolumeSource(crashAdopted), grown(data, crashAdopted.SizeBytes))
	e.onlyThere(crashAdopted.Name, crashSnapshot.Name)
}
