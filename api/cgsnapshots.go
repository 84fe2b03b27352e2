package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var cgSnapshotCreateSchema = schema.Of(loose("cgsnapshot", `"consistencygroup_id":{"type":"string"},"name":{"type":"string","maxLength":255},
"description":{"type":"string","maxLength":255}`, "consistencygroup_id"))

func cgSnapshotRoutes() []Route {
	const list, one = "/cgsnapshots", "/cgsnapshots/{id}"
	return []Route{
		{Method: http.MethodGet, Path: list, Policy: "group:get_all_group_snapshots", Status: 200, Handle: (*API).listCGSnapshots},
		{Method: http.MethodGet, Path: list + "/detail", Policy: "group:get_all_group_snapshots", Status: 200, Handle: (*API).listCGSnapshotsDetail},
		{Method: http.MethodPost, Path: list, Checks: []string{"group:get", "group:create_group_snapshot", "volume:create_snapshot"},
			Schema: cgSnapshotCreateSchema, Status: 202, Handle: (*API).createCGSnapshot},
		{Method: http.MethodGet, Path: one, Checks: []string{"group:get_group_snapshot"}, Status: 200, Handle: (*API).showCGSnapshot},
		{Method: http.MethodDelete, Path: one, Checks: []string{"group:get_group_snapshot", "group:delete_group_snapshot"},
			Status: 202, Handle: (*API).deleteCGSnapshot},
	}
}

var cgSnapshotFields = append(groupSnapshotStateFields[:len(groupSnapshotStateFields):len(groupSnapshotStateFields)],
	Field[db.GroupSnapshotView]{"consistencygroup_id", 0, anyone, appendGroupID})

func (a *API) listCGSnapshots(r *Request) (Response, error) {
	return a.cgSnapshotPage(r, groupSnapshotSummaryFields)
}

func (a *API) listCGSnapshotsDetail(r *Request) (Response, error) {
	return a.cgSnapshotPage(r, cgSnapshotFields)
}

// cgSnapshotPage lists the group snapshots of both dialects. This list knows
// limit and offset alone, and no limit of 0.
func (a *API) cgSnapshotPage(r *Request, fields []Field[db.GroupSnapshotView]) (Response, error) {
	q := db.ListQuery{Project: r.Identity.ProjectID}
	var err error
	if q.Limit, err = r.limit(); err != nil {
		return Response{}, err
	}
	if q.Limit == 0 {
		q.Limit = a.MaxLimit
	}
	if q.Offset, err = offset(r.Query()); err != nil {
		return Response{}, err
	}
	page, err := a.Store.ListGroupSnapshots(r.Context(), q)
	if err != nil {
		return Response{}, err
	}
	return newView(r, fields, groupSnapshotProject).Many(page.Items, Page{Key: "cgsnapshots"}), nil
}

func (a *API) showCGSnapshot(r *Request) (Response, error) {
	s, err := a.groupSnapshot(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	return newView(r, cgSnapshotFields, groupSnapshotProject).One("cgsnapshot", &s), nil
}

func (a *API) createCGSnapshot(r *Request) (Response, error) {
	var body struct {
		Snapshot struct {
			GroupID     string  `json:"consistencygroup_id"`
			Name        *string `json:"name"`
			Description *string `json:"description"`
		} `json:"cgsnapshot"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	g, err := a.group(r, body.Snapshot.GroupID)
	if err != nil {
		return Response{}, err
	}
	s, err := a.snapshotGroup(r, g, trimmed(body.Snapshot.Name), trimmed(body.Snapshot.Description))
	if err != nil {
		return Response{}, err
	}
	return newView(r, groupSnapshotSummaryFields, groupSnapshotProject).One("cgsnapshot", &s), nil
}

func (a *API) deleteCGSnapshot(r *Request) (Response, error) {
	s, err := a.groupSnapshot(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.dropGroupSnapshot(r, s)
}
