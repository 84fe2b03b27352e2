package scheduler

import "slices"

// retryFilter: not where it has failed already.
func retryFilter(r *Request) func(*Pool) bool {
	return func(p *Pool) bool { return !slices.Contains(r.Exclude, p.Host) }
}
