package db

import (
	"context"
	"encoding/json"
	"fmt"
)

// MergeImageMetadata adds properties of the volume's image and returns what is
// there afterwards.
func (s *Store) MergeImageMetadata(ctx context.Context, id string, m Metadata) (Metadata, error) {
	raw, err := json.Marshal(m.orEmpty())
	if err != nil {
		return nil, fmt.Errorf("image metadata: %w", err)
	}
	out, err := s.mergeImageMetadata(ctx, mergeImageMetadataParams{Added: raw, ID: id, Accepts: VolumeImageMeta.Accepts})
	if none(err) {
		return nil, s.refuseImageMetadata(ctx, id, "Updating")
	}
	return out, err
}

// RemoveImageMetadata drops one property.
func (s *Store) RemoveImageMetadata(ctx context.Context, id, key string) error {
	n, err := s.removeImageMetadata(ctx, removeImageMetadataParams{Key: key, ID: id, Accepts: VolumeImageMeta.Accepts})
	if err == nil && n == 0 {
		return s.refuseImageMetadata(ctx, id, "Deleting")
	}
	return err
}

func (s *Store) refuseImageMetadata(ctx context.Context, id, verb string) error {
	v, err := s.GetVolume(ctx, id)
	if none(err) {
		return Errorf(NotFound, "Volume %s could not be found.", id)
	}
	if err != nil {
		return fmt.Errorf("read volume: %w", err)
	}
	return Errorf(Invalid, "Invalid volume: %s volume metadata is not allowed for volumes in %s status.", verb, v.Status)
}
