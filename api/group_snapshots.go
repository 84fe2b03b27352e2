package api

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var groupSnapshotCreateSchema = schema.Of(schema.Wrap("group_snapshot", schema.Object(
	`"group_id":$uuid,"name":$name_or_null,"description":$description`, "group_id")))

func groupSnapshotRoutes() []Route {
	const list, one = "/group_snapshots", "/group_snapshots/{id}"
	return []Route{
		{Method: http.MethodGet, Path: list, Since: groupSnapshotsSince, Policy: "group:get_all_group_snapshots",
			Status: 200, Handle: (*API).listGroupSnapshots},
		{Method: http.MethodGet, Path: list + "/detail", Since: groupSnapshotsSince, Policy: "group:get_all_group_snapshots",
			Status: 200, Handle: (*API).listGroupSnapshotsDetail},
		{Method: http.MethodPost, Path: list, Since: groupSnapshotsSince, Checks: []string{"group:get", "group:create_group_snapshot", "volume:create_snapshot"},
			Schema: groupSnapshotCreateSchema, Status: 202, Handle: (*API).createGroupSnapshot},
		{Method: http.MethodGet, Path: one, Since: groupSnapshotsSince, Checks: []string{"group:get_group_snapshot"},
			Status: 200, Handle: (*API).showGroupSnapshot},
		{Method: http.MethodDelete, Path: one, Since: groupSnapshotsSince, Checks: []string{"group:get_group_snapshot", "group:delete_group_snapshot"},
			Status: 202, Handle: (*API).deleteGroupSnapshot},
		{Method: http.MethodPost, Path: one + "/action", Action: "reset_status", Since: 19, Checks: []string{"group:get_group_snapshot", "group:reset_group_snapshot_status"},
			Schema: groupResetSchema, Status: 202, Handle: (*API).resetGroupSnapshot},
	}
}

// groupSnapshot finds one that the caller may see and may do these things to.
func (a *API) groupSnapshot(r *Request, id string, rules ...string) (db.GroupSnapshotView, error) {
	s, err := a.Store.ViewGroupSnapshot(r.Context(), schema.CanonicalUUID(id), r.owner())
	for _, rule := range append([]string{"group:get_group_snapshot"}, rules...) {
		if err == nil {
			err = r.Authorize(rule, s.ProjectID)
		}
	}
	return s, err
}

// newGroupSnapshot is groupSnapshot for the newer calls, which leave those of
// the older ones alone.
func (a *API) newGroupSnapshot(r *Request, id string) (db.GroupSnapshotView, error) {
	s, err := a.groupSnapshot(r, id)
	if err == nil && s.Legacy() {
		err = snapshotReservedForCGs(s.GroupTypeID)
	}
	return s, err
}

func snapshotReservedForCGs(typeID string) error {
	return badRequest("Group_type %s is reserved for migrating CGs to groups. Migrated group snapshots can only be operated by CG snapshot APIs.", typeID)
}

// PagesGroupSnapshots: from 3.29 the lists of group snapshots have filters,
// order and paging.
func (m Microversion) PagesGroupSnapshots() bool { return m >= 29 }

var groupSnapshotListSpec = listSpec{resource: "group_snapshot", allTenants: tenantsPresent}

func (a *API) listGroupSnapshots(r *Request) (Response, error) {
	return a.groupSnapshotPage(r, groupSnapshotSummaryFields)
}

func (a *API) listGroupSnapshotsDetail(r *Request) (Response, error) {
	return a.groupSnapshotPage(r, groupSnapshotFields)
}

func (a *API) groupSnapshotPage(r *Request, fields []Field[db.GroupSnapshotView]) (Response, error) {
	q := db.ListQuery{Project: r.Identity.ProjectID, Limit: a.MaxLimit}
	if r.Microversion.PagesGroupSnapshots() {
		var err error
		if q, err = r.listQuery(groupSnapshotListSpec.openUntil(r.Microversion)); err != nil {
			return Response{}, err
		}
	}
	q.Filters = append(q.Filters, db.Filter{Key: db.FilterLegacy, Value: "false"})
	page, err := a.Store.ListGroupSnapshots(r.Context(), q)
	if err != nil {
		return Response{}, err
	}
	around := Page{Key: "group_snapshots", Links: "group_snapshot_links", Collection: "group_snapshots", Limit: q.Limit}
	if n := len(page.Items); n > 0 {
		around.Last = page.Items[n-1].ID
	}
	return newView(r, fields, groupSnapshotProject).Many(page.Items, around), nil
}

func (a *API) showGroupSnapshot(r *Request) (Response, error) {
	s, err := a.newGroupSnapshot(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	return newView(r, groupSnapshotFields, groupSnapshotProject).One("group_snapshot", &s), nil
}

func (a *API) createGroupSnapshot(r *Request) (Response, error) {
	var body struct {
		Snapshot struct {
			GroupID     string  `json:"group_id"`
			Name        *string `json:"name"`
			Description *string `json:"description"`
		} `json:"group_snapshot"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	g, err := a.group(r, body.Snapshot.GroupID)
	if err != nil {
		return Response{}, err
	}
	if g.Legacy() {
		return Response{}, snapshotReservedForCGs(g.GroupTypeID)
	}
	s, err := a.snapshotGroup(r, g, body.Snapshot.Name, body.Snapshot.Description)
	if err != nil {
		return Response{}, err
	}
	return newView(r, groupSnapshotCreatedFields, groupSnapshotProject).One("group_snapshot", &s), nil
}

// snapshotGroup is the part of a create that both dialects share.
func (a *API) snapshotGroup(r *Request, g db.GroupView, name, description *string) (db.GroupSnapshotView, error) {
	for _, rule := range []string{"group:create_group_snapshot", "volume:create_snapshot"} {
		if err := r.Authorize(rule, g.ProjectID); err != nil {
			return db.GroupSnapshotView{}, err
		}
	}
	s, err := a.Store.CreateGroupSnapshot(r.Context(), r.Actor(), db.NewGroupSnapshot{ID: uuid.NewString(), GroupID: g.ID, Name: name, Description: description})
	return db.GroupSnapshotView{GroupSnapshot: s, TypeName: g.TypeName}, err
}

func (a *API) deleteGroupSnapshot(r *Request) (Response, error) {
	s, err := a.newGroupSnapshot(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.dropGroupSnapshot(r, s)
}

func (a *API) dropGroupSnapshot(r *Request, s db.GroupSnapshotView) error {
	if err := r.Authorize("group:delete_group_snapshot", s.ProjectID); err != nil {
		return err
	}
	return a.Store.DeleteGroupSnapshot(r.Context(), r.Actor(), s.ID)
}

func (a *API) resetGroupSnapshot(r *Request) (Response, error) {
	status, err := resetBody(r, "Invalid GroupSnapshot Status", "Group snapshot status: %s is invalid, valid statuses are", groupSnapshotStatuses)
	if err != nil {
		return Response{}, err
	}
	s, err := a.groupSnapshot(r, r.Param("id"), "group:reset_group_snapshot_status")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.ResetGroupSnapshot(r.Context(), s.ID, status)
}
