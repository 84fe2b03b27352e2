package volume

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
)

// createVolume makes the volume, empty or as a copy of its source.
func (w *Worker) createVolume(ctx context.Context, j *db.Job) error {
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to create: %w", err)
	}
	var args db.CreateArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	if args.ImageID != "" {
		return w.createFromImage(ctx, j, v, args)
	}
	src, err := w.sourceOf(ctx, j)
	if err != nil {
		return err
	}
	if src == nil {
		err = w.Driver.Create(ctx, w.volume(v))
	} else {
		err = w.Driver.Clone(ctx, w.volume(v), *src)
	}
	if err != nil {
		return fmt.Errorf("create volume: %w", err)
	}
	if err := w.rekey(ctx, j, v, args.Rekey); err != nil {
		return err
	}
	return w.Store.VolumeCreated(ctx, j, w.service.UUID)
}

// sourceOf is what the new volume is a copy of, nil for an empty one.
func (w *Worker) sourceOf(ctx context.Context, j *db.Job) (*driver.Source, error) {
	if j.SourceVolumeID == nil {
		return nil, nil
	}
	v, err := w.Store.GetVolume(ctx, *j.SourceVolumeID)
	if err != nil {
		return nil, fmt.Errorf("source volume: %w", err)
	}
	if j.SnapshotID == nil {
		src := driver.VolumeSource(w.volume(v))
		return &src, nil
	}
	s, err := w.Store.GetSnapshot(ctx, *j.SnapshotID)
	if err != nil {
		return nil, fmt.Errorf("source snapshot: %w", err)
	}
	src := driver.SnapshotSource(w.snapshot(s, v))
	return &src, nil
}

// giveUpCreate removes what may be there and lets the scheduler try another
// pool, unless the copy needs this one or every try is used up.
func (w *Worker) giveUpCreate(ctx context.Context, j *db.Job, cause error) error {
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to give up: %w", err)
	}
	if err := w.Driver.Delete(ctx, w.volume(v)); err != nil {
		w.Log.Warn("cannot remove a volume that could not be made", "volume", v.ID, "err", err)
	}
	if ended, err := w.giveUpImage(ctx, j, cause); ended || err != nil {
		return err
	}
	var args db.CreateArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	if j.SourceVolumeID == nil && len(args.Exclude)+1 < w.RescheduleUpTo {
		return w.Store.Reschedule(ctx, j, deref(v.Host))
	}
	return w.Store.Failed(ctx, j, userReason(cause))
}
