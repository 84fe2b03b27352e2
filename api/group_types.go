package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	groupTypeCreateSchema = schema.Of(schema.Wrap("group_type", schema.Object(`"name":$name,"description":$description,
"is_public":$boolean,"group_specs":$metadata_or_null`, "name")))
	groupTypeUpdateSchema = schema.Of(schema.Wrap("group_type", schema.Object(`"name":$name_or_null,"description":$description,"is_public":$boolean`)))
)

// groupTypesSince is the microversion that brought group types.
const groupTypesSince = 11

func groupTypeRoutes() []Route {
	const list, one = "/group_types", "/group_types/{id}"
	return []Route{
		{Method: http.MethodGet, Path: list, Since: groupTypesSince, Status: 200, Handle: (*API).listGroupTypes},
		{Method: http.MethodPost, Path: list, Since: groupTypesSince, Policy: "group:group_types:create",
			Schema: groupTypeCreateSchema, Status: 202, Handle: (*API).createGroupType},
		{Method: http.MethodGet, Path: one, Since: groupTypesSince, Status: 200, Handle: (*API).showGroupType},
		{Method: http.MethodPut, Path: one, Since: groupTypesSince, Policy: "group:group_types:update",
			Schema: groupTypeUpdateSchema, Status: 200, Handle: (*API).updateGroupType},
		{Method: http.MethodDelete, Path: one, Since: groupTypesSince, Policy: "group:group_types:delete", Status: 202, Handle: (*API).deleteGroupType},
	}
}

// groupType finds one by id.
func (a *API) groupType(r *Request, id string) (db.GroupType, error) {
	if !schema.IsUUID(id) {
		return db.GroupType{}, db.Errorf(db.NotFound, "Group type %s could not be found.", id)
	}
	return a.Store.FindGroupType(r.Context(), schema.CanonicalUUID(id), r.IsAdmin())
}

// listGroupTypes: only administrators have a choice beside the public ones.
func (a *API) listGroupTypes(r *Request) (Response, error) {
	q, err := r.paging()
	if err != nil {
		return Response{}, err
	}
	word, asked := r.Query().get("is_public")
	switch {
	case !r.IsAdmin() || !asked:
		q.Filters = []db.Filter{{Key: "is_public", Value: "true"}}
	case strings.EqualFold(word, "none"):
	default:
		public, ok := schema.ParseBool(word)
		if !ok {
			return Response{}, badRequest("Invalid is_public filter [%s]", word)
		}
		q.Filters = []db.Filter{{Key: "is_public", Value: strconv.FormatBool(public)}}
	}
	page, err := a.Store.ListGroupTypes(r.Context(), q)
	if err != nil {
		return Response{}, err
	}
	around := Page{Key: "group_types", Links: "group_type_links", Collection: "group_types", Limit: q.Limit}
	if n := len(page.Items); n > 0 {
		around.Last = page.Items[n-1].ID
	}
	return newView(r, groupTypeFields, nil).Many(page.Items, around), nil
}

// showGroupType knows the word default for the type that the operator named.
func (a *API) showGroupType(r *Request) (Response, error) {
	id := r.Param("id")
	if id != "default" {
		t, err := a.groupType(r, id)
		if err != nil {
			return Response{}, err
		}
		return newView(r, groupTypeFields, nil).One("group_type", &t), nil
	}
	t, err := a.Store.FindGroupType(r.Context(), a.DefaultGroupType, true)
	if a.DefaultGroupType == "" || db.IsKind(err, db.NotFound) {
		return Response{}, db.Errorf(db.NotFound, "Default group type can not be found.")
	}
	if err != nil {
		return Response{}, err
	}
	return newView(r, groupTypeFields, nil).One("group_type", &t), nil
}

func (a *API) createGroupType(r *Request) (Response, error) {
	var body struct {
		Type struct {
			Name        string        `json:"name"`
			Description *string       `json:"description"`
			Public      *schema.Bool  `json:"is_public"`
			Specs       db.ExtraSpecs `json:"group_specs"`
		} `json:"group_type"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Type
	t, err := a.Store.CreateGroupType(r.Context(), b.Name, b.Description, b.Public == nil || bool(*b.Public), b.Specs)
	if err != nil {
		return Response{}, err
	}
	return newView(r, groupTypeFields, nil).One("group_type", &t), nil
}

func (a *API) updateGroupType(r *Request) (Response, error) {
	var body struct {
		Type struct {
			Name        *string      `json:"name"`
			Description *string      `json:"description"`
			Public      *schema.Bool `json:"is_public"`
		} `json:"group_type"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Type
	switch {
	case b.Name != nil && strings.TrimSpace(*b.Name) == "":
		return Response{}, badRequest("Group type name can not be empty.")
	case b.Name == nil && b.Description == nil && b.Public == nil:
		return Response{}, badRequest("Specify group type name, description or a combination thereof.")
	}
	t, err := a.groupType(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	if t, err = a.Store.UpdateGroupType(r.Context(), t.ID, b.Name, b.Description, (*bool)(b.Public)); err != nil {
		return Response{}, err
	}
	return newView(r, groupTypeFields, nil).One("group_type", &t), nil
}

func (a *API) deleteGroupType(r *Request) (Response, error) {
	t, err := a.groupType(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	return Response{}, a.Store.DeleteGroupType(r.Context(), t.ID)
}

var groupTypeFields = []Field[db.GroupType]{
	{"id", 0, anyone, func(b []byte, _ *Request, t *db.GroupType) []byte { return appendString(b, t.ID) }},
	{"name", 0, anyone, func(b []byte, _ *Request, t *db.GroupType) []byte { return appendString(b, t.Name) }},
	{"description", 0, anyone, func(b []byte, _ *Request, t *db.GroupType) []byte { return appendStringOrNull(b, t.Description) }},
	{"is_public", 0, anyone, func(b []byte, _ *Request, t *db.GroupType) []byte { return appendBool(b, t.IsPublic) }},
	{"group_specs", 0, "group:access_group_types_specs", func(b []byte, _ *Request, t *db.GroupType) []byte { return appendSpecs(b, t.GroupSpecs) }},
}
