package db

import (
	"context"
	"fmt"
	"strings"
)

// UploadArgs of volume.upload.
type UploadArgs struct {
	ImageID string `json:"image"` // whose record is there already
}

// ReimageArgs of volume.reimage.
type ReimageArgs struct {
	ImageID string `json:"image"`
	ImageKey
}

// uploadOp is the operation with or without force.
func uploadOp(force bool) Op {
	if force {
		return VolumeUploadForce
	}
	return VolumeUpload
}

func refuseUpload(id string, op Op) error {
	return Errorf(Invalid, "Invalid volume: Volume %s status must be %s", id, strings.Join(op.Accepts, " or "))
}

// MayUpload refuses a volume whose contents cannot become an image now.
func (s *Store) MayUpload(ctx context.Context, id string, force bool) error {
	op := uploadOp(force)
	_, err := s.shareVolume(ctx, shareVolumeParams{ID: id, Accepts: op.Accepts})
	if none(err) {
		return refuseUpload(id, op)
	}
	return err
}

// UploadVolume begins to copy a volume into an image whose record is there.
func (s *Store) UploadVolume(ctx context.Context, a Actor, id, image string, force bool) (v Volume, err error) {
	op := uploadOp(force)
	err = s.tx(ctx, func(t *txn) error {
		v, err = t.moveVolume(ctx, moveVolumeParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts})
		if none(err) {
			return refuseUpload(id, op)
		}
		if err != nil {
			return fmt.Errorf("upload volume: %w", err)
		}
		return t.toWorker(ctx, a, v, newJob{kind: JobVolumeUpload, volume: id, args: UploadArgs{ImageID: image}})
	})
	return v, err
}

// toWorker adds a job for the worker that has the volume.
func (t *txn) toWorker(ctx context.Context, a Actor, v Volume, j newJob) error {
	if v.Host == nil {
		return Errorf(Invalid, "Invalid volume: Volume %s is on no backend.", v.ID)
	}
	j.queue = VolumeQueue(*v.Host)
	_, err := t.addJob(ctx, a, j)
	return err
}

// ReimageVolume begins to write an image over a volume; reserved allows one
// that waits for its server.
func (s *Store) ReimageVolume(ctx context.Context, a Actor, id string, args ReimageArgs, reserved bool) error {
	op := VolumeReimage
	if reserved {
		op = VolumeReimageHeld
	}
	return s.tx(ctx, func(t *txn) error {
		n, err := t.countAttachments(ctx, id)
		if err != nil {
			return fmt.Errorf("attachments: %w", err)
		}
		if n > 1 {
			return Errorf(Conflict, "Cannot re-image a volume which is attached to more than one server.")
		}
		v, err := t.moveVolume(ctx, moveVolumeParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts})
		if none(err) {
			words := strings.Join(op.Accepts[:len(op.Accepts)-1], ", ") + " or " + op.Accepts[len(op.Accepts)-1]
			return t.refuse(ctx, id, Op{Accepts: S{words}}, "Invalid volume: Volume %s status must be %s, but current status is %s.")
		}
		if err != nil {
			return fmt.Errorf("reimage volume: %w", err)
		}
		if err := t.useImageKey(ctx, args.ImageKey); err != nil {
			return err
		}
		return t.toWorker(ctx, a, v, newJob{kind: JobVolumeReimage, volume: id, args: args})
	})
}

// Downloading says that the data of the volume's image is on its way.
func (s *Store) Downloading(ctx context.Context, volume string) error {
	_, err := s.beginDownload(ctx, beginDownloadParams{ToStatus: VolumeDownload.Running, ID: volume, Accepts: VolumeDownload.Accepts})
	if err != nil {
		return fmt.Errorf("volume to %s: %w", VolumeDownload.Running, err)
	}
	return nil
}
