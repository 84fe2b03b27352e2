package volume

import (
	"context"
	"fmt"

	"github.com/clinker-io/clinker/db"
)

// deleteVolume ends the exports, removes the snapshots that a cascade left in
// the way, then the volume; the rows go last, so a crash repeats it all.
func (w *Worker) deleteVolume(ctx context.Context, j *db.Job) error {
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to delete: %w", err)
	}
	if err := w.unexport(v.BackendID()); err != nil {
		return err
	}
	snaps, err := w.Store.SnapshotsOf(ctx, v.ID)
	if err != nil {
		return fmt.Errorf("snapshots to delete: %w", err)
	}
	for _, s := range snaps {
		if err := w.Driver.DeleteSnapshot(ctx, w.snapshot(s, v)); err != nil {
			return fmt.Errorf("delete snapshot %s: %w", s.ID, err)
		}
	}
	if err := w.Driver.Delete(ctx, w.volume(v)); err != nil {
		return fmt.Errorf("delete volume: %w", err)
	}
	return w.Store.VolumeDeleted(ctx, j)
}
