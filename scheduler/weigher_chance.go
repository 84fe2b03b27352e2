package scheduler

import "math/rand/v2"

// chanceWeigher throws dice.
func chanceWeigher(c *Config, _ *Request, pools []*Pool, out []float64) {
	dice := c.Rand
	if dice == nil {
		dice = rand.Float64
	}
	for i := range pools {
		out[i] = dice()
	}
}
