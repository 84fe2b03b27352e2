package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
)

var revertSchema = schema.Of(schema.Wrap("revert", `{"type":"object","properties":{"snapshot_id":{"type":["string","null"]}},"additionalProperties":true}`))

func revertRoutes() []Route {
	return []Route{
		{Method: http.MethodPost, Path: "/volumes/{id}/action", Action: "revert", Since: 40, Checks: []string{"volume:get", "volume:revert_to_snapshot"},
			Schema: revertSchema, Status: 202, Handle: (*API).revertVolume},
	}
}

func (a *API) revertVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume:revert_to_snapshot")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Revert struct {
			SnapshotID *string `json:"snapshot_id"`
		} `json:"revert"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.RevertVolume(r.Context(), r.Actor(), v.ID, body.Revert.SnapshotID)
}
