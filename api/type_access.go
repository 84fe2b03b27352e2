package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

func typeAccessRoutes() []Route {
	action := func(name string, handle func(*API, *Request) (Response, error)) Route {
		project := schema.Object(`"project":{"type":"string","minLength":1,"maxLength":255}`, "project")
		return Route{Method: http.MethodPost, Path: "/types/{id}/action", Action: name, Policy: "volume_extension:volume_type_access:" + name,
			Schema: schema.Of(schema.Wrap(name, project)), Status: 202, Handle: handle}
	}
	return []Route{
		{Method: http.MethodGet, Path: "/types/{type_id}/os-volume-type-access", Policy: "volume_extension:volume_type_access:get_all_for_type", Status: 200, Handle: (*API).listTypeAccess},
		action("addProjectAccess", (*API).addTypeAccess),
		action("removeProjectAccess", (*API).removeTypeAccess),
	}
}

func (a *API) listTypeAccess(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("type_id"))
	if err != nil {
		return Response{}, err
	}
	if t.IsPublic {
		return Response{}, db.Errorf(db.NotFound, "Access list not available for public volume types.")
	}
	projects, err := a.Store.TypeProjects(r.Context(), t.ID)
	if err != nil {
		return Response{}, err
	}
	return JSON(func(b []byte) []byte {
		b = append(b, `{"volume_type_access": [`...)
		for i, p := range projects {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendString(append(b, `{"volume_type_id": `...), t.ID)
			b = append(appendString(append(b, `, "project_id": `...), p), '}')
		}
		return append(b, "]}"...)
	}), nil
}

func (a *API) addTypeAccess(r *Request) (Response, error) {
	id, project, err := a.accessChange(r, "addProjectAccess")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.AddTypeProject(r.Context(), id, project)
}

func (a *API) removeTypeAccess(r *Request) (Response, error) {
	id, project, err := a.accessChange(r, "removeProjectAccess")
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.RemoveTypeProject(r.Context(), id, project)
}

// accessChange reads which project is meant and finds the type, which must be
// private. Whoever may change access finds every type.
func (a *API) accessChange(r *Request, action string) (id, project string, err error) {
	var body map[string]struct {
		Project string `json:"project"`
	}
	if err := r.Decode(&body); err != nil {
		return "", "", err
	}
	id = r.Param("id")
	if !schema.IsUUID(id) {
		return "", "", db.Errorf(db.NotFound, "Volume type %s could not be found.", id)
	}
	t, err := a.Store.FindVolumeType(r.Context(), schema.CanonicalUUID(id), r.Identity.ProjectID, true)
	if err == nil && t.IsPublic {
		err = badRequest("Invalid volume type: Type access modification is not applicable to public volume type.")
	}
	return t.ID, body[action].Project, err
}
