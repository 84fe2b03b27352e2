package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// What Nova reports of its part of a long operation.

// CompleteMigration is told that Nova has copied volume id to the volume copyID,
// or could not. It returns the id of the volume that is kept.
func (s *Store) CompleteMigration(ctx context.Context, a Actor, id, copyID string, failed bool) (kept string, err error) {
	err = s.tx(ctx, func(t *txn) error {
		v, c, err := t.lockPair(ctx, id, copyID)
		if err != nil {
			return err
		}
		var complete func(context.Context, Actor, *Volume, *Volume, bool) error
		if kept, complete, err = t.completion(v, c); err != nil {
			return err
		}
		return complete(ctx, a, v, c, failed)
	})
	return kept, err
}

// lockPair locks two volumes in the order of their ids.
func (t *txn) lockPair(ctx context.Context, first, second string) (a, b *Volume, err error) {
	got := make(map[string]*Volume, 2)
	for _, id := range []string{min(first, second), max(first, second)} {
		v, err := t.lockVolume(ctx, id)
		if none(err) {
			return nil, nil, Errorf(NotFound, "Volume %s could not be found.", id)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("lock volume: %w", err)
		}
		got[id] = &v
	}
	return got[first], got[second], nil
}

// completion says what the two volumes are to each other, and what to do.
func (t *txn) completion(v, c *Volume) (kept string, f func(context.Context, Actor, *Volume, *Volume, bool) error, err error) {
	mine, its := deref(v.MigrationStatus), deref(c.MigrationStatus)
	switch {
	case mine == "" && its == "":
		return c.ID, t.swapAttachments, nil
	case mine == "":
		return "", nil, Errorf(Invalid, "Invalid volume: Source volume not mid-migration.")
	case its == "":
		return "", nil, Errorf(Invalid, "Invalid volume: Destination volume not mid-migration.")
	case its != "target:"+v.ID:
		return "", nil, Errorf(Invalid, "Invalid volume: Destination has migration_status %s, expected target:%s.", its, v.ID)
	}
	return v.ID, t.completeMigration, nil
}

// swapAttachments: no migration of ours, a server has changed its volume for another.
func (t *txn) swapAttachments(ctx context.Context, a Actor, v, c *Volume, failed bool) error {
	if failed || v.ID == c.ID {
		return nil
	}
	if err := t.takeOverAttachments(ctx, takeOverAttachmentsParams{OldVolume: v.ID, NewVolume: c.ID}); err != nil {
		return fmt.Errorf("attachments of %s: %w", c.ID, err)
	}
	if err := t.dropAttachments(ctx, a, *v); err != nil {
		return err
	}
	for _, id := range []string{v.ID, c.ID} {
		if err := t.recomputeVolume(ctx, id); err != nil {
			return fmt.Errorf("state of %s: %w", id, err)
		}
	}
	return nil
}

// completeMigration makes the copy the volume, or gives it up. Either way the
// row of the copy goes, with what it then stands for.
func (t *txn) completeMigration(ctx context.Context, a Actor, v, c *Volume, failed bool) error {
	gone := c.Host // where that is
	if failed {
		if err := t.endMove(ctx, v.ID); err != nil {
			return fmt.Errorf("end the move: %w", err)
		}
		if err := t.abandonCopy(ctx, abandonCopyParams{ToStatus: VolumeDelete.Running, ID: c.ID}); err != nil {
			return fmt.Errorf("give up the copy: %w", err)
		}
		if err := t.dropReservations(ctx, c.ID); err != nil {
			return fmt.Errorf("return reservations: %w", err)
		}
	} else {
		gone = v.Host
		if err := t.moveAttachments(ctx, moveAttachmentsParams{ToVolume: v.ID, FromVolume: c.ID}); err != nil {
			return fmt.Errorf("attachments of the copy: %w", err)
		}
		if err := t.swapVolumes(ctx, swapVolumesParams{VolumeID: v.ID, Deleting: VolumeDelete.Running, CopyID: c.ID}); err != nil {
			return fmt.Errorf("swap volumes: %w", err)
		}
		if err := t.recomputeVolume(ctx, v.ID); err != nil {
			return fmt.Errorf("state of %s: %w", v.ID, err)
		}
		if err := t.becomeCopy(ctx, v, c); err != nil {
			return err
		}
	}
	if err := t.endAwait(ctx, c.ID); err != nil {
		return fmt.Errorf("end the wait: %w", err)
	}
	if gone == nil {
		return t.removeVolume(ctx, c.ID)
	}
	_, err := t.addJob(ctx, a, newJob{kind: JobVolumeDelete, queue: VolumeQueue(*gone), volume: c.ID, args: DeleteArgs{}})
	return err
}

