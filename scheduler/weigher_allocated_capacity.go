package scheduler

// allocatedCapacityWeigher weighs what has been given out, in GiB.
func allocatedCapacityWeigher(_ *Config, _ *Request, pools []*Pool, out []float64) {
	for i, p := range pools {
		out[i] = p.AllocatedGiB
	}
}
