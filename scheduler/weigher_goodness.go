package scheduler

// goodnessWeigher weighs what the pool's goodness_function says, 0 to 100.
func goodnessWeigher(_ *Config, r *Request, pools []*Pool, out []float64) {
	for i, p := range pools {
		values, _ := r.results(p, "goodness_function")
		out[i] = 0
		for _, v := range values {
			out[i] = max(out[i], goodness(v))
		}
	}
}

// goodness: true is the best, and whatever is out of range the worst.
func goodness(v any) float64 {
	switch v := v.(type) {
	case bool:
		if v {
			return 100
		}
	case float64:
		if v >= 0 && v <= 100 {
			return v
		}
	}
	return 0
}
