package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// NewSnapshot is what a snapshot create asks for.
type NewSnapshot struct {
	ID          string
	VolumeID    string
	Name        *string
	Description *string
	Metadata    Metadata
	AllowInUse  bool            // force, or microversion 3.66 and later
	Ref         json.RawMessage // of what is taken over as the snapshot; nil: one is made
}

// CreateSnapshot writes the snapshot, its quota and its job.
func (s *Store) CreateSnapshot(ctx context.Context, a Actor, n NewSnapshot) (Snapshot, error) {
	op := VolumeSnapshot
	if n.AllowInUse {
		op = VolumeSnapshotUsed
	}
	var snap Snapshot
	err := s.tx(ctx, func(t *txn) error {
		v, err := t.shareVolume(ctx, shareVolumeParams{ID: n.VolumeID, Accepts: op.Accepts})
		if none(err) {
			return t.refuseSnapshot(ctx, n.VolumeID, op)
		}
		if err != nil {
			return fmt.Errorf("volume of the snapshot: %w", err)
		}
		if v.Host == nil {
			return Errorf(Invalid, "Invalid volume: The snapshot cannot be created when the volume has no host.")
		}
		if err := t.notFrozen(ctx, *v.Host); err != nil {
			return err
		}
		snap, err = t.insertSnapshot(ctx, insertSnapshotParams{ID: n.ID, VolumeID: v.ID, ProjectID: a.ProjectID, UserID: a.UserID,
			Status: SnapshotCreate.Running, VolumeSize: v.Size, VolumeTypeID: v.VolumeTypeID,
			Name: n.Name, Description: n.Description, Metadata: n.Metadata.orEmpty()})
		if err != nil {
			return fmt.Errorf("insert snapshot: %w", err)
		}
		job := newJob{kind: JobSnapshotCreate, queue: VolumeQueue(*v.Host), volume: v.ID, snapshot: &n.ID}
		if n.Ref == nil {
			t.note(ctx, snapshotEvent(n.ID, "create.start", byBackend))
		} else {
			job.kind, job.queue, job.args = JobSnapshotManage, QueueScheduler, ManageArgs{Ref: n.Ref}
		}
		if _, err := t.addJob(ctx, a, job); err != nil {
			return err
		}
		name, err := t.typeName(ctx, v.VolumeTypeID)
		if err != nil {
			return err
		}
		return t.take(ctx, a.ProjectID, s.snapshotQuota(name, v.Size))
	})
	return snap, err
}

// refuseSnapshot says why a volume cannot be snapshotted; two states have words of their own.
func (t *txn) refuseSnapshot(ctx context.Context, id string, op Op) error {
	v, err := t.GetVolume(ctx, id)
	switch {
	case none(err):
		return Errorf(NotFound, "Volume %s could not be found.", id)
	case err != nil:
		return fmt.Errorf("read volume: %w", err)
	case v.Status == Maintenance:
		return Errorf(Invalid, "Invalid volume: The snapshot cannot be created when the volume is in maintenance mode.")
	case v.Status == InError:
		return Errorf(Invalid, "Invalid volume: The snapshot cannot be created when the volume is in error status.")
	}
	return Errorf(Invalid, "Invalid volume: Volume %s status must be %s, but current status is: %s.", id, strings.Join(op.Accepts, ", "), v.Status)
}

// DeleteSnapshot begins the end of a snapshot; force takes any status.
func (s *Store) DeleteSnapshot(ctx context.Context, a Actor, id string, force bool) error {
	op, status := SnapshotDelete, "status must be available or error and "
	if force {
		op, status = SnapshotForceDelete, ""
	}
	return s.tx(ctx, func(t *txn) error {
		snap, err := t.beginDeleteSnapshot(ctx, beginDeleteSnapshotParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts})
		if none(err) {
			return Errorf(Invalid, "Invalid snapshot: Snapshot %smust not be part of a group.", status)
		}
		if err != nil {
			return fmt.Errorf("delete snapshot: %w", err)
		}
		if err := t.noteNow(ctx, snapshotEvent(id, "delete.start", byBackend)); err != nil {
			return err
		}
		v, err := t.GetVolume(ctx, snap.VolumeID)
		if err != nil {
			return fmt.Errorf("volume of the snapshot: %w", err)
		}
		if v.Host == nil {
			return t.removeSnapshot(ctx, id)
		}
		if err := t.notFrozen(ctx, *v.Host); err != nil {
			return err
		}
		_, err = t.addJob(ctx, a, newJob{kind: JobSnapshotDelete, queue: VolumeQueue(*v.Host), volume: v.ID, snapshot: &id})
		return err
	})
}

