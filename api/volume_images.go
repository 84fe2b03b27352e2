package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
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

// volumeImageRoutes are the calls between volumes and images.
func volumeImageRoutes() []Route {
	const path = "/volumes/{id}/action"
	return []Route{
		{Method: http.MethodPost, Path: path, Action: "os-volume_upload_image", Checks: []string{"volume:get", uploadRule}, Also: []string{uploadPublicRule},
			Schema: uploadSchema, Status: 202, Handle: (*API).uploadVolume},
		{Method: http.MethodPost, Path: path, Action: "os-reimage", Since: 68, Checks: []string{"volume:get", "volume:reimage"},
			Also:   []string{"volume:reimage_reserved"},
			Schema: schema.Of(schema.Wrap("os-reimage", schema.Object(`"image_id":$uuid,"reimage_reserved":$boolean`, "image_id"))),
			Status: 202, Handle: (*API).reimageVolume},
	}
}

// uploadBody is what os-volume_upload_image asks for.
type uploadBody struct {
	Name            string       `json:"image_name"`
	Force           schema.Bool  `json:"force"`
	DiskFormat      string       `json:"disk_format"`
	ContainerFormat string       `json:"container_format"`
	Visibility      string       `json:"visibility"`
	Protected       *schema.Bool `json:"protected"`
}

func (a *API) uploadVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"), uploadRule)
	if err != nil {
		return Response{}, err
	}
	body := struct {
		Upload uploadBody `json:"os-volume_upload_image"`
	}{uploadBody{DiskFormat: "raw", ContainerFormat: "bare"}}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	u := body.Upload
	if err := a.mayUpload(r, &v, u); err != nil {
		return Response{}, err
	}
	force := bool(u.Force) && a.ForceUpload
	if err := a.Store.MayUpload(r.Context(), v.ID, force); err != nil {
		return Response{}, err
	}
	if a.Images == nil {
		return Response{}, badRequest("Connection to glance failed: no image service is configured.")
	}
	key, err := a.keyOfUpload(r, &v)
	if err != nil {
		return Response{}, err
	}
	i, err := a.newImage(r, &v, u, key)
	if err != nil {
		a.dropKey(r, key)
		return Response{}, err
	}
	row, err := a.Store.UploadVolume(r.Context(), r.Actor(), v.ID, db.UploadArgs{ImageID: i.ID, KeyID: key}, force)
	if err != nil {
		a.dropImage(r, i.ID, key)
		return Response{}, err
	}
	t, err := a.Store.GetVolumeType(r.Context(), row.VolumeTypeID)
	if err != nil {
		return Response{}, err
	}
	return JSON(func(b []byte) []byte { return uploadJSON(b, r, &row, &t, &i) }), nil
}

// mayUpload checks what needs neither Glance nor the volume's status.
func (a *API) mayUpload(r *Request, v *db.VolumeView, u uploadBody) error {
	if v.EncryptionKeyID != nil && (u.DiskFormat != "raw" || u.ContainerFormat != "bare") {
		return badRequest("An encrypted volume uploaded as an image must use 'raw' disk_format and 'bare' container_format, " +
			"which are the defaults for these options.")
	}
	if u.Visibility == "public" {
		if err := r.Authorize(uploadPublicRule, v.ProjectID); err != nil {
			return err
		}
	}
	return nil
}

// newImage makes the record as the user, to whom the image will belong.
func (a *API) newImage(r *Request, v *db.VolumeView, u uploadBody, key *string) (glance.Image, error) {
	if u.ContainerFormat == "compressed" && !a.AllowCompression {
		return glance.Image{}, badRequest("Image compression upload disallowed, but container_format is compressed")
	}
	n := glance.NewImage{Name: u.Name, DiskFormat: u.DiskFormat, ContainerFormat: u.ContainerFormat, Properties: a.handedDown(v.ImageMetadata)}
	if key != nil {
		n.Properties[glance.EncryptionKey], n.Properties[imageKeyPolicy] = *key, imageKeyWithImage
	}
	if r.Microversion.UploadsWithVisibility() {
		protected := u.Protected != nil && bool(*u.Protected)
		n.Visibility, n.Protected = u.Visibility, &protected
		if n.Visibility == "" {
			n.Visibility = "private"
		}
	}
	i, err := a.Images.Create(r.Context(), glanceCaller(r), n)
	switch {
	case errors.Is(err, glance.ErrOverLimit):
		return i, badRequest("Image quota exceeded")
	case err != nil:
		a.Logger.Warn("cannot make the record of an image", "volume", v.ID, "request", r.ID(), "err", err)
		return i, &db.Error{Kind: db.Invalid, Msg: err.Error(), Err: err}
	}
	return i, nil
}

