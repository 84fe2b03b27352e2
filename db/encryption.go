package db

import (
	"context"
	"fmt"
)

// TypeEncryption is how volumes of a type are encrypted; NotFound when they are not.
func (s *Store) TypeEncryption(ctx context.Context, typeID string) (VolumeTypeEncryption, error) {
	e, err := s.typeEncryption(ctx, typeID)
	if none(err) {
		return e, notEncrypted(typeID)
	}
	return e, err
}

func notEncrypted(typeID string) error {
	return Errorf(NotFound, "Volume type encryption for type %s does not exist.", typeID)
}

// EncryptionSpecs are what a caller gives of them; nil fields are not given.
type EncryptionSpecs struct {
	Provider        *string
	ControlLocation *string
	Cipher          **string
	KeySize         **int32
}

// CreateTypeEncryption makes the volumes of a type encrypted ones, while it has none.
func (s *Store) CreateTypeEncryption(ctx context.Context, typeID string, e EncryptionSpecs) (VolumeTypeEncryption, error) {
	var out VolumeTypeEncryption
	err := s.tx(ctx, func(t *txn) error {
		if err := t.typeToEncrypt(ctx, typeID, "create"); err != nil {
			return err
		}
		p := insertTypeEncryptionParams{VolumeTypeID: typeID, Provider: *e.Provider, ControlLocation: *e.ControlLocation}
		if e.Cipher != nil {
			p.Cipher = *e.Cipher
		}
		if e.KeySize != nil {
			p.KeySize = *e.KeySize
		}
		var err error
		out, err = t.insertTypeEncryption(ctx, p)
		if none(err) {
			return Errorf(Invalid, "Volume type encryption for type %s already exists.", typeID)
		}
		t.noteEncryption(ctx, "create", typeID, map[string]any{"specs": map[string]any{"provider": out.Provider,
			"control_location": out.ControlLocation, "cipher": out.Cipher, "key_size": out.KeySize}})
		return err
	})
	return out, err
}

// typeToEncrypt holds a type that has no volumes: as long as it is locked no
// volume can get it, since the volume's reference waits.
func (t *txn) typeToEncrypt(ctx context.Context, typeID, verb string) error {
	_, err := t.lockVolumeType(ctx, typeID)
	if none(err) {
		return typeGone(typeID)
	}
	if err != nil {
		return fmt.Errorf("lock type: %w", err)
	}
	used, err := t.volumeTypeOfVolumes(ctx, typeID)
	if err != nil {
		return fmt.Errorf("volumes of the type: %w", err)
	}
	if used {
		return Errorf(Invalid, "Cannot %s encryption specs. Volume type in use.", verb)
	}
	return nil
}

// UpdateTypeEncryption changes the fields that are given, while the type has no
// volumes; id is what the caller called the encryption.
func (s *Store) UpdateTypeEncryption(ctx context.Context, typeID, id string, e EncryptionSpecs) error {
	return s.tx(ctx, func(t *txn) error {
		if err := t.typeToEncrypt(ctx, typeID, "update"); err != nil {
			return err
		}
		p := updateTypeEncryptionParams{Provider: e.Provider, ControlLocation: e.ControlLocation, VolumeTypeID: typeID}
		if e.Cipher != nil {
			p.SetCipher, p.Cipher = true, *e.Cipher
		}
		if e.KeySize != nil {
			p.SetKeySize, p.KeySize = true, *e.KeySize
		}
		n, err := t.updateTypeEncryption(ctx, p)
		t.noteEncryption(ctx, "update", typeID, map[string]any{"id": id})
		if err == nil && n == 0 {
			return notEncrypted(typeID)
		}
		return err
	})
}

// DeleteTypeEncryption ends the encryption of a type that has no volumes.
func (s *Store) DeleteTypeEncryption(ctx context.Context, typeID string) error {
	return s.tx(ctx, func(t *txn) error {
		err := t.typeToEncrypt(ctx, typeID, "delete")
		if IsKind(err, NotFound) {
			return notEncrypted(typeID)
		}
		if err != nil {
			return err
		}
		n, err := t.deleteTypeEncryption(ctx, typeID)
		if err == nil && n == 0 {
			return notEncrypted(typeID)
		}
		return err
	})
}

// SameEncryption reports whether two types encrypt alike, or both not.
func (s *Store) SameEncryption(ctx context.Context, one, other string) (bool, error) {
	return s.sameEncryption(ctx, sameEncryptionParams{One: one, Other: other})
}