// removeSnapshot deletes the row and returns its quota.
func (t *txn) removeSnapshot(ctx context.Context, id string) error {
	end := snapshotEvent(id, "delete.end", byBackend)
	end.extra = fields{"status": "deleted", "deleted": "True"}
	if err := t.noteNow(ctx, end); err != nil {
		return err
	}
	snap, err := t.deleteSnapshot(ctx, id)
	if none(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete snapshot row: %w", err)
	}
	return t.giveSnapshot(ctx, snap)
}

func (t *txn) giveSnapshot(ctx context.Context, s Snapshot) error {
	if !s.ConsumesQuota {
		return nil
	}
	name, err := t.typeName(ctx, s.VolumeTypeID)
	if err != nil {
		return err
	}
	return t.give(ctx, s.ProjectID, t.store.snapshotQuota(name, s.VolumeSize))
}

// UpdateSnapshot changes name and description.
func (s *Store) UpdateSnapshot(ctx context.Context, id string, u VolumeText) error {
	p := updateSnapshotTextParams{ID: id}
	if u.Name != nil {
		p.SetName, p.Name = true, *u.Name
	}
	if u.Description != nil {
		p.SetDescription, p.Description = true, *u.Description
	}
	err := s.once(ctx, func(t *txn) error {
		if err := t.noteNow(ctx, snapshotEvent(id, "update.start", byProcess)); err != nil {
			return err
		}
		t.note(ctx, snapshotEvent(id, "update.end", byProcess))
		_, err := t.updateSnapshotText(ctx, p)
		return err
	})
	return snapshotGone(id, err)
}

// MergeSnapshotMetadata adds keys and returns what is there afterwards.
func (s *Store) MergeSnapshotMetadata(ctx context.Context, id string, m Metadata) (Metadata, error) {
	raw, err := json.Marshal(m.orEmpty())
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	out, err := s.mergeSnapshotMetadata(ctx, mergeSnapshotMetadataParams{Added: raw, ID: id})
	return out, snapshotGone(id, err)
}

// ReplaceSnapshotMetadata sets all keys.
func (s *Store) ReplaceSnapshotMetadata(ctx context.Context, id string, m Metadata) (Metadata, error) {
	out, err := s.replaceSnapshotMetadata(ctx, replaceSnapshotMetadataParams{Metadata: m.orEmpty(), ID: id})
	return out, snapshotGone(id, err)
}

// RemoveSnapshotMetadata drops one key.
func (s *Store) RemoveSnapshotMetadata(ctx context.Context, id, key string) (Metadata, error) {
	out, err := s.removeSnapshotMetadata(ctx, removeSnapshotMetadataParams{Key: key, ID: id})
	return out, snapshotGone(id, err)
}

// ResetSnapshot sets the status by hand.
func (s *Store) ResetSnapshot(ctx context.Context, id, status string) error {
	return s.once(ctx, func(t *txn) error {
		if err := t.noteNow(ctx, snapshotEvent(id, "reset_status.start", byProcess)); err != nil {
			return err
		}
		t.note(ctx, snapshotEvent(id, "reset_status.end", byProcess))
		n, err := t.resetSnapshot(ctx, resetSnapshotParams{Status: status, ID: id})
		if err == nil && n == 0 {
			return Errorf(NotFound, "Snapshot %s could not be found.", id)
		}
		return err
	})
}

func snapshotGone(id string, err error) error {
	if none(err) {
		return Errorf(NotFound, "Snapshot %s could not be found.", id)
	}
	return err
}
