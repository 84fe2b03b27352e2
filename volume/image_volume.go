package volume

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
	"github.com/clinker-io/clinker/openstack/glance/signature"
	"github.com/clinker-io/clinker/volume/driver"
)

// imageVolumeID names the volume that a job makes for an image, the same at
// every attempt.
func imageVolumeID(j *db.Job) string {
	return uuid.NewSHA1(uuid.MustParse(j.ID), []byte("image volume")).String()
}

// makeImageVolume clones a volume into one that holds an image.
func (w *Worker) makeImageVolume(ctx context.Context, n db.ImageVolume, image db.Metadata) error {
	if err := w.Store.AddImageVolume(ctx, n); err != nil {
		return err
	}
	v, err := w.Store.GetVolume(ctx, n.ID)
	if err != nil {
		return fmt.Errorf("image volume: %w", err)
	}
	if deref(v.Host) != deref(n.Of.Host) { // of an attempt on another pool
		return fmt.Errorf("%w: image volume %s is on %s", driver.ErrExists, v.ID, deref(v.Host))
	}
	src := w.volume(*n.Of)
	src.SizeBytes = bytesOf(n.SizeGiB)
	if err := w.Driver.Clone(ctx, w.volume(v), driver.VolumeSource(src)); err != nil {
		return fmt.Errorf("clone into an image volume: %w", err)
	}
	return w.Store.ImageVolumeReady(ctx, n.ID, w.service.UUID, image, n.Metadata)
}

// dropImageVolume removes the volume that a job has made for an image, if it
// has come so far.
func (w *Worker) dropImageVolume(ctx context.Context, j *db.Job) {
	v, err := w.Store.GetVolume(ctx, imageVolumeID(j))
	if err != nil {
		return
	}
	if err = w.Driver.Delete(ctx, w.volume(v)); err == nil {
		err = w.Store.DropImageVolume(ctx, v.ID)
	}
	if err != nil {
		w.Log.Warn("cannot remove a volume that was to hold an image", "volume", v.ID, "err", err)
	}
}

// cloneOfImage makes v from a volume on its pool that holds the image already.
// A failure is no harm: the image is downloaded then. check is nil when nobody
// asks for the image's signature.
func (w *Worker) cloneOfImage(ctx context.Context, i *glance.Image, v db.Volume, check *signature.Verifier) (bool, error) {
	if v.Status != db.VolumeCreate.Running || v.EncryptionKeyID != nil { // an earlier attempt has begun to download
		return false, nil
	}
	src, cached, err := w.holderOf(ctx, i, v, check != nil)
	if err != nil || src == nil || src.Size > v.Size {
		return false, err
	}
	err = w.Driver.Clone(ctx, w.volume(v), driver.VolumeSource(w.volume(*src)))
	if err != nil && ctx.Err() == nil {
		w.Log.Warn("cannot clone a volume that holds the image; it will be downloaded", "image", i.ID, "source", src.ID, "volume", v.ID, "err", err)
		return false, nil
	}
	if err == nil && check != nil && !cached {
		err = w.verifyCopy(ctx, i, v, check)
	}
	return err == nil, err
}

// holderOf is a volume that holds the image: where Glance says that the image
// is, else one of the cache, whose signature was checked if it has to be.
func (w *Worker) holderOf(ctx context.Context, i *glance.Image, v db.Volume, signed bool) (src *db.Volume, cached bool, err error) {
	if w.Images.CloneLocations && i.DiskFormat == "raw" && i.ContainerFormat == "bare" {
		at, err := w.Store.ImageVolumes(ctx, deref(v.Host), cinderVolumes(i.Locations))
		if err != nil {
			return nil, false, err
		}
		for _, src := range at {
			if holdsFor(&src, i) {
				return &src, false, nil
			}
		}
	}
	if !w.caches() {
		return nil, false, nil
	}
	id, err := w.Store.CachedVolume(ctx, deref(v.Host), i.ID, i.UpdatedAt, signed)
	if err != nil || id == "" {
		return nil, false, err
	}
	found, err := w.Store.GetVolume(ctx, id)
	return &found, true, err
}

// holdsFor reports whether a volume holds the image with its owner's consent: a
// location is what a user may have written, also one of somebody else's volume.
func holdsFor(src *db.Volume, i *glance.Image) bool {
	return i.Owner != "" && (src.ProjectID == i.Owner || src.Metadata["image_owner"] == i.Owner)
}

// cinderVolumes are the ids in cinder://ID and cinder://STORE/ID.
func cinderVolumes(locations []string) (ids []string) {
	for _, l := range locations {
		u, err := url.Parse(l)
		if err != nil || u.Scheme != "cinder" {
			continue
		}
		id := u.Host
		if u.Path != "" && u.Path != "/" {
			id = path.Base(u.Path)
		}
		if uuid.Validate(id) == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// uploadAsVolume gives the image a clone of the volume as its location. done is
// false when Glance does not take it: then the data is uploaded.
func (w *Worker) uploadAsVolume(ctx context.Context, j *db.Job, v db.Volume, i *glance.Image, store string) (done bool, err error) {
	n := db.ImageVolume{ID: imageVolumeID(j), Of: &v, SizeGiB: v.Size, ProjectID: j.ProjectID, UserID: j.UserID, ImageID: i.ID,
		Metadata: db.Metadata{"image_owner": i.Owner, "glance_image_id": i.ID}}
	if w.Images.UploadIntoInternal && w.Images.InternalProject != "" {
		n.ProjectID, n.UserID = w.Images.InternalProject, w.Images.InternalUser
	}
	err = w.makeImageVolume(ctx, n, nil)
	if err == nil {
		at, metadata := "cinder://"+n.ID, map[string]string(nil)
		if store != "" {
			at, metadata = "cinder://"+store+"/"+n.ID, map[string]string{"store": store}
		}
		err = w.Images.Glance.AddLocation(ctx, nil, i.ID, at, metadata)
	}
	if err == nil {
		return true, nil
	}
	if ctx.Err() != nil || errors.Is(err, glance.ErrUnavailable) {
		return false, imageFault("register image "+i.ID, err)
	}
	w.Log.Warn("the image cannot be a volume; its data will be uploaded", "image", i.ID, "volume", v.ID, "err", err)
	w.dropImageVolume(ctx, j)
	return false, nil
}
