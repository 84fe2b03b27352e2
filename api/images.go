package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack"
	"github.com/clinker-io/clinker/openstack/glance"
)

// ImageOptions are what the configuration says of images.
type ImageOptions struct {
	VerifySignatures bool     // verify_glance_signatures
	ForceUpload      bool     // enable_force_upload
	AllowCompression bool     // allow_compression_on_image_upload
	CoreProperties   []string // glance_core_properties
	Reserved         []string // reserved_image_namespaces
}

// glanceCaller is the user, to whom the image must be visible.
func glanceCaller(r *Request) *openstack.Caller {
	return &openstack.Caller{Token: r.Header.Get("X-Auth-Token"), RequestID: r.ID()}
}

// noImage is what upstream makes of every reason for which an image cannot be
// had; the log has the reason.
func (a *API) noImage(r *Request, ref string, err error) error {
	if err != nil && !errors.Is(err, glance.ErrNotFound) {
		a.Logger.Warn("cannot ask for an image", "image", ref, "request", r.ID(), "err", err)
	}
	return badRequest("Invalid image identifier or unable to access requested image.")
}

// findImage finds the image that a user means: by id, by a URL that ends in
// one, or by name.
func (a *API) findImage(r *Request, ref string) (*glance.Image, error) {
	if a.Images == nil {
		return nil, a.noImage(r, ref, errors.New("no image service is configured"))
	}
	id := ref[strings.LastIndex(ref, "/")+1:]
	var why error
	if schema.IsUUID(id) {
		i, err := a.Images.Show(r.Context(), glanceCaller(r), id)
		switch {
		case err == nil:
			return &i, nil
		case errors.Is(err, glance.ErrUnavailable):
			return nil, a.noImage(r, ref, err)
		}
		why = err
	}
	found, err := a.Images.Named(r.Context(), glanceCaller(r), ref)
	switch {
	case err != nil:
		return nil, a.noImage(r, ref, errors.Join(why, err))
	case len(found) > 1:
		return nil, db.Errorf(db.Conflict, "Multiple matches found for '%s', use an ID to be more specific.", ref)
	case len(found) == 0:
		return nil, a.noImage(r, ref, why)
	}
	return &found[0], nil
}

// showImage is the image of an id, with the answers of upstream's client.
func (a *API) showImage(r *Request, id string) (*glance.Image, error) {
	if a.Images == nil {
		return nil, db.Errorf(db.NotFound, "Image %s could not be found.", id)
	}
	i, err := a.Images.Show(r.Context(), glanceCaller(r), id)
	switch {
	case errors.Is(err, glance.ErrNotFound), errors.Is(err, glance.ErrAbsent):
		return nil, db.Errorf(db.NotFound, "Image %s could not be found.", id)
	case errors.Is(err, glance.ErrUnauthorized):
		return nil, &db.Error{Kind: db.Forbidden, Msg: fmt.Sprintf("Not authorized for image %s.", id), Err: err}
	case err != nil:
		return nil, glanceFailed(err)
	}
	return &i, nil
}

func glanceFailed(err error) error {
	return &db.Error{Kind: db.Unavailable, Msg: "Connection to glance failed: " + err.Error(), Err: err}
}

// gib is how many GiB hold that many bytes.
func gib(bytes int64) int64 { return (bytes + 1<<30 - 1) >> 30 }

// fits checks that the image can be written to a volume of that size.
func fits(i *glance.Image, sizeGiB int32) error {
	switch size := int64(sizeGiB); {
	case i.Status != "active":
		return badRequest("Invalid input received: Image %s is not active.", i.ID)
	case gib(i.Size) > size:
		return badRequest("Invalid input received: Size of specified image %dGB is larger than volume size %dGB.", gib(i.Size), size)
	case size < i.MinDisk:
		return badRequest("Invalid input received: Volume size %dGB cannot be smaller than the image minDisk size %dGB.", size, i.MinDisk)
	case gib(i.VirtualSize) > size:
		return badRequest("Image %s is unacceptable: Image virtual size is %dGB and doesn't fit in a volume of size %dGB.", i.ID, gib(i.VirtualSize), size)
	}
	return nil
}

// bootSnapshot is the snapshot that an image stands for which Nova made of a
// server with a volume: it has no data of its own.
func (a *API) bootSnapshot(r *Request, i *glance.Image) (*db.Snapshot, error) {
	var devices []struct {
		Source     string `json:"source_type"`
		BootIndex  *int   `json:"boot_index"`
		SnapshotID string `json:"snapshot_id"`
	}
	text, ok := i.Properties["block_device_mapping"]
	if !ok || json.Unmarshal([]byte(text), &devices) != nil {
		return nil, nil
	}
	for _, d := range devices {
		if d.Source != "snapshot" || d.BootIndex == nil || *d.BootIndex != 0 {
			continue
		}
		s, err := a.snapshot(r, d.SnapshotID)
		if db.IsKind(err, db.NotFound) {
			err = db.Errorf(db.NotFound, "Nova specific image is found, but boot volume snapshot id:%s not found.", d.SnapshotID)
		}
		return &s, err
	}
	return nil, nil
}

// imageSource is the source of a volume made from an image.
func (a *API) imageSource(r *Request, ref string) (source, error) {
	if err := r.Authorize("volume:create_from_image", r.Identity.ProjectID); err != nil {
		return source{}, err
	}
	i, err := a.findImage(r, ref)
	if err != nil {
		return source{}, err
	}
	snapshot, err := a.bootSnapshot(r, i)
	if err != nil || snapshot == nil || !r.Microversion.TakesNovaImages() {
		return source{image: i}, err
	}
	return a.snapshotSource(r, *snapshot)
}
