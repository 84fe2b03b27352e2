package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	typeCreateSchema = schema.Of(schema.Wrap("volume_type", schema.Object(`"name":$name_required,"description":$description,
"extra_specs":$extra_specs,"os-volume-type-access:is_public":$boolean`, "name")))
	typeUpdateSchema = schema.Of(schema.Wrap("volume_type", schema.Object(`"name":{"type":["string","null"],"format":"name_skip_leading_trailing_spaces"},
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

// volumeType finds one by id, or the default one by that word.
func (a *API) volumeType(r *Request, id string) (db.VolumeType, error) {
	if id == "default" {
		return a.Store.DefaultVolumeType(r.Context(), r.Identity.ProjectID, a.DefaultVolumeType)
	}
	if !schema.IsUUID(id) {
		return db.VolumeType{}, db.Errorf(db.NotFound, "Volume type %s could not be found.", id)
	}
	return a.Store.FindVolumeType(r.Context(), schema.CanonicalUUID(id), r.Identity.ProjectID, r.IsAdmin())
}

func (a *API) showType(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	return newView(r, typeFields, nil).One("volume_type", &t), nil
}

// listTypes pages in memory: a cloud has few types.
func (a *API) listTypes(r *Request) (Response, error) {
	all, err := a.Store.VolumeTypes(r.Context(), r.Identity.ProjectID, r.IsAdmin())
	if err != nil {
		return Response{}, err
	}
	keep, err := r.typeFilter()
	if err != nil {
		return Response{}, err
	}
	all = slices.DeleteFunc(all, func(t db.VolumeType) bool { return !keep(t) })
	limit, err := r.limit()
	if err != nil {
		return Response{}, err
	}
	if err := sortTypes(all, r.Query()); err != nil {
		return Response{}, err
	}
	all, err = afterMarker(all, r.Query())
	if err != nil {
		return Response{}, err
	}
	page := Page{Key: "volume_types", Links: "volume_type_links", Collection: "types", Limit: limit}
	all = all[:min(len(all), limit)]
	if n := len(all); n > 0 {
		page.Last = all[n-1].ID
	}
	return newView(r, typeFields, nil).Many(all, page), nil
}

// typeFilter reads is_public (administrators alone; none is both) and, from
// 3.52, extra_specs.
func (r *Request) typeFilter() (func(db.VolumeType) bool, error) {
	word, asked := r.Query().get("is_public")
	public, both := true, false
	switch {
	case !r.IsAdmin() && !asked:
		both = true // private ones shared with the project are listed too
	case r.IsAdmin() && strings.EqualFold(word, "none"):
		both = true
	case r.IsAdmin() && asked:
		var err error
		if public, err = boolParam("is_public", word); err != nil {
			return nil, err
		}
	}
	var specs map[string]string
	if text, ok := r.Query().get("extra_specs"); ok && r.Microversion >= 52 {
		var err error
		if specs, err = parsePairs(text); err != nil {
			return func(db.VolumeType) bool { return false }, nil
		}
	}
	return func(t db.VolumeType) bool {
		has := t.ExtraSpecs.Text()
		for k, v := range specs {
			if has[k] != v {
				return false
			}
		}
		return both || t.IsPublic == public
	}, nil
}

func sortTypes(types []db.VolumeType, args query) error {
	order, err := sortOf(args)
	if err != nil {
		return err
	}
	compare := map[string]func(a, b db.VolumeType) int{
		"id":         func(a, b db.VolumeType) int { return strings.Compare(a.ID, b.ID) },
		"name":       func(a, b db.VolumeType) int { return strings.Compare(a.Name, b.Name) },
		"created_at": func(a, b db.VolumeType) int { return a.CreatedAt.Compare(b.CreatedAt) },
	}
	for _, o := range order {
		if compare[o.Key] == nil {
			return badRequest("Invalid input received: Invalid sort key")
		}
	}
	slices.SortStableFunc(types, func(a, b db.VolumeType) int {
		for _, o := range order {
			n := compare[o.Key](a, b)
			if o.Desc {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return strings.Compare(b.ID, a.ID)
	})
	return nil
}

func afterMarker(types []db.VolumeType, args query) ([]db.VolumeType, error) {
	if marker, ok := args.get("marker"); ok {
		i := slices.IndexFunc(types, func(t db.VolumeType) bool { return t.ID == marker })
		if i < 0 {
			return nil, db.Errorf(db.NotFound, "Volume type %s could not be found.", marker)
		}
		types = types[i+1:]
	}
	skip, err := offset(args)
	if err != nil {
		return nil, err
	}
	return types[min(skip, len(types)):], nil
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
	t, err := a.Store.CreateVolumeType(r.Context(), strings.TrimSpace(b.Name), b.Description, b.Public == nil || bool(*b.Public), b.Specs)
	if err != nil {
		return Response{}, err
	}
	return newView(r, typeCreatedFields, nil).One("volume_type", &t), nil
}

func (a *API) updateType(r *Request) (Response, error) {
	t, err := a.volumeType(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Type struct {
			Name        *string                 `json:"name"`
			Description schema.Optional[string] `json:"description"`
			Public      *schema.Bool            `json:"is_public"`
		} `json:"volume_type"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	b := body.Type
	u := db.TypeText{Name: trimmed(b.Name), Description: changed(b.Description), Public: (*bool)(b.Public)}
	if u.Name == nil && u.Description == nil && u.Public == nil {
		return Response{}, badRequest("Specify volume type name, description, is_public or a combination thereof.")
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
	if t.Name == a.DefaultVolumeType {
		return Response{}, badRequest("The volume type %s is the default volume type and cannot be deleted.", t.ID)
	}
	return Response{}, a.Store.DeleteVolumeType(r.Context(), t.ID)
}

// Fields of a type. Which extra specs are shown is decided by policy.
var (
	typeCommonFields = []Field[db.VolumeType]{
		{"id", 0, anyone, func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendString(b, t.ID) }},
		{"name", 0, anyone, func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendString(b, t.Name) }},
		{"is_public", 0, anyone, func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendBool(b, t.IsPublic) }},
		{"description", 0, anyone, func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendStringOrNull(b, t.Description) }},
	}
	typeSpecsField = Field[db.VolumeType]{"extra_specs", 0, "volume_extension:access_types_extra_specs", appendExtraSpecs}
	typeAccess     = Field[db.VolumeType]{"os-volume-type-access:is_public", 0, "volume_extension:volume_type_access",
		func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendBool(b, t.IsPublic) }}
	typeQoS = Field[db.VolumeType]{"qos_specs_id", 0, "volume_extension:access_types_qos_specs_id",
		func(b []byte, _ *Request, _ *db.VolumeType) []byte { return append(b, "null"...) }}

	typeFields        = slices.Concat(typeCommonFields, []Field[db.VolumeType]{typeSpecsField, typeQoS, typeAccess})
	typeCreatedFields = slices.Concat(typeCommonFields, []Field[db.VolumeType]{typeSpecsField, typeAccess})
	typeUpdatedFields = slices.Concat(typeCommonFields, []Field[db.VolumeType]{typeSpecsField})
)

// openSpecs are the extra specs that every user may see.
var openSpecs = []string{"RESKEY:availability_zones", "multiattach", "replication_enabled"}

func appendExtraSpecs(b []byte, r *Request, t *db.VolumeType) []byte { return appendSpecs(b, visibleSpecs(r, t)) }

func visibleSpecs(r *Request, t *db.VolumeType) db.ExtraSpecs {
	if r.Allowed("volume_extension:types_extra_specs:read_sensitive", r.Identity.ProjectID) {
		return t.ExtraSpecs
	}
	seen := db.ExtraSpecs{}
	for _, k := range openSpecs {
		if v, ok := t.ExtraSpecs[k]; ok {
			seen[k] = v
		}
	}
	return seen
}

func appendSpecs(b []byte, specs db.ExtraSpecs) []byte {
	b = append(b, '{')
	for i, k := range sortedKeys(specs) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendStringOrNull(append(appendString(b, k), ": "...), specs[k])
	}
	return append(b, '}')
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
