package scheduler

// A pool that cannot tell its capacity is the last to be taken: the least free
// when the most free is wanted, and beyond all others when the least free is.
const (
	vagueWeight     = -1
	vagueSpread     = 100
	vagueWithoutOne = 10000
)

// capacityWeigher prefers the most virtual free room; with a negative
// multiplier it stacks instead of spreading.
func capacityWeigher(c *Config, r *Request, pools []*Pool, out []float64) {
	var known []float64
	wantsThin := !r.thick()
	for i, p := range pools {
		out[i] = vagueWeight
		if !p.vague() {
			out[i] = p.factors(wantsThin).virtualFree
			known = append(known, out[i])
		}
	}
	if c.CapacityWeightMultiplier >= 0 || len(known) == len(pools) {
		return
	}
	low, high := bounds(known)
	beyond := high + vagueSpread*(high-low)
	if high == low {
		beyond = high + vagueWithoutOne
	}
	for i, p := range pools {
		if p.vague() {
			out[i] = beyond
		}
	}
}

func (p *Pool) vague() bool { return p.FreeGiB.vague() || p.TotalGiB.vague() }