// becomeCopy gives a volume the type that it was moved for, and its waiting
// jobs to the worker that has it now. The copy has the id of the job of the move.
func (t *txn) becomeCopy(ctx context.Context, v, c *Volume) error {
	if v.Host != nil && c.Host != nil {
		if err := t.followVolume(ctx, followVolumeParams{ToQueue: VolumeQueue(*c.Host), VolumeID: v.ID, FromQueue: VolumeQueue(*v.Host)}); err != nil {
			return fmt.Errorf("redirect jobs: %w", err)
		}
	}
	if v.VolumeTypeID == c.VolumeTypeID {
		return nil
	}
	return t.changeType(ctx, &Job{ID: c.ID}, v, MoveArgs{TypeID: c.VolumeTypeID, Multiattach: c.Multiattach})
}

// CompleteExtend is told that Nova has grown a volume in use, or could not. The
// new size and what is held for it stand in the volume's own admin metadata.
func (s *Store) CompleteExtend(ctx context.Context, a Actor, id string, failed bool) error {
	return s.tx(ctx, func(t *txn) error {
		v, err := t.lockVolume(ctx, id)
		if none(err) {
			return Errorf(NotFound, "Volume %s could not be found.", id)
		}
		if err != nil {
			return fmt.Errorf("lock volume: %w", err)
		}
		size, jobs, err := extendMarks(&v)
		if err != nil {
			return err
		}
		if err := t.takeExtendMarks(ctx, v.ID); err != nil {
			return fmt.Errorf("marks of the extend: %w", err)
		}
		if failed {
			return t.extendFailed(ctx, a, &v, jobs)
		}
		return t.extended(ctx, &v, size, jobs)
	})
}

// extendMarks reads what stands on a volume that waits for Nova: the size, and
// the jobs whose reservations are held.
func extendMarks(v *Volume) (sizeGiB int32, jobs []string, err error) {
	if v.Status != VolumeExtend.Running {
		return 0, nil, Errorf(Invalid, "Invalid volume: Volume is not being extended.")
	}
	malformed := Errorf(Invalid, "Invalid volume: Required volume admin metadata is malformed or missing.")
	text, ok := v.AdminMetadata["extend_new_size"]
	size, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	if !ok || err != nil {
		return 0, nil, malformed
	}
	var reservations any
	if json.Unmarshal([]byte(v.AdminMetadata["extend_reservations"]), &reservations) != nil {
		return 0, nil, malformed
	}
	if int32(size) <= v.Size {
		return 0, nil, Errorf(Invalid, "Invalid volume: The target volume size provided in volume admin metadata %s "+
			"is smaller or equal to the current volume size.", text)
	}
	list, ok := reservations.([]any)
	if !ok {
		return 0, nil, Errorf(Invalid, "Invalid volume: The stored quota reservations for extending the volume must be in a list format.")
	}
	for _, item := range list {
		if id, ok := item.(string); ok && uuid.Validate(id) == nil {
			jobs = append(jobs, id)
		}
	}
	return int32(size), jobs, nil
}

func (t *txn) extendFailed(ctx context.Context, a Actor, v *Volume, jobs []string) error {
	if _, err := t.failVolume(ctx, failVolumeParams{ToStatus: VolumeExtend.Failure, ID: v.ID, Running: running(VolumeExtend)}); err != nil {
		return fmt.Errorf("volume to %s: %w", VolumeExtend.Failure, err)
	}
	if err := t.tell(ctx, &Job{ProjectID: a.ProjectID, RequestID: a.RequestID}, ResourceVolume, v.ID, ActionExtend, DetailExtendFailed); err != nil {
		return err
	}
	return t.dropAll(ctx, jobs)
}

func (t *txn) dropAll(ctx context.Context, jobs []string) error {
	for _, job := range jobs {
		if err := t.dropReservations(ctx, job); err != nil {
			return fmt.Errorf("return reservations: %w", err)
		}
	}
	return nil
}

// extended books what the volume really uses more, whatever was held for it.
func (t *txn) extended(ctx context.Context, v *Volume, sizeGiB int32, jobs []string) error {
	if _, err := t.finishVolumeExtend(ctx, finishVolumeExtendParams{Size: sizeGiB, ID: v.ID, Running: running(VolumeExtend)}); err != nil {
		return fmt.Errorf("finish extend: %w", err)
	}
	t.note(ctx, volumeEvent(v.ID, "resize.end", byBackend))
	if err := t.dropAll(ctx, jobs); err != nil || !v.ConsumesQuota {
		return err
	}
	name, err := t.typeName(ctx, v.VolumeTypeID)
	if err != nil {
		return err
	}
	var q quotaShift
	q.add(v.ProjectID, "gigabytes", int64(sizeGiB-v.Size))
	q.add(v.ProjectID, "gigabytes_"+name, int64(sizeGiB-v.Size))
	return t.settle(ctx, uuid.Nil.String(), q)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
