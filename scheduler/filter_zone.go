package scheduler

import "slices"

// availabilityZoneFilter: a type that names zones decides alone, otherwise the
// wanted zone does.
func availabilityZoneFilter(r *Request) func(*Pool) bool {
	return func(p *Pool) bool {
		if r.TypeAZs != nil {
			return slices.Contains(r.TypeAZs, p.AvailabilityZone)
		}
		return r.AvailabilityZone == "" || r.AvailabilityZone == p.AvailabilityZone
	}
}
