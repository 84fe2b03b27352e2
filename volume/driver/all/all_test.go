package all_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/driver/all"
	"github.com/clinker-io/clinker/volume/driver/file"
)

func TestEveryNameFindsItsDriver(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, want := range all.Drivers {
		for _, name := range append([]string{want.Name}, want.Classes...) {
			if seen[name] {
				t.Errorf("%s names two drivers", name)
			}
			seen[name] = true
			if e, err := all.Find(name); err != nil || e.Name != want.Name {
				t.Errorf("%s: %s, %v", name, e.Name, err)
			}
		}
	}
}

func TestAnUnknownDriverListsTheAllowedOnes(t *testing.T) {
	t.Parallel()
	_, err := all.Find("cinder.volume.drivers.lvm.LVMVolumeDriver")
	var config *driver.ConfigError
	if !errors.As(err, &config) || config.Option != "volume_driver" {
		t.Fatalf("error %v", err)
	}
	for _, e := range all.Drivers {
		for _, name := range append([]string{e.Name}, e.Classes...) {
			if !strings.Contains(config.Allowed, name) {
				t.Errorf("%q does not list %s", err, name)
			}
		}
	}
}

func TestOpenTakesItsOwnOptions(t *testing.T) {
	t.Parallel()
	e, err := all.Find("file")
	if err != nil {
		t.Fatal(err)
	}
	o, ok := e.Options().(*file.Options)
	if !ok {
		t.Fatalf("options are a %T", e.Options())
	}
	o.PoolPath = t.TempDir()
	d, err := e.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	for _, bad := range []any{nil, 1, (*file.Options)(nil), &file.Options{}} {
		if d, err := e.Open(bad); err == nil || d != nil {
			t.Errorf("%v: %v, %v", bad, d, err)
		}
	}
}
