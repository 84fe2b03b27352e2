package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// A clone of an encrypted volume begins with a key like that of its source, which
// opens its blocks. Its worker gives it another one of its own; where it cannot,
// the clone keeps the one that it has.

// Rekey is in the job of such a clone.
type Rekey struct {
	KeyID    string `json:"key"` // to be the volume's
	Readable        // the source's key and the new one, for the worker
}

// IsLUKS1 reports whether compute hosts format volumes with LUKS version 1.
func (e VolumeTypeEncryption) IsLUKS1() bool {
	switch e.Provider[strings.LastIndexByte(e.Provider, '.')+1:] {
	case "luks", "luks1", "LuksEncryptor": // the last one is from before providers had names
		return true
	}
	return false
}

func (t *txn) useRekey(ctx context.Context, r *Rekey) error {
	if r == nil {
		return nil
	}
	return t.useKeys(ctx, &r.KeyID, r.Old, r.New)
}

// Rekeyed says that the new key opens the clone, and the old one does not.
func (s *Store) Rekeyed(ctx context.Context, volume string, r *Rekey) error {
	return s.tx(ctx, func(t *txn) error {
		v, err := t.lockVolume(ctx, volume)
		if err != nil {
			return fmt.Errorf("volume with another key: %w", err)
		}
		if err := t.setVolumeKey(ctx, setVolumeKeyParams{KeyID: &r.KeyID, ID: v.ID}); err != nil {
			return fmt.Errorf("set key: %w", err)
		}
		return t.loosenKey(ctx, v.ProjectID, v.EncryptionKeyID)
	})
}

// endRekey gives up the keys of a create that is over, but for the volume's.
func (t *txn) endRekey(ctx context.Context, j *Job) error {
	var args CreateArgs
	if j.Kind != JobVolumeCreate {
		return nil
	}
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	if args.Rekey == nil {
		return nil
	}
	if err := t.loosenReadable(ctx, args.Rekey.Readable); err != nil {
		return err
	}
	return t.loosenKey(ctx, j.ProjectID, &args.Rekey.KeyID)
}

// ImageKey is a copy of a volume's key that belongs to the service, so that its
// worker can write an image under the encryption; nil for none.
type ImageKey struct {
	Key *string `json:"image_key,omitempty"`
}

// KeyOfImage is in the jobs that write an image.
func (j *Job) KeyOfImage() (k ImageKey, err error) {
	if j.Kind != JobVolumeCreate && j.Kind != JobVolumeReimage {
		return k, nil
	}
	if err := json.Unmarshal(j.Args, &k); err != nil {
		return k, fmt.Errorf("job arguments: %w", err)
	}
	return k, nil
}

func (t *txn) loosenImageKey(ctx context.Context, j *Job) error {
	k, err := j.KeyOfImage()
	if err != nil {
		return err
	}
	return t.loosenKey(ctx, "", k.Key)
}
