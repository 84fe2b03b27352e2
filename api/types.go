package api

import (
	"net/http"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	typeCreateSchema = schema.Of(schema.Wrap("volume_type", schema.Object(`"name":$name,"description":$description,
"extra_specs":{"type":"object","patternProperties":{"^[a-zA-Z0-9-_:. /]{1,255}$":{"type":["string","null"],"maxLength":255}},"additionalProperties":false},
"os-volume-type-access:is_public":$boolean`, "name")))
	typeUpdateSchema = schema.Of(schema.Wrap("volume_type", schema.Object(`"name":$update_name,
"description":$description,"is_public":$boolean`)))
)

func typeRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/types", Policy: "volume_extension:type_get_all", Status: 200, Handle: (*API).listTypes},
		{Method: http.MethodPost, Path: "/types", Policy: "volume_extension:type_create", Schema: typeCreateSchema, Status: 200, Handle: (*API).createType},
		{Method: http.MethodGet, Path: "/types/{id}", Policy: "volume_extension:type_get", Status: 200, Handle: (*API).showType},
		{Method: http.MethodPut, Path: "/types/{id}", Policy: "volume_extension:type_update", Schema: typeUpdateSchema, Status: 200, Handle: (*API).updateType},
		{Method: http.MethodDelete, Path: "/types/{id}", Policy: "volume_extension:type_delete", Status: 202, Handle: (*API).deleteType},
	}
}

// volumeType finds one by id.
func (a *API) volumeType(r *Request, id string) (db.VolumeType, error) {
	if !schema.IsUUID(id) {
		return db.VolumeType{}, db.Errorf(db.NotFound, "Volume type %s could not be found.", id)
	}
	return a.Store.FindVolumeType(r.Context(), schema.CanonicalUUID(id), r.Identity.ProjectID, r.IsAdmin())
}

// showType knows the word default for the project's default type.
func (a *API) showType(r *Request) (Response, error) {
	var t db.VolumeType
	var err error
	if id := r.Param("id"); id == "default" {
		t, err = a.Store.DefaultVolumeType(r.Context(), r.Identity.ProjectID, a.DefaultVolumeType)
		if db.IsKind(err, db.NotFound) {
			err = &Fault{Status: http.StatusInternalServerError} // here upstream does not say why
		}
	} else {
		t, err = a.volumeType(r, id)
	}
	if err != nil {
		return Response{}, err
	}
	return newView(r, typeFields, nil).One("volume_type", &t), nil
}

func (a *API) createType(r *Request) (Response, error) {
	var body struct {
		Type struct {
			Name        string        `json:"name"`
			Description *string       `json:"description"`
			Specs       db.ExtraSpecs `json:"extra_specs"`
			Public      *schema.Bool  `json:"os-volume-type-access:is_public"`
		} `json:"volume_type"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Type
	t, err := a.Store.CreateVolumeType(r.Context(), b.Name, b.Description, b.Public == nil || bool(*b.Public), b.Specs)
	if err != nil {
		return Response{}, err
	}
	return newView(r, typeCreatedFields, nil).One("volume_type", &t), nil
}

func (a *API) updateType(r *Request) (Response, error) {
	var body struct {
		Type struct {
			Name        *string      `json:"name"`
			Description *string      `json:"description"`
			Public      *schema.Bool `json:"is_public"`
		} `json:"volume_type"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Type
	switch {
	case b.Name != nil && strings.TrimSpace(*b.Name) == "":
		return Response{}, badRequest("Volume type name can not be empty.")
	case b.Name == nil && b.Description == nil && b.Public == nil:
		return Response{}, badRequest("Specify volume type name, description, is_public or a combination thereof.")
	}
	t, err := a.volumeType(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	u := db.TypeText{Name: b.Name, Public: (*bool)(b.Public)}
	if b.Description != nil {
		u.Description = &b.Description
	}
	if t, err = a.Store.UpdateVolumeType(r.Context(), t.ID, u); err != nil {
		return Response{}, err
	}
	return newView(r, typeUpdatedFields, nil).One("volume_type", &t), nil
}

func (a *API) deleteType(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	// Without a default no type may go.
	d, err := a.Store.FindVolumeType(r.Context(), a.DefaultVolumeType, "", true)
	if db.IsKind(err, db.NotFound) {
		err = a.noDefaultType()
	}
	if err != nil {
		return Response{}, err
	}
	if t.ID == d.ID {
		return Response{}, badRequest("The volume type %s is a default volume type and cannot be deleted.", t.ID)
	}
	return Response{}, a.Store.DeleteVolumeType(r.Context(), t.ID)
}
