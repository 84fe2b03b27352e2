package volume

import (
	"context"
	"errors"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
	"github.com/clinker-io/clinker/openstack/glance/signature"
)

// createFromImage makes the volume with the data of an image: as a clone of a
// volume that holds it, else by download. The download writes every byte of the
// volume, so that it may be repeated over what a crash left.
func (w *Worker) createFromImage(ctx context.Context, j *db.Job, v db.Volume, args db.CreateArgs) error {
	i, err := w.image(ctx, args.ImageID)
	if err != nil {
		return err
	}
	check, err := w.verifier(&i, args.Signed)
	if err != nil {
		return err
	}
	cloned, err := w.cloneOfImage(ctx, &i, v, check)
	if err != nil {
		return err
	}
	if !cloned {
		if err := w.downloadImage(ctx, j, &i, v, check); err != nil {
			return err
		}
	}
	return w.Store.VolumeImaged(ctx, j, w.service.UUID, w.imageMetadata(&i, check != nil))
}

// downloadImage makes the volume and writes the image to it.
func (w *Worker) downloadImage(ctx context.Context, j *db.Job, i *glance.Image, v db.Volume, check *signature.Verifier) error {
	dst, size := w.volume(v), w.downloadSize(i, &v)
	dst.SizeBytes = bytesOf(size)
	if v.Status != db.VolumeCreate.Running { // it may have another size by now
		if err := w.Driver.Delete(ctx, dst); err != nil {
			return fmt.Errorf("remove what an earlier attempt left: %w", err)
		}
	}
	if err := w.Driver.Create(ctx, dst); err != nil {
		return fmt.Errorf("create volume: %w", err)
	}
	if err := w.Store.Downloading(ctx, v.ID); err != nil {
		return err
	}
	if err := w.writeImage(ctx, j, i, v, dst, check); err != nil {
		return err
	}
	w.cacheImage(ctx, j, i, v, size, check != nil)
	if size == v.Size {
		return nil
	}
	if err := w.Driver.Extend(ctx, dst, bytesOf(v.Size)); err != nil {
		return fmt.Errorf("extend volume: %w", err)
	}
	return nil
}

// giveUpImage ends a create that failed at its image: another pool would not help.
func (w *Worker) giveUpImage(ctx context.Context, j *db.Job, cause error) (ended bool, err error) {
	var fault *errImage
	if !errors.As(cause, &fault) {
		return false, nil
	}
	w.dropImageVolume(ctx, j)
	return true, w.Store.FailedAs(ctx, j, fault.Error(), db.ActionDownloadImage, fault.detail)
}
