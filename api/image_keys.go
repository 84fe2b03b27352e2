package api

import (
	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
)

// An image made of an encrypted volume holds the volume's blocks as they are, and
// has a key of its own to read them, which Glance deletes with the image. Any
// other image is written to an encrypted volume under its encryption.

// Properties of such an image.
const (
	imageKeyPolicy     = "cinder_encryption_key_deletion_policy"
	imageKeyWithImage  = "on_image_deletion"
	imageKeyProperties = "cinder_encryption_key_" // what they begin with
)

// plainFits refuses an encrypted image for a volume that is not; nil is no image.
func plainFits(i *glance.Image) error {
	if i != nil && i.Encrypted() {
		return badRequest("Invalid input received: Image %s is encrypted: it needs an encrypted volume.", i.ID)
	}
	return nil
}

// keysOfImaged makes the key of an encrypted volume that is made of an image: one
// like that of an encrypted image, or a new one and one like it for the worker,
// who writes the image with it.
func (a *API) keysOfImaged(r *Request, n *db.NewVolume, e db.VolumeTypeEncryption, i *glance.Image) error {
	if i.Encrypted() {
		key, err := a.keyLikeImages(r, i)
		if err == nil {
			n.EncryptionKeyID = &key
		}
		return err
	}
	var err error
	n.EncryptionKeyID, n.ImageKey.Key, err = a.makeKeys(r, e)
	return err
}

// keyLikeImages copies the key of an encrypted image.
func (a *API) keyLikeImages(r *Request, i *glance.Image) (string, error) {
	id := i.Properties[glance.EncryptionKey]
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

// keyOfReimage makes the key that an encrypted volume needs to read the encrypted
// image that is to be written over it.
func (a *API) keyOfReimage(r *Request, v *db.VolumeView, i *glance.Image) (*db.KeyChange, error) {
	if r.Identity.ProjectID != v.ProjectID {
		return nil, r.noKey("only users of a volume's project can make its key", nil, "volume", v.ID)
	}
	key, err := a.keyLikeImages(r, i)
	if err != nil {
		return nil, err
	}
	return &db.KeyChange{Old: *v.EncryptionKeyID, New: key, Owner: v.ProjectID}, nil
}

// reimage begins it; keys that are not needed after all are deleted.
func (a *API) reimage(r *Request, v *db.VolumeView, i *glance.Image, reserved bool) (err error) {
	with := db.ReimageArgs{ImageID: i.ID, Signed: a.signedImage(r, i)}
	switch {
	case v.EncryptionKeyID == nil:
		err = plainFits(i)
	case i.Encrypted():
		with.Change, err = a.keyOfReimage(r, v, i)
	default:
		with.ImageKey.Key, err = a.readable(r, *v.EncryptionKeyID)
	}
	if err != nil {
		return err
	}
	if err = a.Store.ReimageVolume(r.Context(), r.Actor(), v.ID, with, reserved); err != nil {
		if with.Change != nil {
			a.dropKey(r, &with.Change.New)
		}
		a.dropRetypeKeys(r, retypeKeys{Readable: db.Readable{New: with.ImageKey.Key}})
	}
	return err
}
