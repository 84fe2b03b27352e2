package scheduler

// volumeNumberWeigher weighs how many volumes there are.
func volumeNumberWeigher(_ *Config, _ *Request, pools []*Pool, out []float64) {
	for i, p := range pools {
		out[i] = float64(p.VolumeCount)
	}
}
