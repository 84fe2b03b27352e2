package volume

import (
	"maps"
	"testing"

	"github.com/clinker-io/clinker/db"
)

func TestLimitsForEachGiB(t *testing.T) {
	t.Parallel()
	type m = map[string]string
	for _, c := range []struct {
		name     string
		in, want m
	}{
		{"plain", m{"total_iops_sec": "10", "x": "y"}, m{"total_iops_sec": "10", "x": "y"}},
		{"times size", m{"read_iops_sec_per_gb": "3"}, m{"read_iops_sec": "12"}},
		{"at least", m{"read_iops_sec_per_gb": "3", "read_iops_sec_per_gb_min": "20"}, m{"read_iops_sec": "20"}},
		{"at most", m{"write_bytes_sec_per_gb": "3", "write_bytes_sec_max": "5"}, m{"write_bytes_sec": "5"}},
		{"most wins", m{"total_bytes_sec_per_gb": "3", "total_bytes_sec_per_gb_min": "20", "total_bytes_sec_max": "5"}, m{"total_bytes_sec": "5"}},
		{"most alone", m{"write_bytes_sec_max": "5"}, m{"write_bytes_sec_max": "5"}},
		{"no number", m{"read_iops_sec_per_gb": "many"}, m{"read_iops_sec_per_gb": "many"}},
		{"huge", m{"read_iops_sec_per_gb": "9223372036854775807"}, m{"read_iops_sec": "9223372036854775807"}},
	} {
		in := db.ExtraSpecs{}
		for k, v := range c.in {
			in[k] = &v
		}
		if got := perVolume(in, 4).Text(); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if perVolume(nil, 4) != nil {
		t.Error("no specs became some")
	}
}
