package api

import (
	"net/http"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

const (
	uploadRule       = "volume_extension:volume_actions:upload_image"
	uploadPublicRule = "volume_extension:volume_actions:upload_public"
	uploadProperties = `"image_name":{"type":"string","minLength":1,"maxLength":255},"force":$boolean,
"disk_format":{"type":"string","enum":["raw","vmdk","vdi","qcow2","vhd","vhdx","ploop"]},
"container_format":{"type":"string","minLength":1,"maxLength":255}`
)

var uploadSchema = schema.New(
	schema.Version{Text: schema.Wrap("os-volume_upload_image", schema.Object(uploadProperties, "image_name"))},
	schema.Version{Since: 1, Text: schema.Wrap("os-volume_upload_image", schema.Object(uploadProperties+
		`,"visibility":{"type":"string","enum":["community","public","private","shared"]},"protected":$boolean`, "image_name"))},
)

// volumeImageRoutes are the calls between volumes and images. Without an image
// service they check everything that is the volume's, and then say what Cinder
// says when its image service does not answer.
func volumeImageRoutes() []Route {
	const path = "/volumes/{id}/action"
	return []Route{
		{Method: http.MethodPost, Path: path, Action: "os-volume_upload_image", Checks: []string{"volume:get", uploadRule}, Also: []string{uploadPublicRule},
			Schema: uploadSchema, Status: 202, Handle: (*API).uploadVolume},
		{Method: http.MethodPost, Path: path, Action: "os-reimage", Since: 68, Checks: []string{"volume:get", "volume:reimage"}, Also: []string{"volume:reimage_reserved"},
			Schema: schema.Of(schema.Wrap("os-reimage", schema.Object(`"image_id":$uuid,"reimage_reserved":$boolean`, "image_id"))),
			Status: 202, Handle: (*API).reimageVolume},
	}
}

func (a *API) uploadVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), uploadRule)
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Upload struct {
			Visibility string `json:"visibility"`
		} `json:"os-volume_upload_image"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	if body.Upload.Visibility == "public" {
		if err := r.Authorize(uploadPublicRule, v.ProjectID); err != nil {
			return Response{}, err
		}
	}
	if err := a.Store.MayUpload(r.Context(), v.ID); err != nil {
		return Response{}, err
	}
	return Response{}, badRequest("Connection to glance failed: no image service is configured.")
}

func (a *API) reimageVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	rule := "volume:reimage"
	if v.Status == db.Reserved {
		rule = "volume:reimage_reserved"
	}
	if err := r.Authorize(rule, v.ProjectID); err != nil {
		return Response{}, err
	}
	var body struct {
		Reimage struct {
			Image string `json:"image_id"`
		} `json:"os-reimage"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	return Response{}, db.Errorf(db.NotFound, "Image %s could not be found.", body.Reimage.Image)
}
