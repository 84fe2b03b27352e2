package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	specsSchema   = schema.Of(schema.Wrap("extra_specs", `$extra_specs`))
	oneSpecSchema = schema.Of(`{"type":"object","patternProperties":{"^[a-zA-Z0-9-_:.]{1,255}$":{"type":["string","null"],"maxLength":255}},
"additionalProperties":false,"minProperties":1,"maxProperties":1}`)
)

func typeSpecRoutes() []Route {
	const list, one = "/types/{type_id}/extra_specs", "/types/{type_id}/extra_specs/{key}"
	return []Route{
		{Method: http.MethodGet, Path: list, Policy: "volume_extension:types_extra_specs:index", Status: 200, Handle: (*API).listSpecs},
		{Method: http.MethodPost, Path: list, Policy: "volume_extension:types_extra_specs:create", Schema: specsSchema, Status: 200, Handle: (*API).createSpecs},
		{Method: http.MethodGet, Path: one, Policy: "volume_extension:types_extra_specs:show", Status: 200, Handle: (*API).showSpec},
		{Method: http.MethodPut, Path: one, Policy: "volume_extension:types_extra_specs:update", Schema: oneSpecSchema, Status: 200, Handle: (*API).updateSpec},
		{Method: http.MethodDelete, Path: one, Policy: "volume_extension:types_extra_specs:delete", Status: 202, Handle: (*API).deleteSpec},
	}
}

func (a *API) listSpecs(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	return specsJSON(visibleSpecs(r, &t)), nil
}

func specsJSON(specs db.ExtraSpecs) Response {
	return JSON(func(b []byte) []byte { return append(appendSpecs(append(b, `{"extra_specs": `...), specs), '}') })
}

// createSpecs answers with what was sent.
func (a *API) createSpecs(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	specs, err := decodeSpecs(r)
	if err != nil {
		return Response{}, err
	}
	_, err = a.Store.MergeExtraSpecs(r.Context(), t.ID, specs)
	return specsJSON(specs), err
}

func noSpec(id, key string) error {
	return db.Errorf(db.NotFound, "Volume Type %s has no extra specs with key %s.", id, key)
}

func (a *API) showSpec(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	key := r.Param("key")
	v, ok := visibleSpecs(r, &t)[key]
	if !ok {
		return Response{}, noSpec(t.ID, key)
	}
	return JSON(func(b []byte) []byte { return appendSpecs(b, db.ExtraSpecs{key: v}) }), nil
}

func (a *API) updateSpec(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("type_id"))
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
	_, err = a.Store.MergeExtraSpecs(r.Context(), t.ID, specs)
	return JSON(func(b []byte) []byte { return appendSpecs(b, specs) }), err
}

func (a *API) deleteSpec(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	if _, ok := t.ExtraSpecs[r.Param("key")]; !ok {
		return Response{}, noSpec(t.ID, r.Param("key"))
	}
	return Response{}, a.Store.RemoveExtraSpec(r.Context(), t.ID, r.Param("key"))
}