// attributes of an image that its record has from elsewhere.
var ownAttributes = []string{"id", "name", "container_format", "disk_format", "visibility", "protected", "owner", "status", "size", "virtual_size",
	"checksum", "os_hash_algo", "os_hash_value", "os_hidden", "created_at", "updated_at", "tags", "direct_url", "locations", "stores",
	"min_disk", "min_ram", "self", "file", "schema"}

// handedDown are the properties of the volume's image that an image made of the
// volume takes over.
func (a *API) handedDown(m db.Metadata) map[string]string {
	reserved := append([]string{"os_glance", "img_signature", "signature_verified", imageKeyProperties}, a.Reserved...)
	out := make(map[string]string)
	for k, v := range m {
		if slices.Contains(a.CoreProperties, k) || slices.Contains(ownAttributes, k) ||
			slices.ContainsFunc(reserved, func(p string) bool { return strings.HasPrefix(k, p) }) {
			continue
		}
		out[k] = v
	}
	return out
}

// dropLimit is how long a refused upload takes at most to remove its record.
const dropLimit = 10 * time.Second

// dropImage removes a record that will not get its data, and the key that it was
// to have, though the caller may be gone.
func (a *API) dropImage(r *Request, id string, key *string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), dropLimit)
	defer cancel()
	if _, err := a.Images.Discard(ctx, glanceCaller(r), id); err != nil {
		a.Logger.Warn("cannot remove the record of an image that gets no data", "image", id, "request", r.ID(), "err", err)
	}
	a.dropKey(r, key)
}

func uploadJSON(b []byte, r *Request, v *db.Volume, t *db.VolumeType, i *glance.Image) []byte {
	b = appendString(append(b, `{"os-volume_upload_image": {"id": `...), v.ID)
	b = appendTimeOrNull(append(b, `, "updated_at": `...), v.UpdatedAt)
	b = appendString(append(b, `, "status": `...), db.VolumeUpload.Running)
	b = appendStringOrNull(append(b, `, "display_description": `...), v.Description)
	b = appendInt(append(b, `, "size": `...), int64(v.Size))
	b = appendUploadType(append(b, `, "volume_type": `...), r, t)
	b = appendString(append(b, `, "image_id": `...), i.ID)
	b = appendString(append(b, `, "container_format": `...), i.ContainerFormat)
	b = appendString(append(b, `, "disk_format": `...), i.DiskFormat)
	b = appendString(append(b, `, "image_name": `...), i.Name)
	b = appendBool(append(b, `, "protected": `...), i.Protected)
	b = appendString(append(b, `, "visibility": `...), i.Visibility)
	return append(b, "}}"...)
}

// appendUploadType is the whole type, as upstream shows it here alone.
func appendUploadType(b []byte, r *Request, t *db.VolumeType) []byte {
	b = appendString(append(b, `{"id": `...), t.ID)
	b = appendString(append(b, `, "name": `...), t.Name)
	b = appendStringOrNull(append(b, `, "description": `...), t.Description)
	b = appendBool(append(b, `, "is_public": `...), t.IsPublic)
	b = appendExtraSpecs(append(b, `, "extra_specs": `...), r, t)
	b = appendStringOrNull(append(b, `, "qos_specs_id": `...), t.QoSSpecsID)
	b = appendTime(append(b, `, "created_at": `...), t.CreatedAt)
	b = appendTimeOrNull(append(b, `, "updated_at": `...), t.UpdatedAt)
	return append(b, `, "deleted": false, "deleted_at": null}`...)
}

func (a *API) reimageVolume(r *Request) (Response, error) {
	v, err := a.volume(r, r.Param("id"))
	if err != nil {
		return Response{}, err
	}
	var body struct {
		Reimage struct {
			Image    string      `json:"image_id"`
			Reserved schema.Bool `json:"reimage_reserved"`
		} `json:"os-reimage"`
	}
	if err := r.Decode(&body); err != nil {
		return Response{}, err
	}
	rule := "volume:reimage"
	if v.Status == db.Reserved {
		rule = "volume:reimage_reserved"
	}
	if err := r.Authorize(rule, v.ProjectID); err != nil {
		return Response{}, err
	}
	i, err := a.showImage(r, body.Reimage.Image)
	if err != nil {
		return Response{}, err
	}
	if err := fits(i, v.Size); err != nil {
		return Response{}, err
	}
	if s, err := a.bootSnapshot(r, i); err != nil {
		return Response{}, err
	} else if s != nil {
		return Response{}, badRequest("Image %s is unacceptable: it stands for a snapshot and has no data.", i.ID)
	}
	return Response{}, a.reimage(r, &v, i, bool(body.Reimage.Reserved))
}
