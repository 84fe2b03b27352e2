package scheduler

// capacityFilter: the pool has room for the size, over-subscription included.
func capacityFilter(r *Request) func(*Pool) bool {
	size, wantsThin := float64(r.SizeGiB), !r.thick()
	return func(p *Pool) bool { return r.ExistsOn != "" && p.Host == r.ExistsOn || hasRoom(p, size, wantsThin) }
}

func hasRoom(p *Pool, size float64, wantsThin bool) bool {
	switch {
	case size == 0: // a volume is taken over: its bytes are there already
		return true
	case p.FreeGiB.Kind == Unreported:
		return false
	case p.FreeGiB.vague(): // may have room; a retry finds another pool if it has not
		return true
	case p.TotalGiB.vague(): // a share of it cannot be kept back
		return p.ReservedPercentage == 0
	case p.TotalGiB.GiB <= 0:
		return false
	}
	f := p.factors(wantsThin)
	if f.thin {
		ratio := p.overSubscription()
		if ratio < 1 {
			return false
		}
		// available holds the ratio already, so that this refuses only what
		// exceeds its square; it is Cinder's, and the next line decides.
		if f.available > 0 && (p.ProvisionedGiB+size)/f.available > ratio {
			return false
		}
	}
	return f.virtualFree >= size
}
