package db

import (
	"context"
	"fmt"
	"time"
)

// The key of a volume is deleted before its contents, on behalf of the user who
// deletes the volume: without the key nobody can read them any more. The job
// waits meanwhile. If whoever deletes the key stops, the job begins after all,
// and the key stays among the loose ones.

// HeldDelete is a delete whose job waits for the key to go.
type HeldDelete struct {
	KeyID    string // "" when there is nothing to wait for
	VolumeID string
	job      string // "" when the volume is gone already
}

// deleteHold is longer than a key manager may take for a delete.
const deleteHold = 3 * time.Minute

// holdDelete keeps the job of a delete back while the volume has a key of its
// own. One that another volume has too, as the copy that a move has left and an
// administrator has freed, stays.
func (t *txn) holdDelete(ctx context.Context, v *Volume, job string, h *HeldDelete) error {
	key := keyOf(v)
	if h == nil || key == nil {
		return nil
	}
	used, err := t.usedByOther(ctx, *key, &v.ID)
	if err != nil || used {
		return err
	}
	*h = HeldDelete{KeyID: *key, VolumeID: v.ID, job: job}
	if job == "" {
		return nil
	}
	if err := t.holdJob(ctx, holdJobParams{ID: job, HoldSeconds: deleteHold.Seconds()}); err != nil {
		return fmt.Errorf("hold the delete: %w", err)
	}
	return nil
}

// ReleaseDelete lets a delete go on whose key is gone.
func (s *Store) ReleaseDelete(ctx context.Context, h HeldDelete) error {
	return s.tx(ctx, func(t *txn) error {
		if err := t.takeVolumeKey(ctx, takeVolumeKeyParams{ID: h.VolumeID, KeyID: h.KeyID}); err != nil {
			return fmt.Errorf("take the key off %s: %w", h.VolumeID, err)
		}
		if _, err := t.deleteLooseKey(ctx, h.KeyID); err != nil {
			return fmt.Errorf("forget key %s: %w", h.KeyID, err)
		}
		if h.job == "" {
			return nil
		}
		queue, err := t.releaseJob(ctx, h.job)
		if none(err) { // it did not wait so long
			return nil
		}
		if err != nil {
			return fmt.Errorf("release the delete: %w", err)
		}
		t.wake(queue, h.job)
		return nil
	})
}

// CancelDelete ends a delete whose key cannot be deleted: the volume keeps its contents.
func (s *Store) CancelDelete(ctx context.Context, h HeldDelete) error {
	if h.job == "" {
		return nil
	}
	return s.tx(ctx, func(t *txn) error {
		queue, err := t.cancelJob(ctx, h.job)
		if none(err) { // it did not wait so long
			return nil
		}
		if err != nil {
			return fmt.Errorf("cancel the delete: %w", err)
		}
		if _, err := t.failVolume(ctx, failVolumeParams{ToStatus: VolumeDelete.Failure, ID: h.VolumeID, Running: running(VolumeDelete)}); err != nil {
			return fmt.Errorf("volume to %s: %w", VolumeDelete.Failure, err)
		}
		if err := t.failSnapshotDeletes(ctx, failSnapshotDeletesParams{ToStatus: SnapshotDelete.Failure, VolumeID: h.VolumeID,
			Running: SnapshotDelete.Running}); err != nil {
			return fmt.Errorf("snapshots to %s: %w", SnapshotDelete.Failure, err)
		}
		t.wake(queue, "")
		return nil
	})
}
