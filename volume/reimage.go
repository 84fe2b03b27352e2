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
	check, err := w.verifier(&i, args.Signed)
	if err != nil {
		return err
	}
	if err := w.writeImage(ctx, j, &i, v, w.volume(v), check); err != nil {
		return err
	}
	return w.Store.Reimaged(ctx, j, w.imageMetadata(&i, check != nil))
}
