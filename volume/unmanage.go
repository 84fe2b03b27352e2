package volume

import (
	"context"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
)

// unmanageVolume lets the volume go; its data stays in the pool, under a name
// by which it can be managed again where the driver has such names.
func (w *Worker) unmanageVolume(ctx context.Context, j *db.Job) error {
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to unmanage: %w", err)
	}
	if err := w.unexport(w.volume(v).ID); err != nil {
		return err
	}
	if err := w.letGo(ctx, driver.VolumeSource(w.volume(v))); err != nil {
		return fmt.Errorf("unmanage volume: %w", err)
	}
	return w.Store.VolumeDeleted(ctx, j)
}

// unmanageSnapshot lets the snapshot go.
func (w *Worker) unmanageSnapshot(ctx context.Context, j *db.Job) error {
	s, v, err := w.snapshotRows(ctx, j)
	if err != nil {
		return err
	}
	if err := w.letGo(ctx, driver.SnapshotSource(w.snapshot(s, v))); err != nil {
		return fmt.Errorf("unmanage snapshot: %w", err)
	}
	return w.Store.SnapshotDeleted(ctx, j)
}

func (w *Worker) letGo(ctx context.Context, src driver.Source) error {
	m, ok := driver.As[driver.Manager](w.Driver)
	if !ok {
		return nil
	}
	return m.Release(ctx, src)
}
