package db

import (
	"context"
	"fmt"
)

// RevertVolume begins to make a volume again what its newest snapshot is. All
// conditions hold in one transaction: no later snapshot slips in.
func (s *Store) RevertVolume(ctx context.Context, a Actor, id string, snapshotID *string) error {
	return s.tx(ctx, func(t *txn) error {
		snap, err := t.latestSnapshot(ctx, id)
		if none(err) {
			return Errorf(Invalid, "Volume %s doesn't have any snapshots.", id)
		}
		if err != nil {
			return fmt.Errorf("newest snapshot: %w", err)
		}
		if snapshotID == nil || *snapshotID != snap.ID {
			return Errorf(Invalid, "Specified snapshot %s is None or not the latest one of volume %s.", orNone(snapshotID), id)
		}
		if err := t.fitsSnapshot(ctx, id, snap); err != nil {
			return err
		}
		v, err := t.moveVolume(ctx, moveVolumeParams{ToStatus: VolumeRevert.Running, ID: id, Accepts: VolumeRevert.Accepts})
		if none(err) {
			return refuseRevert("volume", "Volume", id, snap.ID)
		}
		if err != nil {
			return fmt.Errorf("revert volume: %w", err)
		}
		n, err := t.moveSnapshot(ctx, moveSnapshotParams{ToStatus: SnapshotRevert.Running, ID: snap.ID, Accepts: SnapshotRevert.Accepts})
		if err != nil {
			return fmt.Errorf("revert to snapshot: %w", err)
		}
		if n == 0 {
			return refuseRevert("snapshot", "Snapshot", id, snap.ID)
		}
		latest, err := t.latestSnapshot(ctx, id) // of a volume that nobody can change now
		if err != nil {
			return fmt.Errorf("newest snapshot: %w", err)
		}
		if latest.ID != snap.ID || v.Host == nil {
			return refuseRevert("volume", "Volume", id, snap.ID)
		}
		t.note(ctx, volumeEvent(id, "revert.start", byBackend))
		t.note(ctx, snapshotEvent(snap.ID, "revert.start", byBackend))
		_, err = t.addJob(ctx, a, newJob{kind: JobVolumeRevert, queue: VolumeQueue(*v.Host), volume: id, snapshot: &snap.ID})
		return err
	})
}

// fitsSnapshot: a volume that has grown since cannot go back.
func (t *txn) fitsSnapshot(ctx context.Context, id string, snap Snapshot) error {
	v, err := t.GetVolume(ctx, id)
	if err != nil {
		return fmt.Errorf("read volume: %w", err)
	}
	if v.Size != snap.VolumeSize {
		return Errorf(Invalid, "Can't revert volume %s to its latest snapshot %s. The volume size must be equal to the snapshot size.", id, snap.ID)
	}
	return nil
}

func refuseRevert(kind, what, volume, snapshot string) error {
	return Errorf(Conflict, "Invalid %s: Can't revert volume %s to its latest snapshot %s. %s's status must be 'available'.", kind, volume, snapshot, what)
}

func orNone(s *string) string {
	if s == nil {
		return "None"
	}
	return *s
}

// VolumeReverted ends a revert.
func (s *Store) VolumeReverted(ctx context.Context, j *Job) error {
	return s.end(ctx, j, "", func(t *txn) error { return t.endRevert(ctx, j, VolumeRevert.Success, SnapshotRevert.Success) })
}

// endRevert gives volume and snapshot the states that follow.
func (t *txn) endRevert(ctx context.Context, j *Job, volume, snapshot string) error {
	if _, err := t.failVolume(ctx, failVolumeParams{ToStatus: volume, ID: j.VolumeID, Running: running(VolumeRevert)}); err != nil {
		return fmt.Errorf("volume to %s: %w", volume, err)
	}
	if _, err := t.moveSnapshot(ctx, moveSnapshotParams{ToStatus: snapshot, ID: *j.SnapshotID, Accepts: running(SnapshotRevert)}); err != nil {
		return fmt.Errorf("snapshot to %s: %w", snapshot, err)
	}
	t.note(ctx, volumeEvent(j.VolumeID, "revert.end", byBackend))
	t.note(ctx, snapshotEvent(*j.SnapshotID, "revert.end", byBackend))
	return nil
}
