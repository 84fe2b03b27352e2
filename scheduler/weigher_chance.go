package scheduler

// chanceWeigher throws dice.
func chanceWeigher(c *Config, _ *Request, pools []*Pool, out []float64) {
	dice := c.dice()
	for i := range pools {
		out[i] = dice()
	}
}
