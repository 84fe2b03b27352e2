package volume

import (
	"context"
	"fmt"

	"github.com/clinker-io/clinker/db"
)

// createSnapshot keeps the volume as it is now, attached or not.
func (w *Worker) createSnapshot(ctx context.Context, j *db.Job) error {
	s, v, err := w.snapshotRows(ctx, j)
	if err != nil {
		return err
	}
	if err := w.Driver.Snapshot(ctx, w.snapshot(s, v)); err != nil {
		return fmt.Errorf("create snapshot: %w", err)
	}
	return w.Store.SnapshotCreated(ctx, j)
}

// deleteSnapshot removes it, then its row.
func (w *Worker) deleteSnapshot(ctx context.Context, j *db.Job) error {
	s, v, err := w.snapshotRows(ctx, j)
	if err != nil {
		return err
	}
	if err := w.Driver.DeleteSnapshot(ctx, w.snapshot(s, v)); err != nil {
		return fmt.Errorf("delete snapshot: %w", err)
	}
	return w.Store.SnapshotDeleted(ctx, j)
}

func (w *Worker) snapshotRows(ctx context.Context, j *db.Job) (db.Snapshot, db.Volume, error) {
	s, err := w.Store.GetSnapshot(ctx, *j.SnapshotID)
	if err != nil {
		return s, db.Volume{}, fmt.Errorf("snapshot %s: %w", *j.SnapshotID, err)
	}
	v, err := w.Store.GetVolume(ctx, s.VolumeID)
	if err != nil {
		return s, v, fmt.Errorf("volume of snapshot %s: %w", s.ID, err)
	}
	return s, v, nil
}
