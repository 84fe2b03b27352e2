package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	snapshotCreateSchema = schema.Of(schema.Wrap("snapshot", schema.Object(`"name":$name_or_null,"display_name":$name_or_null,
"description":$description,"volume_id":$uuid_or_null,"force":$boolean,"metadata":$metadata_or_null`, "volume_id")))
	snapshotUpdateSchema = schema.Of(schema.Wrap("snapshot", `{"type":"object","properties":{"name":$name_or_null,"description":$description,
"display_name":$name_or_null,"display_description":$description},"additionalProperties":false,
"anyOf":[{"required":["name"]},{"required":["description"]},{"required":["display_name"]},{"required":["display_description"]}]}`))
	snapshotResetSchema = schema.Of(schema.Wrap("os-reset_status", schema.Object(`"status":{"type":"string"}`, "status")))
	snapshotForceSchema = schema.Of(schema.Wrap("os-force_delete", `{}`))
)

func snapshotRoutes() []Route {
	const actions = "/snapshots/{id}/action"
	return []Route{
		{Method: http.MethodGet, Path: "/snapshots", Policy: "volume:get_all_snapshots", Status: 200, Handle: (*API).listSnapshots},
		{Method: http.MethodGet, Path: "/snapshots/detail", Policy: "volume:get_all_snapshots", Status: 200, Handle: (*API).listSnapshotsDetail},
		{Method: http.MethodPost, Path: "/snapshots", Checks: []string{"volume:get", "volume:create_snapshot"}, Schema: snapshotCreateSchema, Status: 202, Handle: (*API).createSnapshot},
		{Method: http.MethodGet, Path: "/snapshots/{id}", Checks: []string{"volume:get_snapshot"}, Status: 200, Handle: (*API).showSnapshot},
		{Method: http.MethodPut, Path: "/snapshots/{id}", Checks: []string{"volume:get_snapshot", "volume:update_snapshot"}, Schema: snapshotUpdateSchema, Status: 200, Handle: (*API).updateSnapshot},
		{Method: http.MethodDelete, Path: "/snapshots/{id}", Checks: []string{"volume:get_snapshot", "volume:delete_snapshot"}, Status: 202, Handle: (*API).deleteSnapshot},
		{Method: http.MethodPost, Path: actions, Action: "os-reset_status", Schema: snapshotResetSchema, Status: 202,
			Checks: []string{"volume:get_snapshot", "volume_extension:snapshot_admin_actions:reset_status"}, Handle: (*API).resetSnapshot},
		{Method: http.MethodPost, Path: actions, Action: "os-force_delete", Schema: snapshotForceSchema, Status: 202,
			Checks: []string{"volume:get_snapshot", "volume_extension:snapshot_admin_actions:force_delete", "volume:delete_snapshot"}, Handle: (*API).forceDeleteSnapshot},
		{Method: http.MethodGet, Path: "/snapshots/{id}/metadata", Checks: []string{"volume:get_snapshot", "volume:get_snapshot_metadata"}, Status: 200, Handle: (*API).listSnapshotMetadata},
		{Method: http.MethodPost, Path: "/snapshots/{id}/metadata", Checks: []string{"volume:get_snapshot", "volume:update_snapshot_metadata"}, Schema: metadataSchema, Status: 200, Handle: (*API).mergeSnapshotMetadata},
		{Method: http.MethodPut, Path: "/snapshots/{id}/metadata", Checks: []string{"volume:get_snapshot", "volume:update_snapshot_metadata"}, Schema: metadataSchema, Status: 200, Handle: (*API).replaceSnapshotMetadata},
		{Method: http.MethodGet, Path: "/snapshots/{id}/metadata/{key}", Checks: []string{"volume:get_snapshot", "volume:get_snapshot_metadata"}, Status: 200, Handle: (*API).showSnapshotMetadata},
		{Method: http.MethodPut, Path: "/snapshots/{id}/metadata/{key}", Checks: []string{"volume:get_snapshot", "volume:update_snapshot_metadata"}, Schema: metadataOneSchema, Status: 200, Handle: (*API).setSnapshotMetadata},
		{Method: http.MethodDelete, Path: "/snapshots/{id}/metadata/{key}", Checks: []string{"volume:get_snapshot", "volume:get_snapshot_metadata", "volume:delete_snapshot_metadata"}, Status: 200, Handle: (*API).removeSnapshotMetadata},
	}
}

// snapshot finds one that the caller may see and may do these things to.
func (a *API) snapshot(r *Request, id string, rules ...string) (db.Snapshot, error) {
	s, err := a.Store.ViewSnapshot(r.Context(), schema.CanonicalUUID(id), r.owner())
	for _, rule := range append([]string{"volume:get_snapshot"}, rules...) {
		if err == nil {
			err = r.authorizeOn(rule, s.ProjectID, s.UserID)
		}
	}
	return s, err
}

