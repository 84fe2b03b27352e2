package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var groupSpecsSchema = schema.Of(schema.Wrap("group_specs", `$extra_specs`))

func groupSpecRoutes() []Route {
	const list, one = "/group_types/{type_id}/group_specs", "/group_types/{type_id}/group_specs/{key}"
	return []Route{
		{Method: http.MethodGet, Path: list, Since: groupTypesSince, Policy: "group:group_types_specs:get_all", Status: 200, Handle: (*API).listGroupSpecs},
		{Method: http.MethodPost, Path: list, Since: groupTypesSince, Policy: "group:group_types_specs:create",
			Schema: groupSpecsSchema, Status: 202, Handle: (*API).createGroupSpecs},
		{Method: http.MethodGet, Path: one, Since: groupTypesSince, Policy: "group:group_types_specs:get", Status: 200, Handle: (*API).showGroupSpec},
		{Method: http.MethodPut, Path: one, Since: groupTypesSince, Policy: "group:group_types_specs:update",
			Schema: oneSpecSchema, Status: 200, Handle: (*API).updateGroupSpec},
		{Method: http.MethodDelete, Path: one, Since: groupTypesSince, Policy: "group:group_types_specs:delete", Status: 202, Handle: (*API).deleteGroupSpec},
	}
}

func groupSpecsJSON(specs db.ExtraSpecs) Response {
	return JSON(func(b []byte) []byte { return append(appendSpecs(append(b, `{"group_specs": `...), specs), '}') })
}

func (a *API) listGroupSpecs(r *Request) (Response, error) {
	t, err := a.groupType(r, r.Param("type_id"))
	return groupSpecsJSON(t.GroupSpecs), err
}

// createGroupSpecs answers with what was sent.
func (a *API) createGroupSpecs(r *Request) (Response, error) {
	t, err := a.groupType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Specs db.ExtraSpecs `json:"group_specs"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	return groupSpecsJSON(body.Specs), a.Store.MergeGroupSpecs(r.Context(), t.ID, body.Specs, "")
}

func (a *API) showGroupSpec(r *Request) (Response, error) {
	t, err := a.groupType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	key := r.Param("key")
	v, ok := t.GroupSpecs[key]
	if !ok {
		return Response{}, db.Errorf(db.NotFound, "Group Type %s has no extra spec with key %s.", r.Param("type_id"), key)
	}
	return JSON(func(b []byte) []byte { return appendSpecs(b, db.ExtraSpecs{key: v}) }), nil
}

func (a *API) updateGroupSpec(r *Request) (Response, error) {
	t, err := a.groupType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	specs, err := decodeSpec(r)
	if err != nil {
		return Response{}, err
	}
	if _, ok := specs[r.Param("key")]; !ok {
		return Response{}, badRequest("Request body and URI mismatch")
	}
	return JSON(func(b []byte) []byte { return appendSpecs(b, specs) }), a.Store.MergeGroupSpecs(r.Context(), t.ID, specs, r.Param("key"))
}

func (a *API) deleteGroupSpec(r *Request) (Response, error) {
	t, err := a.groupType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.RemoveGroupSpec(r.Context(), t.ID, r.Param("key"))
}
