package volume

import (
	"context"
	"maps"
	"math"
	"strconv"

	"github.com/clinker-io/clinker/db"
)

// addTypeSpecs writes what the volume's type says into the connection info.
func (w *Worker) addTypeSpecs(ctx context.Context, v db.Volume, info *connectionInfo) error {
	specs, err := w.Store.ConnectSpecsOf(ctx, v.VolumeTypeID)
	if err != nil {
		return err
	}
	info.QoSSpecs = perVolume(specs.QoS, int64(v.Size))
	info.Cacheable = specs.Extra.Text()["cacheable"] == "<is> True"
	return nil
}

// tunable are the limits that may be given for each GiB.
var tunable = []string{"read_iops_sec", "read_bytes_sec", "write_iops_sec", "write_bytes_sec", "total_iops_sec", "total_bytes_sec"}

// perVolume turns limits for each GiB into those of a volume of this size:
// NAME_per_gb times the size, at least NAME_per_gb_min, at most NAME_max. One
// that is no number stays as it is.
func perVolume(specs db.ExtraSpecs, sizeGiB int64) db.ExtraSpecs {
	specs = maps.Clone(specs)
	for _, name := range tunable {
		each, ok := number(specs, name+"_per_gb")
		if !ok {
			continue
		}
		limit := int64(math.MaxInt64)
		if each <= limit/max(sizeGiB, 1) {
			limit = each * sizeGiB
		}
		if low, ok := number(specs, name+"_per_gb_min"); ok {
			limit = max(limit, low)
		}
		if high, ok := number(specs, name+"_max"); ok {
			limit = min(limit, high)
		}
		text := strconv.FormatInt(limit, 10)
		specs[name] = &text
		for _, helper := range []string{"_per_gb", "_per_gb_min", "_max"} {
			delete(specs, name+helper)
		}
	}
	return specs
}

// number reads a spec that is one.
func number(specs db.ExtraSpecs, key string) (int64, bool) {
	text := specs[key]
	if text == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(*text, 10, 64)
	return n, err == nil
}
