package volume

import (
	"context"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack/glance"
	"github.com/clinker-io/clinker/volume/image"
)

// caches reports whether the backend keeps a volume of each image.
func (w *Worker) caches() bool {
	return w.Images.CacheEnabled && w.Images.InternalProject != "" && w.Images.InternalUser != ""
}

// downloadSize is how big the volume is made at first: what goes into the cache
// is as small as the image allows, so that volumes of every size can be made of it.
func (w *Worker) downloadSize(i *glance.Image, v *db.Volume) int32 {
	if !w.caches() || v.EncryptionKeyID != nil {
		return v.Size
	}
	need := i.VirtualSize
	if image.Streams(i.DiskFormat) {
		need = i.Size
	}
	if need == 0 {
		return v.Size
	}
	return int32(min(int64(v.Size), max(1, (need+1<<30-1)>>30)))
}

// cacheImage keeps a clone of the volume, which holds the image and nothing else.
// That it cannot is no failure of the create.
func (w *Worker) cacheImage(ctx context.Context, j *db.Job, i *glance.Image, v db.Volume, sizeGiB int32, verified bool) {
	if !w.caches() || v.EncryptionKeyID != nil {
		return
	}
	log := w.Log.With("image", i.ID, "volume", v.ID)
	room, err := w.makeRoom(ctx, j, i, deref(v.Host), sizeGiB)
	if err != nil || !room {
		log.Warn("the image is not cached: no room", "err", err)
		return
	}
	n := db.ImageVolume{ID: imageVolumeID(j), Of: &v, SizeGiB: sizeGiB, ProjectID: w.Images.InternalProject, UserID: w.Images.InternalUser, ImageID: i.ID}
	if err = w.makeImageVolume(ctx, n, w.imageMetadata(i, verified)); err == nil {
		err = w.Store.CacheImage(ctx, n.ID, i.ID, i.UpdatedAt)
	}
	if err != nil && ctx.Err() == nil {
		log.Warn("the image is not cached", "err", err)
		w.dropImageVolume(ctx, j)
	}
}

// makeRoom evicts what is out of date, then the least recently used, until the
// limits leave room for one more.
func (w *Worker) makeRoom(ctx context.Context, j *db.Job, i *glance.Image, host string, sizeGiB int32) (bool, error) {
	maxGiB, maxCount := int64(w.Images.CacheMaxGiB), w.Images.CacheMaxCount
	if maxGiB > 0 && int64(sizeGiB) > maxGiB {
		return false, nil
	}
	entries, err := w.Store.CacheEntries(ctx, host)
	if err != nil {
		return false, err
	}
	total, count := int64(sizeGiB), 1
	for _, e := range entries {
		total, count = total+int64(e.Size), count+1
	}
	own := imageVolumeID(j) // of an earlier attempt
	for _, e := range entries {
		full := maxGiB > 0 && total > maxGiB || maxCount > 0 && count > maxCount
		stale := e.ImageID == i.ID && e.ImageUpdatedAt.Before(i.UpdatedAt)
		if e.VolumeID == own || !full && !stale {
			continue
		}
		actor := db.Actor{ProjectID: e.ProjectID, UserID: e.UserID, RequestID: j.RequestID}
		if err := w.Store.DeleteVolume(ctx, actor, e.VolumeID, db.DeleteOptions{}); err != nil {
			w.Log.Warn("cannot evict a volume from the image-volume cache", "volume", e.VolumeID, "err", err)
			continue
		}
		total, count = total-int64(e.Size), count-1
	}
	return (maxGiB == 0 || total <= maxGiB) && (maxCount == 0 || count <= maxCount), nil
}
