package api

import (
	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

func (a *API) listTransfers(r *Request) (Response, error) {
	return a.transferPage(r, r.Microversion.PagesTransfers(), transferSummaryFields)
}

func (a *API) listTransfersDetail(r *Request) (Response, error) {
	return a.transferPage(r, r.Microversion.PagesTransfers(), transferFields)
}

func (a *API) listOldTransfers(r *Request) (Response, error) {
	return a.transferPage(r, false, transferSummaryFields)
}

func (a *API) listOldTransfersDetail(r *Request) (Response, error) {
	return a.transferPage(r, false, transferFields)
}

// oldestFirst is the order before there was a choice.
var oldestFirst = []db.Sort{{Key: "created_at"}, {Key: "id"}}

// transferPage: where the list has no order of its own, a limit of 0 is none. A
// marker counts there too, other than upstream: links lead to that path, and who
// follows them would never come to an end.
func (a *API) transferPage(r *Request, paged bool, fields []Field[db.Transfer]) (Response, error) {
	q, err := r.transferQuery(paged)
	if err != nil {
		return Response{}, err
	}
	page, err := a.Store.ListTransfers(r.Context(), q)
	if err != nil {
		return Response{}, err
	}
	around := pageOf("transfers", "os-volume-transfer", q, page)
	if n := len(page.Items); n > 0 {
		around.Last = page.Items[n-1].ID
	}
	return newView(r, fields, nil).Many(page.Items, around), nil
}

func (r *Request) transferQuery(paged bool) (db.ListQuery, error) {
	q := db.ListQuery{Sort: oldestFirst}
	var err error
	if paged {
		if q, err = r.page(); err != nil {
			return q, err
		}
	} else {
		if q.Limit, err = r.limit(); err != nil {
			return q, err
		}
		if q.Limit == 0 {
			q.Limit = r.api.MaxLimit
		}
		if q.Offset, err = offset(r.Query()); err != nil {
			return q, err
		}
		q.Marker, _ = r.Query().get("marker")
	}
	q.Project = r.Identity.ProjectID
	for _, f := range r.plainFilters() {
		if f.key == "all_tenants" {
			if all, _ := schema.ParseBool(f.value); all && r.IsAdmin() {
				q.Project = ""
			}
			continue
		}
		q.Filters = append(q.Filters, transferFilter(f))
	}
	return q, nil
}

// transferFilter: a boolean may be any word for it.
func transferFilter(f param) db.Filter {
	if f.key == "no_snapshots" || f.key == "accepted" {
		v, ok := schema.ParseBool(f.value)
		return db.Filter{Key: f.key, Value: word(v && ok, "true", "false")}
	}
	return db.Filter{Key: f.key, Value: f.value}
}
