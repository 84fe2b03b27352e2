package db

import (
	"context"
	"fmt"
	"time"
)

// FixedKey is the id of the key that is in the configuration of compute hosts
// too: it is nobody's, and never deleted.
const FixedKey = "00000000-0000-0000-0000-000000000000"

// keyOf is the key of a volume that is its own, nil for none.
func keyOf(v *Volume) *string {
	if v.EncryptionKeyID == nil || *v.EncryptionKeyID == FixedKey {
		return nil
	}
	return v.EncryptionKeyID
}

// keyUse is how long somebody who made a key has for using it.
const keyUse = 10 * time.Minute

// KeyMade remembers a key that is about to be a volume's. project is whose users
// may delete it, "" for the service's own.
func (s *Store) KeyMade(ctx context.Context, project, key string) error {
	if key == FixedKey {
		return nil
	}
	err := s.insertLooseKey(ctx, insertLooseKeyParams{KeyID: key, ProjectID: project, DueSeconds: keyUse.Seconds()})
	if err != nil {
		return fmt.Errorf("remember key %s: %w", key, err)
	}
	return nil
}

// KeyGone forgets a key that is deleted.
func (s *Store) KeyGone(ctx context.Context, key string) error {
	_, err := s.deleteLooseKey(ctx, key)
	return err
}

// maxLooseKeys is how many keys a request deletes beside its own.
const maxLooseKeys = 100

// LooseKeys are keys of a project that no volume will use.
func (s *Store) LooseKeys(ctx context.Context, project string) ([]string, error) {
	return s.looseKeys(ctx, looseKeysParams{ProjectID: project, AtMost: maxLooseKeys})
}

// useKeys takes keys from among the loose ones, for a volume or its job; nil is none.
func (t *txn) useKeys(ctx context.Context, keys ...*string) error {
	for _, key := range keys {
		if key == nil {
			continue
		}
		if err := t.useKey(ctx, *key); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) useKey(ctx context.Context, key string) error {
	if key == FixedKey {
		return nil
	}
	n, err := t.deleteLooseKey(ctx, key)
	if err == nil && n == 0 { // too late: somebody may have deleted it
		return noKeyManager()
	}
	return err
}

// loosenKey gives up a key unless some volume uses it still; nil is none. It
// comes after the change that takes the key off its volume.
func (t *txn) loosenKey(ctx context.Context, project string, key *string) error {
	if key == nil || *key == FixedKey {
		return nil
	}
	used, err := t.usedByOther(ctx, *key, nil)
	if err != nil || used {
		return err
	}
	if err := t.insertLooseKey(ctx, insertLooseKeyParams{KeyID: *key, ProjectID: project}); err != nil {
		return fmt.Errorf("give up key %s: %w", *key, err)
	}
	return nil
}

// usedByOther reports whether a volume but one has the key. Who asks next waits
// until this transaction ends, so that of two volumes the later one gives it up.
func (t *txn) usedByOther(ctx context.Context, key string, but *string) (bool, error) {
	if err := t.lockKey(ctx, key); err != nil {
		return false, fmt.Errorf("lock key %s: %w", key, err)
	}
	used, err := t.keyUsed(ctx, keyUsedParams{KeyID: key, But: but})
	if err != nil {
		return false, fmt.Errorf("users of key %s: %w", key, err)
	}
	return used, nil
}

// KeyUsed reports whether a volume has the key.
func (s *Store) KeyUsed(ctx context.Context, key string) (bool, error) {
	return s.keyUsed(ctx, keyUsedParams{KeyID: key})
}

// takeKey takes the key off a volume that is being deleted.
func (t *txn) takeKey(ctx context.Context, v *Volume) (string, error) {
	key := keyOf(v)
	if key == nil {
		return "", nil
	}
	if err := t.takeVolumeKey(ctx, takeVolumeKeyParams{ID: v.ID, KeyID: *key}); err != nil {
		return "", fmt.Errorf("take the key off %s: %w", v.ID, err)
	}
	return *key, t.loosenKey(ctx, v.ProjectID, key)
}

// KeyChange gives a volume another key, with the same contents or with new data.
type KeyChange struct {
	Old   string `json:"old"`
	New   string `json:"new"`
	Owner string `json:"owner"` // whose users may delete the old one, "" for the service
}

func (t *txn) changeKey(ctx context.Context, volume string, c *KeyChange) error {
	if c == nil {
		return nil
	}
	n, err := t.swapVolumeKey(ctx, swapVolumeKeyParams{NewKeyID: &c.New, ID: volume, OldKeyID: &c.Old})
	if err != nil {
		return fmt.Errorf("change the key of %s: %w", volume, err)
	}
	if n == 0 {
		return noKeyManager()
	}
	if err := t.useKey(ctx, c.New); err != nil {
		return err
	}
	return t.loosenKey(ctx, c.Owner, &c.Old)
}

// checkKey compares the key of a new volume with its type. It comes after the
// insert, which holds the type's encryption as it is.
func (t *txn) checkKey(ctx context.Context, typeID string, key *string) error {
	_, err := t.typeEncryption(ctx, typeID)
	if err != nil && !none(err) {
		return fmt.Errorf("encryption of the type: %w", err)
	}
	if encrypted := err == nil; encrypted != (key != nil) {
		return noKeyManager() // the type has changed meanwhile
	}
	return t.useKeys(ctx, key)
}

// noKeyManager is Cinder's answer when its key manager cannot be used.
func noKeyManager() error { return Errorf(Invalid, "Key manager error") }
