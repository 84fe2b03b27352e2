package api

import (
	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/keymanager"
)

// keysOfRetype makes the key of a volume whose new type is encrypted, unless it is
// as the old one, and copies of the old and the new one for the worker to read.
// Only a user of the volume's project can: nobody else's key would open it for
// its owner.
func (a *API) keysOfRetype(r *Request, v db.VolumeView, t db.VolumeType) (k retypeKeys, err error) {
	same, err := a.Store.SameEncryption(r.Context(), t.ID, v.VolumeTypeID)
	if err != nil || same {
		return k, err
	}
	e, err := a.Store.TypeEncryption(r.Context(), t.ID)
	encrypted := err == nil
	switch {
	case err != nil && !db.IsKind(err, db.NotFound):
		return k, err
	case encrypted && r.Identity.ProjectID != v.ProjectID:
		return k, r.noKey("only users of a volume's project can make its key", nil, "volume", v.ID)
	}
	if v.EncryptionKeyID != nil {
		if k.Old, err = a.readable(r, *v.EncryptionKeyID); err != nil {
			return k, err
		}
	}
	if !encrypted {
		return k, nil
	}
	if k.own, k.New, err = a.makeKeys(r, e); err != nil {
		a.dropRetypeKeys(r, k)
	}
	return k, err
}

// retypeKeys are made for a retype; own is to be the volume's.
type retypeKeys struct {
	own *string
	db.Readable
}

// makeKeys makes a key for a volume, and one like it for the worker to read.
func (a *API) makeKeys(r *Request, e db.VolumeTypeEncryption) (own, twin *string, err error) {
	key, err := a.makeKey(r, e)
	if err != nil {
		return nil, nil, err
	}
	if twin, err = a.readable(r, key); err != nil {
		a.dropKey(r, &key)
		return nil, nil, err
	}
	return &key, twin, nil
}

// readable gives the service a key like another.
func (a *API) readable(r *Request, id string) (*string, error) {
	key, err := a.copyKey(r, r.who(), keymanager.Service, id)
	if err != nil {
		return nil, err
	}
	return &key, nil
}

func (a *API) dropRetypeKeys(r *Request, k retypeKeys) {
	a.dropKey(r, k.own)
	for _, key := range []*string{k.Old, k.New} {
		if key != nil {
			a.deleteKey(r, keymanager.Service, *key)
		}
	}
}

// rekey makes the keys with which the worker changes that of a clone: a new one,
// and for the service to read one like it and one like the source's.
func (a *API) rekey(r *Request, from string, e db.VolumeTypeEncryption) (*db.Rekey, error) {
	old, err := a.readable(r, from)
	if err != nil {
		return nil, err
	}
	own, twin, err := a.makeKeys(r, e)
	if err != nil {
		a.dropRetypeKeys(r, retypeKeys{Readable: db.Readable{Old: old}})
		return nil, err
	}
	return &db.Rekey{KeyID: *own, Readable: db.Readable{Old: old, New: twin}}, nil
}

// dropKeysOfNew is for a volume that is not made after all.
func (a *API) dropKeysOfNew(r *Request, n db.NewVolume) {
	a.dropKey(r, n.EncryptionKeyID)
	a.dropRetypeKeys(r, retypeKeys{Readable: db.Readable{New: n.ImageKey.Key}})
	if n.Rekey != nil {
		a.dropRetypeKeys(r, retypeKeys{own: &n.Rekey.KeyID, Readable: n.Rekey.Readable})
	}
}
