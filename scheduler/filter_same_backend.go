package scheduler

// sameBackendFilter: without a hint any pool will do, with one at least one of
// the named volumes lives in the pool.
func sameBackendFilter(r *Request) func(*Pool) bool {
	hosts := r.hostsOf(r.SameHost)
	return func(p *Pool) bool { return len(r.SameHost) == 0 || hosts[p.Host] }
}

// hostsOf is the set of the pools on which the volumes live.
func (r *Request) hostsOf(ids []string) map[string]bool {
	hosts := make(map[string]bool, len(ids))
	for _, id := range ids {
		if h := r.VolumeHosts[id]; h != "" {
			hosts[h] = true
		}
	}
	return hosts
}
