package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var defaultTypeSchema = schema.Of(schema.Wrap("default_type", schema.Object(`"volume_type":$name`, "volume_type")))

func defaultTypeRoutes() []Route {
	const one = "/default-types/{id}"
	rule := func(verb string) []string { return []string{"volume_extension:default_" + verb} }
	return []Route{
		{Method: http.MethodGet, Path: "/default-types", Since: 62, Checks: rule("get_all"), Status: 200, Handle: (*API).listDefaultTypes},
		{Method: http.MethodGet, Path: one, Since: 62, Checks: rule("get"), Status: 200, Handle: (*API).showDefaultType},
		{Method: http.MethodPut, Path: one, Since: 62, Checks: rule("set_or_update"), Schema: defaultTypeSchema, Status: 200, Handle: (*API).setDefaultType},
		{Method: http.MethodDelete, Path: one, Since: 62, Checks: rule("unset"), Status: 204, Handle: (*API).unsetDefaultType},
	}
}

var defaultTypeFields = []Field[db.DefaultVolumeType]{
	{"project_id", 62, anyone, func(b []byte, _ *Request, d *db.DefaultVolumeType) []byte { return appendString(b, d.ProjectID) }},
	{"volume_type_id", 62, anyone, func(b []byte, _ *Request, d *db.DefaultVolumeType) []byte { return appendString(b, d.VolumeTypeID) }},
}

// mayDefault asks a rule about a project's default; these calls refuse in words
// of their own.
func (r *Request) mayDefault(rule, project string) error {
	if r.Allowed(rule, project) {
		return nil
	}
	return db.Errorf(db.Forbidden, "You are not authorized to perform this operation.")
}

func (a *API) listDefaultTypes(r *Request) (Response, error) {
	if err := r.mayDefault("volume_extension:default_get_all", r.Identity.ProjectID); err != nil {
		return Response{}, err
	}
	all, err := a.Store.DefaultTypes(r.Context())
	if err != nil {
		return Response{}, err
	}
	return newView(r, defaultTypeFields, nil).Many(all, Page{Key: "default_types"}), nil
}

func (a *API) showDefaultType(r *Request) (Response, error) {
	project := r.Param("id")
	if err := r.mayDefault("volume_extension:default_get", project); err != nil {
		return Response{}, err
	}
	if err := a.mustBeProject(r, project); err != nil {
		return Response{}, err
	}
	d, err := a.Store.DefaultTypeOf(r.Context(), project)
	if err != nil {
		return Response{}, err
	}
	return newView(r, defaultTypeFields, nil).One("default_type", &d), nil
}

// setDefaultType takes the type by name or id.
func (a *API) setDefaultType(r *Request) (Response, error) {
	project := r.Param("id")
	if err := r.mayDefault("volume_extension:default_set_or_update", project); err != nil {
		return Response{}, err
	}
	if err := a.mustBeProject(r, project); err != nil {
		return Response{}, err
	}
	var body struct {
		Default struct {
			Type string `json:"volume_type"`
		} `json:"default_type"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	t, err := a.Store.FindVolumeType(r.Context(), body.Default.Type, r.Identity.ProjectID, r.IsAdmin())
	switch {
	case db.IsKind(err, db.NotFound) && schema.IsUUID(body.Default.Type):
		return Response{}, badRequest("Volume type %s could not be found.", body.Default.Type)
	case db.IsKind(err, db.NotFound):
		return Response{}, badRequest("Volume type with name %s could not be found.", body.Default.Type)
	case err != nil:
		return Response{}, err
	}
	d := db.DefaultVolumeType{ProjectID: project, VolumeTypeID: t.ID}
	if err := a.Store.SetDefaultType(r.Context(), project, t.ID); err != nil {
		return Response{}, err
	}
	return newView(r, defaultTypeFields, nil).One("default_type", &d), nil
}

func (a *API) unsetDefaultType(r *Request) (Response, error) {
	project := r.Param("id")
	if err := r.mayDefault("volume_extension:default_unset", project); err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.UnsetDefaultType(r.Context(), project)
}
