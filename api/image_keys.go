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
	encryptedImageAlone = "Invalid input received: Image %s is encrypted: it needs an encrypted volume."
)

// hasKey reports whether an image is encrypted.
func hasKey(i *glance.Image) bool {
	_, ok := i.Properties[imageKeyProperty]
	return ok
}

// keyOfImaged makes the key of a volume that is made of an encrypted image: one
// like the image's.
func (a *API) keyOfImaged(r *Request, n db.NewVolume, i *glance.Image) (*string, error) {
	_, err := a.Store.TypeEncryption(r.Context(), n.Type.ID)
	encrypted := err == nil
	switch {
	case err != nil && !db.IsKind(err, db.NotFound):
		return nil, err
	case encrypted && n.Multiattach:
		return nil, badRequest("Invalid volume: Multiattach cannot be used with encrypted volumes.")
	}
	if !encrypted {
		return nil, badRequest(encryptedImageAlone, i.ID)
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

// keyOfReimage makes the key that a volume needs to read the encrypted image that
// is to be written over it.
func (a *API) keyOfReimage(r *Request, v *db.VolumeView, i *glance.Image) (*db.KeyChange, error) {
	if v.EncryptionKeyID == nil {
		return nil, badRequest(encryptedImageAlone, i.ID)
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
	with := db.ReimageArgs{ImageID: i.ID, Signed: a.signedImage(r, i)}
	var err error
	switch {
	case hasKey(i):
		with.Change, err = a.keyOfReimage(r, v, i)
	case v.EncryptionKeyID != nil:
		with.ImageKey.Key, err = a.readable(r, *v.EncryptionKeyID)
	}
	if err != nil {
		return err
	}
	err = a.Store.ReimageVolume(r.Context(), r.Actor(), v.ID, with, reserved)
	if err != nil {
		a.dropRetypeKeys(r, retypeKeys{Readable: db.Readable{New: with.ImageKey.Key}})
	}
	if err != nil && with.Change != nil {
		a.dropKey(r, &with.Change.New)
	}
	return err
}
