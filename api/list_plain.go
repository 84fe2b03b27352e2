package api

import (
	"slices"

	"github.com/clinker-io/clinker/db"
)

// page reads the arguments of a list's paging and order.
func (r *Request) page() (db.ListQuery, error) {
	var q db.ListQuery
	var err error
	if q.Limit, err = r.limit(); err != nil {
		return q, err
	}
	q.Marker, _ = r.Query().get("marker")
	if q.Offset, err = offset(r.Query()); err != nil {
		return q, err
	}
	q.Sort, err = sortOf(r.Query())
	return q, err
}

// plainFilters are the arguments besides those of page, for lists that the
// operator's filter file says nothing of. Of a key that comes twice the last counts.
func (r *Request) plainFilters() []param {
	var out []param
	args := r.Query()
	for i, p := range args {
		later := slices.ContainsFunc(args[i+1:], func(o param) bool { return o.key == p.key })
		if !later && !slices.Contains(pagingArgs, p.key) {
			out = append(out, p)
		}
	}
	return out
}
