package api

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

var (
	metadataSchema    = schema.Of(schema.Wrap("metadata", `$metadata`))
	metadataOneSchema = schema.Of(schema.Wrap("meta", `$metadata`))
)

func volumeMetadataRoutes() []Route {
	const list, one = "/volumes/{volume_id}/metadata", "/volumes/{volume_id}/metadata/{key}"
	return []Route{
		{Method: http.MethodGet, Path: list, Checks: []string{"volume:get", "volume:get_volume_metadata"}, Status: 200, Handle: (*API).listVolumeMetadata},
		{Method: http.MethodPost, Path: list, Checks: []string{"volume:get", "volume:create_volume_metadata"}, Schema: metadataSchema, Status: 200, Handle: (*API).mergeVolumeMetadata},
		{Method: http.MethodPut, Path: list, Checks: []string{"volume:get", "volume:update_volume_metadata"}, Schema: metadataSchema, Status: 200, Handle: (*API).replaceVolumeMetadata},
		{Method: http.MethodGet, Path: one, Checks: []string{"volume:get", "volume:get_volume_metadata"}, Status: 200, Handle: (*API).showVolumeMetadata},
		{Method: http.MethodPut, Path: one, Checks: []string{"volume:get", "volume:update_volume_metadata"}, Schema: metadataOneSchema, Status: 200, Handle: (*API).setVolumeMetadata},
		{Method: http.MethodDelete, Path: one, Checks: []string{"volume:get", "volume:delete_volume_metadata"}, Status: 200, Handle: (*API).removeVolumeMetadata},
	}
}

// metadataJSON is {"metadata": {…}} as Cinder prints it, which its ETag is of.
func metadataJSON(b []byte, m db.Metadata) []byte {
	return append(appendMap(append(b, `{"metadata": `...), m), '}')
}

func metaJSON(key, value string) Response {
	return JSON(func(b []byte) []byte {
		return append(appendMap(append(b, `{"meta": `...), map[string]string{key: value}), '}')
	})
}

// metadataETag is the MD5 of the JSON text, without quotes: clients treat it as opaque.
func metadataETag(m db.Metadata) string {
	sum := md5.Sum(metadataJSON(nil, m))
	return hex.EncodeToString(sum[:])
}

// unchangedSince reports whether If-Match names what is there now.
func unchangedSince(r *Request, m db.Metadata) bool {
	match := r.Header.Get("If-Match")
	if !r.Microversion.MetadataETags() || match == "" || match == "*" {
		return true
	}
	return slices.ContainsFunc(strings.Split(match, ","), func(tag string) bool {
		return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`) == metadataETag(m)
	})
}

func (a *API) listVolumeMetadata(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("volume_id"), "volume:get_volume_metadata")
	if err != nil {
		return Response{}, err
	}
	resp := JSON(func(b []byte) []byte { return metadataJSON(b, v.Metadata) })
	if r.Microversion.MetadataETags() {
		resp.Header = http.Header{"Etag": {metadataETag(v.Metadata)}}
	}
	return resp, nil
}

func (a *API) showVolumeMetadata(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("volume_id"), "volume:get_volume_metadata")
	if err != nil {
		return Response{}, err
	}
	value, ok := v.Metadata[r.Param("key")]
	if !ok {
		return Response{}, noVolumeMetadata(v.ID, r.Param("key"))
	}
	return metaJSON(r.Param("key"), value), nil
}

func noVolumeMetadata(id, key string) error {
	return db.Errorf(db.NotFound, "Volume %s has no metadata with key %s.", id, key)
}

func (a *API) mergeVolumeMetadata(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("volume_id"), "volume:create_volume_metadata")
	if err != nil {
		return Response{}, err
	}
	var body struct{ Metadata db.Metadata }
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	m, err := a.Store.MergeVolumeMetadata(r.Context(), v.ID, body.Metadata)
	return JSON(func(b []byte) []byte { return metadataJSON(b, m) }), err
}

func (a *API) replaceVolumeMetadata(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("volume_id"), "volume:update_volume_metadata")
	if err != nil {
		return Response{}, err
	}
	if !unchangedSince(r, v.Metadata) {
		return Response{Status: http.StatusPreconditionFailed}, nil
	}
	var body struct{ Metadata db.Metadata }
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	m, err := a.Store.ReplaceVolumeMetadata(r.Context(), v.ID, body.Metadata)
	return JSON(func(b []byte) []byte { return metadataJSON(b, m) }), err
}

func (a *API) setVolumeMetadata(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("volume_id"), "volume:update_volume_metadata")
	if err != nil {
		return Response{}, err
	}
	if !unchangedSince(r, v.Metadata) {
		return Response{Status: http.StatusPreconditionFailed}, nil
	}
	item, err := oneItem(r, r.Param("key"))
	if err != nil {
		return Response{}, err
	}
	_, err = a.Store.MergeVolumeMetadata(r.Context(), v.ID, item)
	return metaJSON(r.Param("key"), item[r.Param("key")]), err
}

// oneItem is the body of a PUT of one key, which the body must name.
func oneItem(r *Request, key string) (db.Metadata, error) {
	var body struct{ Meta db.Metadata }
	if err := r.Decode(&body); err != nil {
		return nil, err
	}
	if _, ok := body.Meta[key]; !ok {
		return nil, badRequest("Request body and URI mismatch")
	}
	if len(body.Meta) > 1 {
		return nil, badRequest("Request body contains too many items")
	}
	return body.Meta, nil
}

func (a *API) removeVolumeMetadata(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("volume_id"), "volume:delete_volume_metadata")
	if err != nil {
		return Response{}, err
	}
	if _, ok := v.Metadata[r.Param("key")]; !ok {
		return Response{}, noVolumeMetadata(v.ID, r.Param("key"))
	}
	_, err = a.Store.RemoveVolumeMetadata(r.Context(), v.ID, r.Param("key"))
	return Response{}, err
}
