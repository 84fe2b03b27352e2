package scheduler

import (
	"slices"

	"github.com/clinker-io/clinker/scheduler/expr"
)

// driverFilter: the filter_function that the pool reports holds, or it reports
// none. An error in it fails the pool.
func driverFilter(r *Request) func(*Pool) bool {
	return func(p *Pool) bool {
		values, set := r.results(p, "filter_function")
		return !set || slices.ContainsFunc(values, expr.Truth)
	}
}
