package db

import (
	"context"
	"encoding/json"
	"fmt"
)

// VolumeImaged ends a create from an image, whose properties the volume keeps.
func (s *Store) VolumeImaged(ctx context.Context, j *Job, serviceUUID string, image Metadata) error {
	return s.end(ctx, j, "", func(t *txn) error {
		_, err := t.finishImageCreate(ctx, finishImageCreateParams{ToStatus: VolumeDownload.Success, ServiceUuid: &serviceUUID,
			ImageMetadata: image.orEmpty(), ID: j.VolumeID, Running: running(VolumeCreate)})
		return err
	})
}

func failCreate(ctx context.Context, t *txn, j *Job) error {
	_, err := t.failVolumeCreate(ctx, failVolumeCreateParams{ToStatus: VolumeCreate.Failure, ID: j.VolumeID, Running: running(VolumeCreate)})
	if err != nil {
		return fmt.Errorf("volume to %s: %w", VolumeCreate.Failure, err)
	}
	return t.endRekey(ctx, j)
}

// VolumeUploaded ends an upload.
func (s *Store) VolumeUploaded(ctx context.Context, j *Job) error {
	return s.end(ctx, j, "", func(t *txn) error { return endUpload(ctx, t, j) })
}

// endUpload makes the status what the attachments make it, uploaded or not.
func endUpload(ctx context.Context, t *txn, j *Job) error {
	if err := t.finishUpload(ctx, finishUploadParams{ID: j.VolumeID, Running: running(VolumeUpload)}); err != nil {
		return fmt.Errorf("status after an upload: %w", err)
	}
	return nil
}

// Reimaged ends a reimage; the server that the volume is reserved for waits for word of it.
func (s *Store) Reimaged(ctx context.Context, j *Job, image Metadata) error {
	return s.end(ctx, j, "", func(t *txn) error {
		if err := t.changeReimageKey(ctx, j); err != nil {
			return err
		}
		v, err := t.finishReimage(ctx, finishReimageParams{Running: running(VolumeReimage), ImageMetadata: image.orEmpty(), ID: j.VolumeID})
		if none(err) {
			return nil
		}
		if err != nil || v.Status != Reserved {
			return err
		}
		return t.tellCompute(ctx, j, ComputeReimaged, j.VolumeID)
	})
}

// changeReimageKey gives the volume the key of its new data, unless it is being
// deleted.
func (t *txn) changeReimageKey(ctx context.Context, j *Job) error {
	var args ReimageArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	c := args.Key
	if c == nil {
		return nil
	}
	n, err := t.reimageKey(ctx, reimageKeyParams{NewKeyID: &c.New, ID: j.VolumeID, OldKeyID: &c.Old, Deleting: VolumeDelete.Running})
	switch {
	case err != nil:
		return fmt.Errorf("change the key of %s: %w", j.VolumeID, err)
	case n == 0:
		return t.loosenKey(ctx, c.Owner, &c.New)
	}
	return t.loosenKey(ctx, c.Owner, &c.Old)
}

// failReimage leaves the volume its key: whether it opens what is there depends
// on how far the job came.
func failReimage(ctx context.Context, t *txn, j *Job) error {
	var args ReimageArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	if args.Key != nil {
		if err := t.loosenKey(ctx, args.Key.Owner, &args.Key.New); err != nil {
			return err
		}
	}
	return t.fail(ctx, j, VolumeReimage)
}
