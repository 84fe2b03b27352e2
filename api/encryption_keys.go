package api

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/keymanager"
)

// The keys of encrypted volumes are made and deleted here, while a request is
// answered, with the token of its user: they belong to his project. A key
// is written down before its volume is, and again when the volume gives it up,
// so that one which a failure leaves behind is deleted by a later request.

// who is the caller as the key manager knows him.
func (r *Request) who() keymanager.Who { return keymanager.User(r.Header.Get("X-Auth-Token")) }

// noKey logs why there is no key; callers learn no more than that.
func (r *Request) noKey(msg string, err error, args ...any) error {
	r.api.Logger.ErrorContext(r.Context(), msg, append(args, "request", r.ID(), "err", err)...)
	return badRequest("Key manager error")
}

// keysOfNew makes the key of a volume whose type is encrypted: one like its
// source's, or a new one.
func (a *API) keysOfNew(r *Request, n *db.NewVolume, src source) error {
	e, err := a.Store.TypeEncryption(r.Context(), n.Type.ID)
	switch {
	case db.IsKind(err, db.NotFound):
		return plainFits(src.image)
	case err != nil:
		return err
	case n.Multiattach:
		return badRequest("Invalid volume: Multiattach cannot be used with encrypted volumes.")
	case src.image != nil:
		return a.keysOfImaged(r, n, e, src.image)
	}
	if src.volume == nil || src.volume.EncryptionKeyID == nil {
		key, err := a.makeKey(r, e)
		if err == nil {
			n.EncryptionKeyID = &key
		}
		return err
	}
	from := *src.volume.EncryptionKeyID
	key, err := a.copyKey(r, r.who(), r.who(), from)
	if err != nil {
		return err
	}
	n.EncryptionKeyID = &key
	if src.snapshot != nil || from == db.FixedKey || !e.IsLUKS1() {
		return nil
	}
	if n.Rekey, err = a.rekey(r, from, e); err != nil {
		a.dropKey(r, &key)
	}
	return err
}

// copiesTo refuses a type that encrypts otherwise than the source's: a copy has
// the source's blocks as they are.
func (a *API) copiesTo(r *Request, t db.VolumeType, src source) error {
	if src.volume == nil || t.ID == src.volume.VolumeTypeID {
		return nil
	}
	same, err := a.Store.SameEncryption(r.Context(), t.ID, src.volume.VolumeTypeID)
	switch {
	case err != nil || same:
		return err
	case src.snapshot != nil:
		return badRequest("Invalid input received: Invalid volume_type provided: %s (requested type is not compatible; "+
			"recommend omitting the type argument).", t.ID)
	}
	return badRequest("Invalid input received: Invalid volume_type provided: %s (requested type is not compatible; "+
		"either match source volume, or omit type argument).", t.ID)
}

// makeKey makes a random key as an encryption of volumes wants it.
func (a *API) makeKey(r *Request, e db.VolumeTypeEncryption) (string, error) {
	if e.Cipher == nil || *e.Cipher == "" {
		return "", badRequest("Invalid encryption spec")
	}
	algorithm, _, _ := strings.Cut(*e.Cipher, "-")
	key, err := a.Keys.Create(r.Context(), r.who(), algorithm, e.KeySize)
	if err != nil {
		return "", r.noKey("the key manager makes no key", err, "type", e.VolumeTypeID)
	}
	return key, a.remember(r, r.Identity.ProjectID, key, r.who())
}

// copyKey gives one what another has, under a new id.
func (a *API) copyKey(r *Request, from, to keymanager.Who, id string) (string, error) {
	key, err := a.Keys.Copy(r.Context(), from, to, id)
	if err != nil {
		return "", r.noKey("the key manager copies no key", err, "key", id)
	}
	project := r.Identity.ProjectID
	if to == keymanager.Service {
		project = ""
	}
	return key, a.remember(r, project, key, to)
}

// remember writes a key down that is to be used, or deletes it at once.
func (a *API) remember(r *Request, project, key string, owner keymanager.Who) error {
	err := a.Store.KeyMade(r.Context(), project, key)
	if err != nil {
		a.deleteKey(r, owner, key)
	}
	return err
}

// afterwards is for what must be done though the caller may be gone.
func (r *Request) afterwards() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(r.Context()), keyCleanup)
}

// keyCleanup bounds what is done beside a request.
const keyCleanup = 90 * time.Second

// dropKey deletes the key of a volume that is not made after all.
func (a *API) dropKey(r *Request, key *string) {
	if key != nil {
		a.deleteKey(r, r.who(), *key)
	}
}

// deleteKey deletes a key that no volume uses. One that stays is among the loose ones.
func (a *API) deleteKey(r *Request, owner keymanager.Who, key string) bool {
	if key == db.FixedKey {
		return true
	}
	ctx, cancel := r.afterwards()
	defer cancel()
	if used, err := a.Store.KeyUsed(ctx, key); err != nil || used {
		a.Logger.WarnContext(ctx, "a key stays", "key", key, "used", used, "request", r.ID(), "err", err)
		return err == nil
	}
	if err := a.Keys.Delete(ctx, owner, key); err != nil && !errors.Is(err, keymanager.ErrNotFound) {
		a.Logger.WarnContext(ctx, "a key that no volume uses cannot be deleted now", "key", key, "request", r.ID(), "err", err)
		return false
	}
	if err := a.Store.KeyGone(ctx, key); err != nil {
		a.Logger.WarnContext(ctx, "a deleted key is still remembered", "key", key, "request", r.ID(), "err", err)
	}
	return true
}

