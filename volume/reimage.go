package volume

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/clinker-io/clinker/db"
)

// reimage writes an image over a volume that nobody uses.
func (w *Worker) reimage(ctx context.Context, j *db.Job) error {
	var args db.ReimageArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to reimage: %w", err)
	}
	i, err := w.image(ctx, args.ImageID)
	if err != nil {
		return err
	}
	if err := w.writeImage(ctx, &i, w.volume(v)); err != nil {
		return err
	}
	if v, err = w.Store.Reimaged(ctx, j, w.imageMetadata(&i)); err != nil {
		return err
	}
	if v.Status == db.Reserved && w.Images.Reimaged != nil {
		if err := w.Images.Reimaged(ctx, v); err != nil {
			w.Log.Warn("cannot tell the compute service that a volume has its image", "volume", v.ID, "request", j.RequestID, "err", err)
		}
	}
	return nil
}
