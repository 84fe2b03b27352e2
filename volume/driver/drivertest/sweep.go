package drivertest

import (
	"maps"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/clinker-io/clinker/volume/driver"
)

// onlyThere fails unless the pool holds exactly these, all of them whole. A
// driver that cannot list is believed.
func (e *env) onlyThere(names ...string) {
	e.Helper()
	l, ok := driver.As[driver.Lister](e.d)
	if !ok {
		return
	}
	all, err := l.List(e.ctx)
	e.ok(err)
	var got []string
	for _, f := range all {
		if !f.Made {
			e.Errorf("%s is left half-made", f.Name)
		}
		got = append(got, f.Name)
	}
	slices.Sort(got)
	slices.Sort(names)
	if diff := cmp.Diff(names, got); diff != "" {
		e.Fatalf("in the pool (-want +got):\n%s", diff)
	}
}

// sweep has the driver remove what is not known.
func (e *env) sweep(known ...string) []string {
	e.Helper()
	c, ok := driver.As[driver.Cleaner](e.d)
	if !ok {
		return nil
	}
	removed, err := c.Sweep(e.ctx, func(kind, id string) bool { return slices.Contains(known, kind+"-"+id) })
	e.ok(err)
	return removed
}

func testSweep(e *env) {
	known, orphan, open := e.create(mib), e.create(mib), e.create(mib)
	s, lost := newSnapshot(known), newSnapshot(known)
	e.ok(e.d.Snapshot(e.ctx, s))
	e.ok(e.d.Snapshot(e.ctx, lost))
	dev := e.device(open)
	removed := map[string]bool{}
	for _, name := range e.sweep(known.Name, s.Name) {
		removed[name] = true
	}
	if _, ok := driver.As[driver.Cleaner](e.d); !ok {
		return // an optional power
	}
	if diff := cmp.Diff(map[string]bool{orphan.Name: true, lost.Name: true}, maps.Clone(removed)); diff != "" {
		e.Errorf("removed (-want +got):\n%s", diff)
	}
	e.onlyThere(known.Name, s.Name, open.Name)
	e.ok(dev.Close())
	e.sweep(known.Name, s.Name)
	e.onlyThere(known.Name, s.Name)
}
