package volume

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
	"github.com/clinker-io/clinker/volume/driver"
)

// uploadVolume gives an image, whose record is there, the data of a volume.
func (w *Worker) uploadVolume(ctx context.Context, j *db.Job) error {
	var args db.UploadArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to upload: %w", err)
	}
	i, err := w.image(ctx, args.ImageID)
	if err != nil {
		return err
	}
	switch i.Status {
	case "active": // by an earlier attempt that did not live to say so
	case "saving": // Glance has yet to notice that an earlier attempt is gone
		return imageFault("upload image "+i.ID, &glance.Error{Kind: glance.ErrUnavailable, Msg: "an earlier upload has not ended"})
	default:
		if err := w.upload(ctx, j, v, &i); err != nil {
			return err
		}
	}
	return w.Store.VolumeUploaded(ctx, j)
}

func (w *Worker) upload(ctx context.Context, j *db.Job, v db.Volume, i *glance.Image) (err error) {
	t, err := w.Store.GetVolumeType(ctx, v.VolumeTypeID)
	if err != nil {
		return fmt.Errorf("type of the volume: %w", err)
	}
	store := t.ExtraSpecs.Text()["image_service:store_id"]
	if w.Images.UploadAsVolume && v.EncryptionKeyID == nil && i.DiskFormat == "raw" && i.ContainerFormat == "bare" {
		if done, err := w.uploadAsVolume(ctx, j, v, i, store); done || err != nil {
			return err
		}
	}
	if err := w.Images.Converter.Allowed(i.DiskFormat, true); err != nil {
		return imageFault("upload image "+i.ID, err)
	}
	src, err := w.Driver.Open(ctx, driver.VolumeSource(w.volume(v)), driver.ReadOnly)
	if err != nil {
		return fmt.Errorf("open volume: %w", err)
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	export, err := w.Images.Converter.FromRaw(ctx, src, i.DiskFormat, nil)
	if err != nil {
		return imageFault("make image "+i.ID, err)
	}
	if i.ContainerFormat == "compressed" {
		if export, err = w.Images.Converter.Pack(ctx, export); err != nil {
			return imageFault("compress image "+i.ID, err)
		}
	}
	defer func() { _ = export.Close() }()
	return imageFault("upload image "+i.ID, w.Images.Glance.Upload(ctx, nil, i.ID, export, export.Size, store))
}

// giveUpUpload removes the image, which got no data.
func (w *Worker) giveUpUpload(ctx context.Context, j *db.Job, cause error) error {
	var args db.UploadArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	w.dropImageVolume(ctx, j)
	if w.Images.Glance != nil {
		gone, err := w.Images.Glance.Discard(ctx, nil, args.ImageID)
		if err != nil {
			w.Log.Warn("cannot remove an image that got no data", "image", args.ImageID, "volume", j.VolumeID, "err", err)
		}
		if gone { // Glance asks for its key to be deleted as us, whose it is not
			if err := w.Store.KeyLeft(ctx, j.ProjectID, args.KeyID); err != nil {
				return err
			}
		}
	}
	return w.Store.Failed(ctx, j, cause.Error())
}
