package db

import (
	"context"
	"fmt"
	"time"
)

// ImageVolume is a volume that holds the data of an image, a clone of another
// volume on the same pool, and belongs to whoever owns such volumes.
type ImageVolume struct {
	ID                string
	Of                *Volume // what it is a clone of
	SizeGiB           int32
	ProjectID, UserID string
	ImageID           string
	Metadata          Metadata
}

// AddImageVolume writes the row, still to be filled, and takes its quota. One
// that is there already is a success: the id is the maker's own.
func (s *Store) AddImageVolume(ctx context.Context, n ImageVolume) error {
	return s.tx(ctx, func(t *txn) error {
		if _, err := t.GetVolume(ctx, n.ID); !none(err) {
			return err
		}
		name := "image-" + n.ImageID
		_, err := t.insertVolume(ctx, insertVolumeParams{ID: n.ID, ProjectID: n.ProjectID, UserID: n.UserID, Size: n.SizeGiB,
			Status: VolumeCreate.Running, Name: &name, AvailabilityZone: n.Of.AvailabilityZone, VolumeTypeID: n.Of.VolumeTypeID,
			SourceVolid: &n.Of.ID, Metadata: n.Metadata.orEmpty(), AdminMetadata: Metadata{}, Host: n.Of.Host})
		if err != nil {
			return fmt.Errorf("insert image volume: %w", err)
		}
		typeName, err := t.typeName(ctx, n.Of.VolumeTypeID)
		if err != nil {
			return err
		}
		return t.take(ctx, n.ProjectID, volumeQuota(typeName, n.SizeGiB))
	})
}

// ImageVolumeReady says that it is filled; nobody may write to it.
func (s *Store) ImageVolumeReady(ctx context.Context, id, serviceUUID string, image Metadata, own Metadata) error {
	err := s.finishImageVolume(ctx, finishImageVolumeParams{ToStatus: VolumeCreate.Success, ServiceUuid: &serviceUUID, Bootable: image != nil,
		ImageMetadata: image, Metadata: own.orEmpty(), ID: id, Running: running(VolumeCreate)})
	if err != nil {
		return fmt.Errorf("image volume: %w", err)
	}
	return nil
}

// DropImageVolume removes the row of one that could not be filled, or that
// nobody will use, and returns its quota.
func (s *Store) DropImageVolume(ctx context.Context, id string) error {
	return s.tx(ctx, func(t *txn) error { return t.removeVolume(ctx, id) })
}

// CacheImage enters a volume that holds an image, as it was at that time, into the cache.
func (s *Store) CacheImage(ctx context.Context, volume, image string, updated time.Time) error {
	if err := s.insertCacheEntry(ctx, insertCacheEntryParams{VolumeID: volume, ImageID: image, ImageUpdatedAt: updated}); err != nil {
		return fmt.Errorf("cache entry: %w", err)
	}
	return nil
}

// CacheEntry is a volume of the image-volume cache.
type CacheEntry = cacheEntriesRow

// CacheEntries of a pool, the least recently used first.
func (s *Store) CacheEntries(ctx context.Context, host string) ([]CacheEntry, error) {
	all, err := s.cacheEntries(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("image-volume cache: %w", err)
	}
	return all, nil
}

// CachedVolume finds a volume on the pool that holds the image as it is since
// updated, and marks it as used; "" when there is none. verified asks for one
// that was made when the image's signature was checked.
func (s *Store) CachedVolume(ctx context.Context, host, image string, updated time.Time, verified bool) (id string, err error) {
	err = s.once(ctx, func(t *txn) error {
		id, err = t.cachedVolume(ctx, cachedVolumeParams{ImageID: image, Host: host, ImageUpdatedAt: updated, Verified: verified})
		action := "hit"
		if none(err) {
			action, err = "miss", nil
		}
		if err == nil {
			t.note(ctx, cacheEvent(action, image, host))
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("image-volume cache: %w", err)
	}
	return id, nil
}

// ImageVolumes are those of ids that are on the pool and may be cloned.
func (s *Store) ImageVolumes(ctx context.Context, host string, ids []string) ([]Volume, error) {
	all, err := s.imageVolumes(ctx, imageVolumesParams{Ids: ids, Host: host, Accepts: VolumeClone.Accepts})
	if err != nil {
		return nil, fmt.Errorf("volumes of an image: %w", err)
	}
	return all, nil
}
