package api

import (
	"encoding/json"
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

// specsToChange finds a type whose specs may change: no volume has it.
func (a *API) specsToChange(r *Request) (db.VolumeType, error) {
	t, err := a.volumeType(r, r.Param("type_id"))
	if err != nil {
		return t, err
	}
	used, err := a.Store.TypeHasVolumes(r.Context(), t.ID)
	if used {
		err = badRequest("Volume Type is currently in use.")
	}
	return t, err
}

// createSpecs answers with what was sent.
func (a *API) createSpecs(r *Request) (Response, error) {
	t, err := a.specsToChange(r)
	if err != nil {
		return Response{}, err
	}
	specs, err := decodeSpecs(r)
	if err != nil {
		return Response{}, err
	}
	if cachesShared(specs, t.ExtraSpecs) {
		return Response{}, badRequest("cacheable cannot be set with multiattach.")
	}
	_, err = a.Store.MergeExtraSpecs(r.Context(), t.ID, specs, "")
	return specsJSON(specs), err
}

// cachesShared reports whether the specs would let hosts cache a volume that
// several of them write to.
func cachesShared(added, old db.ExtraSpecs) bool {
	yes := func(specs db.ExtraSpecs, key string) bool { return specs[key] != nil && *specs[key] == "<is> True" }
	multi, cache := yes(added, "multiattach"), yes(added, "cacheable")
	return multi && (cache || yes(old, "cacheable")) || cache && yes(old, "multiattach")
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
	t, err := a.specsToChange(r)
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
	_, err = a.Store.MergeExtraSpecs(r.Context(), t.ID, specs, r.Param("key"))
	return JSON(func(b []byte) []byte { return appendSpecs(b, specs) }), err
}

func (a *API) deleteSpec(r *Request) (Response, error) {
	t, err := a.specsToChange(r)
	if err != nil {
		return Response{}, err
	}
	if _, ok := t.ExtraSpecs[r.Param("key")]; !ok {
		return Response{}, noSpec(t.ID, r.Param("key"))
	}
	return Response{}, a.Store.RemoveExtraSpec(r.Context(), t.ID, r.Param("key"))
}

// rawSpecs is the part of a body that is specs; it is echoed.
type rawSpecs struct {
	Specs db.ExtraSpecs `json:"extra_specs"`
}

func decodeSpecs(r *Request) (db.ExtraSpecs, error) {
	var body rawSpecs
	err := r.Decode(&body)
	return body.Specs, err
}

func decodeSpec(r *Request) (db.ExtraSpecs, error) {
	var specs db.ExtraSpecs
	if err := json.Unmarshal(r.Body, &specs); err != nil {
		return nil, errMalformed
	}
	return specs, nil
}
