package db

import (
	"context"
	"fmt"
	"strings"
)

// UploadArgs of volume.upload.
type UploadArgs struct {
	ImageID string  `json:"image"`         // whose record is there already
	KeyID   *string `json:"key,omitempty"` // of the image, made with KeyMade: the image's once the job is there
}

// ReimageArgs of volume.reimage.
type ReimageArgs struct {
	ImageID  string       `json:"image"`
	Signed   *SignedImage `json:"signed,omitempty"` // how it was signed when it was asked for
	Change   *KeyChange   `json:"change,omitempty"` // the image is encrypted: of the volume's key, once it is written
	ImageKey              // the volume is, and the image is not
}

// SignedImage is what a worker needs to check the signature of an image: the
// certificate is in the key manager, for the user to read and not for the worker.
type SignedImage struct {
	Signature     string `json:"signature"` // as the image had it
	CertificateID string `json:"certificate_id"`
	Certificate   []byte `json:"certificate,omitempty"` // DER
	Missing       string `json:"missing,omitempty"`     // why there is no certificate
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
func (s *Store) UploadVolume(ctx context.Context, a Actor, id string, with UploadArgs, force bool) (v Volume, err error) {
	op := uploadOp(force)
	err = s.tx(ctx, func(t *txn) error {
		v, err = t.moveVolume(ctx, moveVolumeParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts})
		if none(err) {
			return refuseUpload(id, op)
		}
		if err != nil {
			return fmt.Errorf("upload volume: %w", err)
		}
		if err := t.useKeys(ctx, with.KeyID); err != nil {
			return err
		}
		return t.toWorker(ctx, a, v, newJob{kind: JobVolumeUpload, volume: id, args: with})
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
func (s *Store) ReimageVolume(ctx context.Context, a Actor, id string, with ReimageArgs, reserved bool) error {
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
		if with.Change != nil {
			if err := t.useKey(ctx, with.Change.New); err != nil {
				return err
			}
		}
		if err := t.useKeys(ctx, with.ImageKey.Key); err != nil {
			return err
		}
		return t.toWorker(ctx, a, v, newJob{kind: JobVolumeReimage, volume: id, args: with})
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

// KeyLeft gives up the key of an image that is gone; nil is none.
func (s *Store) KeyLeft(ctx context.Context, project string, key *string) error {
	return s.tx(ctx, func(t *txn) error { return t.loosenKey(ctx, project, key) })
}
