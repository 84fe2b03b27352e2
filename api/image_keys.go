package api

import (
	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
)

// An image made of an encrypted volume holds the volume's blocks as they are, and
// has a key of its own to read them, which Glance deletes with the image.

// Properties of such an image.
const (
	imageKeyProperty    = "cinder_encryption_key_id"
	imageKeyPolicy      = "cinder_encryption_key_deletion_policy"
	imageKeyWithImage   = "on_image_deletion"
	imageKeyProperties  = "cinder_encryption_key_" // what they begin with
	plainImageRefused   = "Invalid input received: Image %s is not encrypted: its data cannot become that of an encrypted volume."
	encryptedImageAlone = "Invalid input received: Image %s is encrypted: it needs an encrypted volume."
)

// encryptionFits refuses an image whose data is not what the volume is to hold:
// it is copied as it is.
func encryptionFits(i *glance.Image, encrypted bool) error {
	_, hasKey := i.Properties[imageKeyProperty]
	switch {
	case hasKey && !encrypted:
		return badRequest(encryptedImageAlone, i.ID)
	case !hasKey && encrypted:
		return badRequest(plainImageRefused, i.ID)
	}
	return nil
}

// keyOfImaged makes the key of a volume that is made of an image: one like the
// image's, nil when neither is encrypted.
func (a *API) keyOfImaged(r *Request, n db.NewVolume, i *glance.Image) (*string, error) {
	_, err := a.Store.TypeEncryption(r.Context(), n.Type.ID)
	encrypted := err == nil
	switch {
	case err != nil && !db.IsKind(err, db.NotFound):
		return nil, err
	case encrypted && n.Multiattach:
		return nil, badRequest("Invalid volume: Multiattach cannot be used with encrypted volumes.")
	}
	if err := encryptionFits(i, encrypted); err != nil || !encrypted {
		return nil, err
	}
	key, err := a.keyLikeImages(r, i)
	if err != nil {
		return nil, err
	}
	return &key, nil
}

// keyLikeImages copies the key of an encrypted image.
func (a *API) keyLikeImages(r *Request, i *glance.Image) (string, error) {
	id := i.Properties[imageKeyProperty]
	if err := uuid.Validate(id); err != nil { // it would be a part of a URL
		return "", r.noKey("the key of an image cannot be one", err, "image", i.ID)
	}
	return a.copyKey(r, r.who(), r.who(), id)
}

// keyOfUpload makes the key of an image that a volume is copied into; nil when
// the volume is not encrypted.
func (a *API) keyOfUpload(r *Request, v *db.VolumeView) (*string, error) {
	if v.EncryptionKeyID == nil {
		return nil, nil
	}
	key, err := a.copyKey(r, r.who(), r.who(), *v.EncryptionKeyID)
	if err != nil {
		return nil, err
	}
	return &key, nil
}

// keyOfReimage makes the key that an encrypted volume needs to read the image
// that is to be written over it; nil when it is not encrypted.
func (a *API) keyOfReimage(r *Request, v *db.VolumeView, i *glance.Image) (*db.KeyChange, error) {
	if err := encryptionFits(i, v.EncryptionKeyID != nil); err != nil || v.EncryptionKeyID == nil {
		return nil, err
	}
	if r.Identity.ProjectID != v.ProjectID {
		return nil, r.noKey("only users of a volume's project can make its key", nil, "volume", v.ID)
	}
	key, err := a.keyLikeImages(r, i)
	if err != nil {
		return nil, err
	}
	return &db.KeyChange{Old: *v.EncryptionKeyID, New: key, Owner: v.ProjectID}, nil
}

// reimage begins it; a key that is not needed after all is deleted.
func (a *API) reimage(r *Request, v *db.VolumeView, i *glance.Image, reserved bool) error {
	key, err := a.keyOfReimage(r, v, i)
	if err != nil {
		return err
	}
	with := db.ReimageArgs{ImageID: i.ID, Signed: a.signedImage(r, i), Key: key}
	err = a.Store.ReimageVolume(r.Context(), r.Actor(), v.ID, with, reserved)
	if err != nil && key != nil {
		a.dropKey(r, &key.New)
	}
	return err
}
