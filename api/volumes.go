package api

import (
	"fmt"
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

const volumeUpdateProperties = `{"type":"object","properties":{"name":$name_trimmed,"description":$description_trimmed,
"display_name":$name_trimmed,"display_description":$description_trimmed,"metadata":$extra_specs},"additionalProperties":false%s}`

var volumeUpdateSchema = schema.New(
	schema.Version{Text: schema.Wrap("volume", fmt.Sprintf(volumeUpdateProperties, ""))},
	schema.Version{Since: 53, Text: schema.Wrap("volume", fmt.Sprintf(volumeUpdateProperties,
		`,"anyOf":[{"required":["name"]},{"required":["description"]},{"required":["display_name"]},{"required":["display_description"]},{"required":["metadata"]}]`))},
)

func volumeRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/volumes", Policy: "volume:get_all", Status: 200, Handle: (*API).listVolumes},
		{Method: http.MethodGet, Path: "/volumes/detail", Policy: "volume:get_all", Status: 200, Handle: (*API).listVolumesDetail},
		{Method: http.MethodGet, Path: "/volumes/summary", Since: 12, Policy: "volume:get_all", Status: 200, Handle: (*API).summarizeVolumes},
		{Method: http.MethodPost, Path: "/volumes", Policy: "volume:create", Also: []string{"volume:multiattach", "volume:create_from_image"}, Schema: volumeCreateSchema, Status: 202, Handle: (*API).createVolume},
		{Method: http.MethodGet, Path: "/volumes/{id}", Checks: []string{"volume:get"}, Status: 200, Handle: (*API).showVolume},
		{Method: http.MethodPut, Path: "/volumes/{id}", Checks: []string{"volume:get", "volume:update"}, Schema: volumeUpdateSchema, Status: 200, Handle: (*API).updateVolume},
		{Method: http.MethodDelete, Path: "/volumes/{id}", Checks: []string{"volume:get", "volume:delete"}, Also: []string{"volume:force_delete"}, Status: 202, Handle: (*API).deleteVolume},
	}
}

// owner is the project that a caller's look-ups are limited to: an
// administrator's are not.
func (r *Request) owner() string {
	if r.IsAdmin() {
		return ""
	}
	return r.Identity.ProjectID
}

// volume finds one that the caller may see and, if rules are given, may do
// those things to. One that may not be seen is not there.
func (a *API) volume(r *Request, id string, rules ...string) (db.VolumeView, error) {
	v, err := a.Store.ViewVolume(r.Context(), schema.CanonicalUUID(id), r.owner())
	if err == nil && !r.allowedOn("volume:get", v.ProjectID, v.UserID) {
		err = db.Errorf(db.NotFound, "Volume %s could not be found.", id)
	}
	for _, rule := range rules {
		if err == nil {
			err = r.authorizeOn(rule, v.ProjectID, v.UserID)
		}
	}
	return v, err
}

var volumeListSpec = &listSpec{
	resource: "volume",
	since:    map[string]Microversion{"glance_metadata": 4, "group_id": 10, "created_at": 60, "updated_at": 60, "consumes_quota": 65},
	bools:    []string{"bootable", "multiattach", "consumes_quota"},
	times:    []string{"created_at", "updated_at"},
	maps:     []string{"metadata", "glance_metadata"},
}

func (a *API) listVolumes(r *Request) (Response, error) {
	return a.volumePage(r, volumeSummaryFields, "volumes")
}

func (a *API) listVolumesDetail(r *Request) (Response, error) {
	return a.volumePage(r, volumeFields, "volumes/detail")
}

func (a *API) volumePage(r *Request, fields []Field[db.VolumeView], collection string) (Response, error) {
	q, err := r.listQuery(volumeListSpec)
	if err != nil {
		return Response{}, err
	}
	q.NoTargets = !r.IsAdmin()
	around := pageOf("volumes", collection, q, db.Page[db.VolumeView]{})
	return newView(r, fields, volumeProject).Stream(around, func(v *db.VolumeView) string { return v.ID },
		func(show func(*db.VolumeView)) (int, error) { return a.Store.EachVolume(r.Context(), q, show) })
}

