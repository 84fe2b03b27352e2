package drivertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"github.com/clinker-io/clinker/volume/driver"
)

// childEnv holds a crashOrder in the process that is to be killed.
const childEnv = "CLINKER_DRIVERTEST_CHILD"

// crashOrder is one operation to run in a process of its own, which kills
// itself at the step of that number, counted from 0.
type crashOrder struct {
	Address   string
	Operation string
	Step      int
}

// What is in the pool when an operation starts, and what operations make. The
// names are fixed because two processes must agree on them.
var (
	crashVolume   = volumeOf("0e7a0b1c-0000-4000-8000-000000000001", 3*mib+512)
	crashSnapshot = snapshotOf("0e7a0b1c-0000-4000-8000-000000000002", crashVolume)
	crashNew      = volumeOf("0e7a0b1c-0000-4000-8000-000000000003", 5*mib)
	crashNewSnap  = snapshotOf("0e7a0b1c-0000-4000-8000-000000000004", crashVolume)
)

// crashCase is an operation, and what is right before and after it.
type crashCase struct {
	name  string
	run   func(ctx context.Context, d driver.Driver) error
	on    driver.Source                // what it makes, changes or removes
	after func(contents []byte) []byte // what on then holds, from what the volume holds; nil: it is gone
	made  bool                         // on was not there before
}

func crashCases() []crashCase {
	volume, snapshot := driver.VolumeSource(crashVolume), driver.SnapshotSource(crashSnapshot)
	made, madeSnap := driver.VolumeSource(crashNew), driver.SnapshotSource(crashNewSnap)
	enlarge := func(p []byte) []byte { return grown(p, crashNew.SizeBytes) }
	return []crashCase{
		{name: "create", on: made, made: true, after: func([]byte) []byte { return make([]byte, crashNew.SizeBytes) },
			run: func(ctx context.Context, d driver.Driver) error { return d.Create(ctx, crashNew) }},
		{name: "extend", on: volume, after: enlarge,
			run: func(ctx context.Context, d driver.Driver) error {
				return d.Extend(ctx, crashVolume, crashNew.SizeBytes)
			}},
		{name: "snapshot", on: madeSnap, made: true, after: slices.Clone[[]byte],
			run: func(ctx context.Context, d driver.Driver) error { return d.Snapshot(ctx, crashNewSnap) }},
		{name: "clone of a volume", on: made, made: true, after: enlarge,
			run: func(ctx context.Context, d driver.Driver) error { return d.Clone(ctx, crashNew, volume) }},
		{name: "clone of a snapshot", on: made, made: true, after: enlarge,
			run: func(ctx context.Context, d driver.Driver) error { return d.Clone(ctx, crashNew, snapshot) }},
		{name: "delete", on: volume,
			run: func(ctx context.Context, d driver.Driver) error { return d.Delete(ctx, crashVolume) }},
		{name: "delete of a snapshot", on: snapshot,
			run: func(ctx context.Context, d driver.Driver) error { return d.DeleteSnapshot(ctx, crashSnapshot) }},
	}
}

// testCrash kills every operation at every step that the driver names. Then the
// same call must give the right end, and a sweep or a delete the state from
// before.
func testCrash(e *env) {
	for _, c := range crashCases() {
		e.Run(c.name, func(t *testing.T) {
			t.Parallel()
			step := 0
			for killCase(newEnv(t, e.pool), c, step, (*env).again) {
				killCase(newEnv(t, e.pool), c, step, (*env).undo)
				killCase(newEnv(t, e.pool), c, step, (*env).giveUp)
				step++
			}
			if step == 0 {
				t.Error("the driver names no step of this operation")
			}
		})
	}
}

// killCase prepares a pool, has the operation killed, and tells whether it was:
// false means that the operation has fewer steps.
func killCase(e *env, c crashCase, step int, then func(*env, crashCase, []byte)) (killed bool) {
	e.ok(e.d.Create(e.ctx, crashVolume))
	data := pattern(int(crashVolume.SizeBytes), 11)
	clear(data[mib/2 : mib+mib/2]) // a hole
	e.write(crashVolume, data[:mib/2], 0)
	e.write(crashVolume, data[mib+mib/2:], mib+mib/2)
	e.ok(e.d.Snapshot(e.ctx, crashSnapshot))
	e.ok(e.d.Close())
	killed = runOrder(e, crashOrder{Address: e.address, Operation: c.name, Step: step})
	e.d = e.open()
	if killed {
		e.neverHalf(c, data)
	}
	then(e, c, data)
	return killed
}

