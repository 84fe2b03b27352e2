package scheduler

import "github.com/google/uuid"

// differentBackendFilter: none of the named volumes lives in the pool. A name
// that is no UUID fails every pool: what was meant is not known, so nothing
// can be kept apart from it.
func differentBackendFilter(r *Request) func(*Pool) bool {
	for _, id := range r.DifferentHost {
		if uuid.Validate(id) != nil {
			return func(*Pool) bool { return false }
		}
	}
	hosts := r.hostsOf(r.DifferentHost)
	return func(p *Pool) bool { return !hosts[p.Host] }
}
