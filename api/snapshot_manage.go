package api

import (
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	snapshotManageSchema = schema.Of(schema.Wrap("snapshot", schema.Object(`"description":$description,"metadata":$metadata_or_null,
"name":$name_or_null,"volume_id":$uuid,"ref":{"type":["object","null","string"]}`, "ref", "volume_id")))
	snapshotReportSchema = schema.Of(schema.Wrap("os-update_snapshot_status",
		schema.Object(`"status":{"type":"string"},"progress":{"type":["string","null"],"format":"progress"}`, "status")))
)

func snapshotManageRoutes() []Route {
	const list, manage, actions = "snapshot_extension:list_manageable", "snapshot_extension:snapshot_manage", "/snapshots/{id}/action"
	get := func(path string, since Microversion, handle func(*API, *Request) (Response, error)) Route {
		return Route{Method: http.MethodGet, Path: path, Since: since, Policy: list, Status: 200, Handle: handle}
	}
	checks := []string{"volume:get", manage, "volume:create_snapshot"}
	return []Route{
		get("/os-snapshot-manage", 0, (*API).listManageableSnapshots),
		get("/os-snapshot-manage/detail", 0, (*API).listManageableSnapshotsDetail),
		get("/manageable_snapshots", 8, (*API).listManageableSnapshots),
		get("/manageable_snapshots/detail", 8, (*API).listManageableSnapshotsDetail),
		{Method: http.MethodPost, Path: "/os-snapshot-manage", Checks: checks, Schema: snapshotManageSchema, Status: 202, Handle: (*API).manageSnapshot},
		{Method: http.MethodPost, Path: "/manageable_snapshots", Since: 8, SchemaFirst: true, Checks: checks, Schema: snapshotManageSchema, Status: 202,
			Handle: (*API).manageSnapshot},
		{Method: http.MethodPost, Path: actions, Action: "os-unmanage", Schema: unmanageSchema, Status: 202,
			Checks: []string{"volume:get_snapshot", "snapshot_extension:snapshot_unmanage", "volume:delete_snapshot"}, Handle: (*API).unmanageSnapshot},
		{Method: http.MethodPost, Path: actions, Action: "os-update_snapshot_status", Schema: snapshotReportSchema, Status: 202,
			Checks: []string{"snapshot_extension:snapshot_actions:update_snapshot_status"}, Handle: (*API).reportSnapshot},
	}
}

func (a *API) manageSnapshot(r *Request) (Response, error) {
	var body struct {
		Snapshot struct {
			VolumeID    string          `json:"volume_id"`
			Ref         json.RawMessage `json:"ref"`
			Name        *string         `json:"name"`
			Description *string         `json:"description"`
			Metadata    db.Metadata     `json:"metadata"`
		}
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Snapshot
	ref, err := referenceOf(b.Ref)
	if err != nil {
		return Response{}, err
	}
	v, err := a.volume(r, b.VolumeID, "snapshot_extension:snapshot_manage")
	if err != nil {
		return Response{}, err
	}
	if v.Host == nil {
		return Response{}, badRequest("Invalid volume: The snapshot cannot be created because volume has not been scheduled to any host.")
	}
	if _, err := a.managingService(r, *v.Host, ""); err != nil {
		return Response{}, err
	}
	if err := r.Authorize("volume:create_snapshot", v.ProjectID); err != nil {
		return Response{}, err
	}
	s, err := a.Store.CreateSnapshot(r.Context(), r.Actor(), db.NewSnapshot{ID: uuid.NewString(), VolumeID: v.ID, Name: b.Name,
		Description: b.Description, Metadata: b.Metadata, AllowInUse: true, Ref: ref})
	if err != nil {
		return Response{}, err
	}
	return newView(r, snapshotAnswerFields, snapshotProject).One("snapshot", &s), nil
}

func (a *API) unmanageSnapshot(r *Request) (Response, error) {
	s, err := a.snapshot(r, r.Param("id"), "snapshot_extension:snapshot_unmanage", "volume:delete_snapshot")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.UnmanageSnapshot(r.Context(), r.Actor(), s.ID)
}

// reportSnapshot is how whoever makes or removes a snapshot outside of the
// service says how far that is.
func (a *API) reportSnapshot(r *Request) (Response, error) {
	s, err := a.Store.ViewSnapshot(r.Context(), schema.CanonicalUUID(r.Param("id")), r.owner())
	if err != nil {
		return Response{}, err
	}
	if err := r.Authorize("snapshot_extension:snapshot_actions:update_snapshot_status", s.ProjectID); err != nil {
		return Response{}, err
	}
	var body struct {
		Report struct {
			Status   string  `json:"status"`
			Progress *string `json:"progress"`
		} `json:"os-update_snapshot_status"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	progress := body.Report.Progress
	if !filled(progress) {
		progress = nil
	}
	return Response{}, a.Store.ReportSnapshot(r.Context(), s, body.Report.Status, progress)
}
