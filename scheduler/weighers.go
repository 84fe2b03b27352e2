package scheduler

// weigher gives every pool a number; out has one place for each pool.
type weigher func(c *Config, r *Request, pools []*Pool, out []float64)

type weighing struct {
	weigh      weigher
	multiplier func(c *Config) float64
}

// weighers are the values that the option scheduler_default_weighers may list.
var weighers = map[string]weighing{
	"CapacityWeigher":          {capacityWeigher, func(c *Config) float64 { return c.CapacityWeightMultiplier }},
	"AllocatedCapacityWeigher": {allocatedCapacityWeigher, func(c *Config) float64 { return c.AllocatedCapacityWeightMultiplier }},
	"VolumeNumberWeigher":      {volumeNumberWeigher, func(c *Config) float64 { return c.VolumeNumberMultiplier }},
	"GoodnessWeigher":          {goodnessWeigher, func(*Config) float64 { return 1 }},
	"ChanceWeigher":            {chanceWeigher, func(*Config) float64 { return 1 }},
}

var defaultWeighers = []string{"CapacityWeigher"}

// score adds up what the weighers say, each multiplied; stretched to 0..1 before
// unless raw.
func score(c *Config, r *Request, pools []*Pool, ws []weighing, raw bool) []float64 {
	total, one := make([]float64, len(pools)), make([]float64, len(pools))
	for _, w := range ws {
		w.weigh(c, r, pools, one)
		if !raw {
			normalise(one)
		}
		for i, x := range one {
			total[i] += w.multiplier(c) * x
		}
	}
	return total
}

// normalise stretches weights to 0..1; weights that are all equal become 0.
func normalise(w []float64) {
	low, high := bounds(w)
	for i := range w {
		if high > low {
			w[i] = (w[i] - low) / (high - low)
		} else {
			w[i] = 0
		}
	}
}

func bounds(w []float64) (low, high float64) {
	for i, x := range w {
		if i == 0 || x < low {
			low = x
		}
		if i == 0 || x > high {
			high = x
		}
	}
	return low, high
}
