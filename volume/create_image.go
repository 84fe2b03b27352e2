package volume

import (
	"context"
	"errors"
	"fmt"

	"github.com/clinker-io/clinker/db"
)

// createFromImage makes the volume with the data of an image: as a clone of a
// volume that holds it, else by download. The download writes every byte of the
// volume, so that it may be repeated over what a crash left.
func (w *Worker) createFromImage(ctx context.Context, j *db.Job, v db.Volume, id string) error {
	i, err := w.image(ctx, id)
	if err != nil {
		return err
	}
	cloned, err := w.cloneOfImage(ctx, &i, v)
	if err != nil {
		return err
	}
	if !cloned {
		if err := w.Driver.Create(ctx, w.volume(v)); err != nil {
			return fmt.Errorf("create volume: %w", err)
		}
		if err := w.Store.Downloading(ctx, v.ID); err != nil {
			return err
		}
		if err := w.writeImage(ctx, &i, &v); err != nil {
			return err
		}
		w.cacheImage(ctx, j, &i, v)
	}
	return w.Store.VolumeImaged(ctx, j, w.service.UUID, w.imageMetadata(&i))
}

// giveUpImage ends a create that failed at its image: another pool would not help.
func (w *Worker) giveUpImage(ctx context.Context, j *db.Job, cause error) (ended bool, err error) {
	var fault *errImage
	if !errors.As(cause, &fault) {
		return false, nil
	}
	return true, w.Store.FailedAs(ctx, j, fault.Error(), db.ActionDownloadImage, fault.detail)
}