// pageOf is what stands round the items of a list with links.
func pageOf[T any](key, collection string, q db.ListQuery, page db.Page[T]) Page {
	p := Page{Key: key, Links: key + "_links", Collection: collection, Limit: q.Limit}
	if q.WithCount {
		n := int64(page.Count)
		p.Count = &n
	}
	return p
}

func (a *API) showVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	return newView(r, volumeFields, volumeProject).One("volume", &v), nil
}

func (a *API) updateVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume:update")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Volume struct {
			textBody
			Metadata *map[string]*string `json:"metadata"`
		} `json:"volume"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	u := body.Volume.change()
	if body.Volume.Metadata != nil {
		m := db.Metadata{}
		for k, value := range *body.Volume.Metadata {
			if value == nil {
				return Response{}, badRequest("Invalid input for field/attribute %s. Value: None. None is not of type 'string'", k)
			}
			m[k] = *value
		}
		u.Metadata = &m
	}
	if err := a.Store.UpdateVolume(r.Context(), v.ID, u); err != nil {
		return Response{}, err
	}
	if v, err = a.volume(r, v.ID); err != nil {
		return Response{}, err
	}
	return newView(r, volumeAnswerFields, volumeProject).One("volume", &v), nil
}

// textBody is name and description under their two spellings.
type textBody struct {
	Name               schema.Optional[string] `json:"name"`
	DisplayName        schema.Optional[string] `json:"display_name"`
	Description        schema.Optional[string] `json:"description"`
	DisplayDescription schema.Optional[string] `json:"display_description"`
}

func (t textBody) change() db.VolumeText {
	return db.VolumeText{Name: changed(t.Name, t.DisplayName), Description: changed(t.Description, t.DisplayDescription)}
}

// changed is the first spelling that is there, without blanks around it.
func changed(spellings ...schema.Optional[string]) **string {
	for _, s := range spellings {
		if s.Set {
			p := trimmed(s.Ptr())
			return &p
		}
	}
	return nil
}

func (a *API) deleteVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume:delete")
	if err != nil {
		return Response{}, err
	}
	o := db.DeleteOptions{}
	if o.Cascade, err = boolArg(r, "cascade"); err != nil {
		return Response{}, err
	}
	if r.Microversion.DeletesByForce() {
		if o.Force, err = boolArg(r, "force"); err != nil {
			return Response{}, err
		}
	}
	if o.Force {
		if err := r.Authorize("volume:force_delete", v.ProjectID); err != nil {
			return Response{}, err
		}
	}
	o.Own = !o.Force && !r.IsAdmin()
	return Response{}, a.deleteWithKey(r, v, o)
}

func (a *API) summarizeVolumes(r *Request) (Response, error) {
	project := r.Identity.ProjectID
	if all, err := boolArg(r, "all_tenants"); err != nil {
		return Response{}, err
	} else if all && r.IsAdmin() {
		project = ""
	}
	count, size, metadata, err := a.Store.VolumeSummary(r.Context(), project)
	if err != nil {
		return Response{}, err
	}
	return JSON(func(b []byte) []byte {
		b = appendInt(append(b, `{"volume-summary": {"total_count": `...), count)
		b = appendInt(append(b, `, "total_size": `...), size)
		if r.Microversion.SummaryMetadata() {
			b = append(b, `, "metadata": {`...)
			for i, k := range sortedKeys(metadata) {
				if i > 0 {
					b = append(b, ", "...)
				}
				b = append(appendString(b, k), ": ["...)
				for j, v := range metadata[k] {
					if j > 0 {
						b = append(b, ", "...)
					}
					b = appendString(b, v)
				}
				b = append(b, ']')
			}
			b = append(b, '}')
		}
		return append(b, "}}"...)
	}), nil
}

// boolArg reads a boolean word of the query; absent is false.
func boolArg(r *Request, key string) (bool, error) {
	word, ok := r.Query().get(key)
	if !ok {
		return false, nil
	}
	return boolParam(key, word)
}

func filled(s *string) bool { return s != nil && *s != "" }

// first is the first one that is there.
func first(ps ...*string) *string {
	for _, p := range ps {
		if p != nil {
			return p
		}
	}
	return nil
}
