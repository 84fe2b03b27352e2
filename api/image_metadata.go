package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	imageMetaSetSchema   = schema.Of(schema.Wrap("os-set_image_metadata", schema.Object(`"metadata":$image_metadata`, "metadata")))
	imageMetaShowSchema  = schema.Of(schema.Wrap("os-show_image_metadata", `{}`))
	imageMetaUnsetSchema = schema.Of(schema.Wrap("os-unset_image_metadata", schema.Object(`"key":{"type":"string","minLength":1,"maxLength":255}`, "key")))
)

func imageMetadataRoutes() []Route {
	action := func(key string, s *schema.Set, handle func(*API, *Request) (Response, error), rules ...string) Route {
		return Route{Method: http.MethodPost, Path: "/volumes/{id}/action", Action: key, Checks: append([]string{"volume:get"}, rules...),
			Schema: s, Status: 200, Handle: handle}
	}
	return []Route{
		action("os-set_image_metadata", imageMetaSetSchema, (*API).setImageMetadata, "volume_extension:volume_image_metadata:set", "volume:update_volume_metadata"),
		action("os-show_image_metadata", imageMetaShowSchema, (*API).showImageMetadata, "volume:get_volume_metadata"),
		action("os-unset_image_metadata", imageMetaUnsetSchema, (*API).unsetImageMetadata, "volume_extension:volume_image_metadata:remove",
			"volume:get_volume_metadata", "volume:delete_volume_metadata"),
	}
}

func noImageMetadata(id string) error {
	return db.Errorf(db.NotFound, "Glance metadata for volume/snapshot %s cannot be found.", id)
}

func (a *API) setImageMetadata(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume_extension:volume_image_metadata:set", "volume:update_volume_metadata")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Set struct{ Metadata db.Metadata } `json:"os-set_image_metadata"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	m, err := a.Store.MergeImageMetadata(r.Context(), v.ID, body.Set.Metadata)
	return JSON(func(b []byte) []byte { return metadataJSON(b, m) }), err
}

func (a *API) showImageMetadata(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume:get_volume_metadata")
	if err == nil && len(v.ImageMetadata) == 0 {
		err = noImageMetadata(v.ID)
	}
	return JSON(func(b []byte) []byte { return metadataJSON(b, v.ImageMetadata) }), err
}

func (a *API) unsetImageMetadata(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), "volume_extension:volume_image_metadata:remove", "volume:get_volume_metadata", "volume:delete_volume_metadata")
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Unset struct{ Key string } `json:"os-unset_image_metadata"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	if _, ok := v.ImageMetadata[body.Unset.Key]; !ok {
		return Response{}, noImageMetadata(v.ID)
	}
	return Response{}, a.Store.RemoveImageMetadata(r.Context(), v.ID, body.Unset.Key)
}