var snapshotListSpec = &listSpec{
	resource:   "snapshot",
	since:      map[string]Microversion{"metadata": 22, "consumes_quota": 65},
	bools:      []string{"consumes_quota"},
	maps:       []string{"metadata"},
	allTenants: tenantsLoose,
}

func (a *API) listSnapshots(r *Request) (Response, error) {
	return a.snapshotPage(r, snapshotSummaryFields, "snapshots")
}

func (a *API) listSnapshotsDetail(r *Request) (Response, error) {
	return a.snapshotPage(r, snapshotFields, "snapshots/detail")
}

func (a *API) snapshotPage(r *Request, fields []Field[db.Snapshot], collection string) (Response, error) {
	q, err := r.listQuery(snapshotListSpec)
	if err != nil {
		return Response{}, err
	}
	if !r.Microversion.SortsSnapshotsByName() && slices.ContainsFunc(q.Sort, func(s db.Sort) bool { return s.Key == "name" }) {
		return Response{}, badRequest("Invalid input received: Invalid sort key")
	}
	page, err := a.Store.ListSnapshots(r.Context(), q)
	if err != nil {
		return Response{}, err
	}
	around := pageOf("snapshots", collection, q, page)
	if n := len(page.Items); n > 0 {
		around.Last = page.Items[n-1].ID
	}
	return newView(r, fields, snapshotProject).Many(page.Items, around), nil
}

func (a *API) showSnapshot(r *Request) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	return newView(r, snapshotFields, snapshotProject).One("snapshot", &s), nil
}

func (a *API) createSnapshot(r *Request) (Response, error) {
	var body struct {
		Snapshot struct {
			Name        *string      `json:"name"`
			DisplayName *string      `json:"display_name"`
			Description *string      `json:"description"`
			VolumeID    *string      `json:"volume_id"`
			Force       *schema.Bool `json:"force"`
			Metadata    db.Metadata  `json:"metadata"`
		} `json:"snapshot"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Snapshot
	if b.VolumeID == nil {
		return Response{}, db.Errorf(db.NotFound, "Volume None could not be found.")
	}
	v, err := a.volume(r, *b.VolumeID, "volume:create_snapshot")
	if err != nil {
		return Response{}, err
	}
	force := b.Force != nil && bool(*b.Force)
	if r.Microversion.SnapshotsInUse() {
		if b.Force != nil && !force {
			return Response{}, badRequest("Since microversion 3.66 the 'force' flag is invalid for this request.  " +
				"For backward compatability, however, when the 'force' flag is passed with a value evaluating to True, it is silently ignored.")
		}
		force = true
	}
	s, err := a.Store.CreateSnapshot(r.Context(), r.Actor(), db.NewSnapshot{ID: uuid.NewString(), VolumeID: v.ID, Name: trimmed(first(b.Name, b.DisplayName)),
		Description: trimmed(b.Description), Metadata: b.Metadata, AllowInUse: force})
	if err != nil {
		return Response{}, err
	}
	return newView(r, snapshotAnswerFields, snapshotProject).One("snapshot", &s), nil
}

func trimmed(s *string) *string {
	if s == nil {
		return nil
	}
	t := strings.TrimSpace(*s)
	return &t
}

func (a *API) updateSnapshot(r *Request) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"), "volume:update_snapshot")
	if err != nil {
		return Response{}, err
	}
	var body struct{ Snapshot textBody }
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	if err := a.Store.UpdateSnapshot(r.Context(), s.ID, body.Snapshot.change()); err != nil {
		return Response{}, err
	}
	if s, err = a.snapshot(r, s.ID); err != nil {
		return Response{}, err
	}
	return newView(r, snapshotAnswerFields, snapshotProject).One("snapshot", &s), nil
}

func (a *API) deleteSnapshot(r *Request) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"), "volume:delete_snapshot")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.DeleteSnapshot(r.Context(), r.Actor(), s.ID, false)
}

func (a *API) forceDeleteSnapshot(r *Request) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"), "volume_extension:snapshot_admin_actions:force_delete", "volume:delete_snapshot")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.DeleteSnapshot(r.Context(), r.Actor(), s.ID, true)
}

var snapshotResetStatuses = []string{"creating", "available", "deleting", "error", "error_deleting", "updating", "unmanaging", "backing-up", "restoring", "deleted"}

func (a *API) resetSnapshot(r *Request) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"), "volume_extension:snapshot_admin_actions:reset_status")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Reset struct{ Status string } `json:"os-reset_status"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	status := strings.ToLower(body.Reset.Status)
	if !slices.Contains(snapshotResetStatuses, status) {
		return Response{}, badRequest("Snapshot status: %s is invalid, valid statuses are: %s.", body.Reset.Status, joined(snapshotResetStatuses))
	}
	return Response{}, a.Store.ResetSnapshot(r.Context(), s.ID, status)
}
