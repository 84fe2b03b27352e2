package driver_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/clinker-io/clinker/volume/driver"
)

type plain struct{ driver.Driver }

type lister struct{ driver.Driver }

func (lister) List(context.Context) ([]driver.Found, error) { return nil, nil }

type wrapper struct {
	driver.Driver
	inner driver.Driver
}

func (w wrapper) Unwrap() driver.Driver { return w.inner }

func TestAsLooksThroughWrappers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		d    driver.Driver
		want bool
	}{
		{"nothing", nil, false},
		{"a driver without the power", plain{}, false},
		{"a driver with it", lister{}, true},
		{"wrapped twice", wrapper{inner: wrapper{inner: lister{}}}, true},
		{"wrapped without it", wrapper{inner: plain{}}, false},
		{"a wrapper of nothing", wrapper{}, false},
	} {
		if _, ok := driver.As[driver.Lister](c.d); ok != c.want {
			t.Errorf("%s: %v", c.name, ok)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	full := fmt.Errorf("create volume x: %w", driver.ErrNoSpace)
	if !errors.Is(full, syscall.ENOSPC) || !errors.Is(full, driver.ErrNoSpace) {
		t.Error("ErrNoSpace is not ENOSPC")
	}
	err := error(&driver.ConfigError{Option: "file_pool_path", Value: "x", Allowed: "an absolute path", Err: driver.ErrInUse})
	if err.Error() != `option file_pool_path = "x": must be an absolute path: in use` || !errors.Is(err, driver.ErrInUse) {
		t.Error(err)
	}
}

func TestASourceIsOneThing(t *testing.T) {
	t.Parallel()
	v := driver.VolumeSource(driver.Volume{Name: "v", SizeBytes: 1})
	s := driver.SnapshotSource(driver.Snapshot{Name: "s", SizeBytes: 2})
	if name, err := v.Name(); name != "v" || err != nil || v.SizeBytes() != 1 {
		t.Error(name, err, v.SizeBytes())
	}
	if name, err := s.Name(); name != "s" || err != nil || s.SizeBytes() != 2 {
		t.Error(name, err, s.SizeBytes())
	}
	for _, bad := range []driver.Source{{}, {Volume: v.Volume, Snapshot: s.Snapshot}} {
		if _, err := bad.Name(); !errors.Is(err, driver.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