// sweepKeys deletes the keys of the caller's project, and of the service, that
// were left behind.
func (a *API) sweepKeys(r *Request) {
	a.sweepKeysOf(r, r.who(), r.Identity.ProjectID)
	a.sweepKeysOf(r, keymanager.Service, "")
}

func (a *API) sweepKeysOf(r *Request, owner keymanager.Who, project string) {
	keys, err := a.Store.LooseKeys(r.Context(), project)
	if err != nil {
		a.Logger.WarnContext(r.Context(), "keys that no volume uses", "request", r.ID(), "err", err)
	}
	for _, key := range keys {
		if !a.deleteKey(r, owner, key) {
			return // the key manager is away: another time
		}
	}
}

// deleteWithKey begins the delete of a volume and deletes its key meanwhile: as
// soon as the key is gone nobody can read the volume, whatever becomes of it.
func (a *API) deleteWithKey(r *Request, v db.VolumeView, o db.DeleteOptions) error {
	var held db.HeldDelete
	o.Held = &held
	if err := a.Store.DeleteVolume(r.Context(), r.Actor(), v.ID, o); err != nil {
		return err
	}
	if held.KeyID == "" {
		a.sweepKeys(r)
		return nil
	}
	ctx, cancel := r.afterwards()
	defer cancel()
	err := a.Keys.Delete(ctx, r.who(), held.KeyID)
	if err == nil || errors.Is(err, keymanager.ErrNotFound) {
		if err := a.Store.ReleaseDelete(ctx, held); err != nil {
			return err
		}
		a.sweepKeys(r)
		return nil
	}
	a.Logger.ErrorContext(ctx, "the key of a volume cannot be deleted", "volume", v.ID, "key", held.KeyID, "request", r.ID(), "err", err)
	if err := a.Store.CancelDelete(ctx, held); err != nil {
		return err
	}
	return badRequest("Invalid volume: Unable to delete encryption key for volume.")
}

// keyToService gives the service a key like that of a volume which is offered;
// nil when the volume has none of its own.
func (a *API) keyToService(r *Request, v *db.Volume) (*db.KeyChange, error) {
	return a.passKey(r, v, r.who(), keymanager.Service, v.ProjectID)
}

// keyFromService gives the caller the key of a volume that was offered.
func (a *API) keyFromService(r *Request, v *db.Volume) (*db.KeyChange, error) {
	return a.passKey(r, v, keymanager.Service, r.who(), "")
}

// keyBack gives the owner of a volume that is offered no more its key again. An
// administrator of another project cannot: he would get it himself.
func (a *API) keyBack(r *Request, v *db.Volume) (*db.KeyChange, error) {
	if v.EncryptionKeyID != nil && *v.EncryptionKeyID != db.FixedKey && r.Identity.ProjectID != v.ProjectID {
		return nil, r.noKey("only users of a volume's project can get its key back", nil, "volume", v.ID)
	}
	return a.keyFromService(r, v)
}

func (a *API) passKey(r *Request, v *db.Volume, from, to keymanager.Who, owner string) (*db.KeyChange, error) {
	if v.EncryptionKeyID == nil || *v.EncryptionKeyID == db.FixedKey {
		return nil, nil
	}
	key, err := a.copyKey(r, from, to, *v.EncryptionKeyID)
	if err != nil {
		return nil, err
	}
	return &db.KeyChange{Old: *v.EncryptionKeyID, New: key, Owner: owner}, nil
}

// keyChanged deletes whichever key a change has left over; failure is why there
// was no change, and newOwner has the new key.
func (a *API) keyChanged(r *Request, c *db.KeyChange, newOwner keymanager.Who, failure error) error {
	switch {
	case c == nil:
	case failure != nil:
		a.deleteKey(r, newOwner, c.New)
	case c.Owner == "":
		a.deleteKey(r, keymanager.Service, c.Old)
	default:
		a.deleteKey(r, r.who(), c.Old)
	}
	return failure
}

// cloneGroupWithKeys gives each copy of an encrypted volume a key like its source's.
func (a *API) cloneGroupWithKeys(r *Request, n db.GroupClone) (db.Group, error) {
	sources, err := a.Store.GroupCloneSources(r.Context(), n)
	if err != nil {
		return db.Group{}, err
	}
	for _, v := range sources {
		if v.EncryptionKeyID == nil {
			continue
		}
		key, err := a.copyKey(r, r.who(), r.who(), *v.EncryptionKeyID)
		if err != nil {
			a.dropKeys(r, n.Keys)
			return db.Group{}, err
		}
		if n.Keys == nil {
			n.Keys = make(map[string]string)
		}
		n.Keys[v.ID] = key
	}
	g, err := a.Store.CloneGroup(r.Context(), r.Actor(), n)
	if err != nil {
		a.dropKeys(r, n.Keys)
	}
	return g, err
}

func (a *API) dropKeys(r *Request, keys map[string]string) {
	for _, key := range keys {
		a.dropKey(r, &key)
	}
}
