package main

import (
	"flag"
	"os"
	"testing"

	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/volume/driver/all"
)

var update = flag.Bool("update", false, "rewrite the files that tests compare with")

const samplePath = "../../etc/cinder.conf"

// The sample is printed from the options' tags, the drivers' included.
func TestSampleConfigurationIsCurrent(t *testing.T) {
	var drivers []any
	for _, d := range all.Drivers {
		drivers = append(drivers, d.Options())
	}
	want := config.Sample(drivers...)
	if *update {
		if err := os.WriteFile(samplePath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Fatal("etc/cinder.conf is not what the options say: go test ./cmd/clinker -update")
	}
	if _, err := config.Load(samplePath, nil); err != nil {
		t.Fatal(err)
	}
}