// neverHalf: what the operation works on is as before or as after, and nothing
// in between.
func (e *env) neverHalf(c crashCase, data []byte) {
	e.Helper()
	got, err := contents(e.ctx, e.d, c.on)
	if errors.Is(err, driver.ErrNotFound) {
		if !c.made && c.after != nil {
			e.Fatal("it is gone")
		}
		return
	}
	e.ok(err)
	if !c.made && len(got) == len(data) {
		same(e, got, data)
		return
	}
	if c.after == nil {
		e.Fatalf("%d bytes are left of %d", len(got), len(data))
	}
	same(e, got, c.after(data))
}

// again calls the operation once more, as the engine does.
func (e *env) again(c crashCase, data []byte) {
	e.Helper()
	e.ok(c.run(e.ctx, e.d))
	if c.after == nil {
		e.absent(c.on)
	} else {
		e.holds(c.on, c.after(data))
	}
	for _, src := range []driver.Source{driver.VolumeSource(crashVolume), driver.SnapshotSource(crashSnapshot)} {
		if nameOf(src) != nameOf(c.on) {
			e.holds(src, data)
		}
	}
	want := e.namesAfter(c, c.made)
	e.sweep(want...)
	e.onlyThere(want...)
}

// undo sweeps with only the rest known: the database has forgotten what the
// operation made, or it is the one that was to go.
func (e *env) undo(c crashCase, data []byte) {
	e.Helper()
	if c.name == "extend" {
		return // there is nothing to sweep
	}
	want := e.namesAfter(c, false)
	e.sweep(want...)
	if _, ok := driver.As[driver.Cleaner](e.d); ok {
		e.onlyThere(want...)
	}
	if c.made {
		e.holds(driver.VolumeSource(crashVolume), data)
	}
}

// giveUp deletes what a killed operation was to make, whole or not: the user
// does not want it any more.
func (e *env) giveUp(c crashCase, _ []byte) {
	e.Helper()
	if !c.made {
		return
	}
	if c.on.Volume != nil {
		e.ok(e.d.Delete(e.ctx, *c.on.Volume))
	} else {
		e.ok(e.d.DeleteSnapshot(e.ctx, *c.on.Snapshot))
	}
	e.onlyThere(crashVolume.Name, crashSnapshot.Name)
}

func (e *env) namesAfter(c crashCase, withMade bool) []string {
	var names []string
	for _, name := range []string{crashVolume.Name, crashSnapshot.Name} {
		if c.after != nil || name != nameOf(c.on) {
			names = append(names, name)
		}
	}
	if withMade {
		names = append(names, nameOf(c.on))
	}
	return names
}

func nameOf(src driver.Source) string {
	name, _ := src.Name()
	return name
}

// runOrder runs the operation in a child and waits for its end.
func runOrder(e *env, o crashOrder) (killed bool) {
	e.Helper()
	order, err := json.Marshal(o)
	e.ok(err)
	self, err := os.Executable()
	e.ok(err)
	cmd := exec.CommandContext(e.ctx, self)
	cmd.Env = append(os.Environ(), childEnv+"="+string(order))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status, _ := exit.Sys().(syscall.WaitStatus)
		if status.Signaled() && status.Signal() == syscall.SIGKILL {
			return true
		}
	}
	if err != nil {
		e.Fatalf("%s: %v\n%s", o.Operation, err, out)
	}
	return false
}

// runChild is the whole life of the child.
func runChild(order string, open func(string) (driver.Driver, error)) (exit int) {
	if err := obey(order, open); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func obey(order string, open func(string) (driver.Driver, error)) error {
	var o crashOrder
	if err := json.Unmarshal([]byte(order), &o); err != nil {
		return err
	}
	d, err := open(o.Address)
	if err != nil {
		return err
	}
	if err := d.Check(context.Background()); err != nil {
		return err
	}
	step := 0
	ctx := driver.WithSteps(context.Background(), func(string) {
		if step == o.Step {
			if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err == nil {
				select {}
			}
		}
		step++
	})
	for _, c := range slices.Concat(crashCases(), powerCases()) {
		if c.name == o.Operation {
			return errors.Join(c.run(ctx, d), d.Close())
		}
	}
	return fmt.Errorf("no operation %q", o.Operation)
}
