package db

import (
	"context"
	"encoding/json"
	"fmt"
)

// ManagePlaced writes the pool that the scheduler has confirmed and hands the
// job to its worker.
func (s *Store) ManagePlaced(ctx context.Context, j *Job, host, availabilityZone string) error {
	return s.pass(ctx, j, VolumeQueue(host), j.Args, func(t *txn) error {
		_, err := t.placeVolume(ctx, placeVolumeParams{Host: &host, AvailabilityZone: availabilityZone, ID: j.VolumeID, Running: running(VolumeManage)})
		t.note(ctx, volumeEvent(j.VolumeID, "manage_existing.start", byPool))
		return err
	})
}

// HoldManagedVolume reserves the gigabytes of a volume whose size is known now.
// A second call takes the place of the first.
func (s *Store) HoldManagedVolume(ctx context.Context, j *Job, v Volume, sizeGiB int32) error {
	return s.tx(ctx, func(t *txn) error {
		if err := t.checkVolumeSize(ctx, v.ProjectID, sizeGiB); err != nil {
			return err
		}
		return t.holdAnew(ctx, j, v.ProjectID, v.VolumeTypeID, int64(sizeGiB))
	})
}

// HoldManagedSnapshot reserves what a snapshot is larger than its volume,
// which is what it was counted as.
func (s *Store) HoldManagedSnapshot(ctx context.Context, j *Job, snap Snapshot, sizeGiB int32) error {
	more := int64(sizeGiB - snap.VolumeSize)
	if more <= 0 || s.opts.NoSnapshotGigabytes {
		return nil
	}
	return s.tx(ctx, func(t *txn) error { return t.holdAnew(ctx, j, snap.ProjectID, snap.VolumeTypeID, more) })
}

func (t *txn) holdAnew(ctx context.Context, j *Job, project, typeID string, gib int64) error {
	if err := t.dropReservations(ctx, j.ID); err != nil {
		return fmt.Errorf("return reservations: %w", err)
	}
	name, err := t.typeName(ctx, typeID)
	if err != nil {
		return err
	}
	return t.hold(ctx, j.ID, project, []quotaDelta{{resource: "gigabytes", held: gib}, {resource: "gigabytes_" + name, held: gib}})
}

// VolumeManaged ends a manage.
func (s *Store) VolumeManaged(ctx context.Context, j *Job, sizeGiB int32, serviceUUID string) error {
	return s.end(ctx, j, "", func(t *txn) error {
		n, err := t.finishManageVolume(ctx, finishManageVolumeParams{Size: sizeGiB, ServiceUuid: &serviceUUID, ToStatus: VolumeManage.Success,
			ID: j.VolumeID, Running: running(VolumeManage)})
		if err != nil {
			return fmt.Errorf("finish manage: %w", err)
		}
		if n > 0 {
			t.note(ctx, volumeEvent(j.VolumeID, "manage_existing.end", byPool))
		}
		return t.settleHeld(ctx, j, n > 0)
	})
}

// settleHeld spends what the job held, or returns it when there is no row for it.
func (t *txn) settleHeld(ctx context.Context, j *Job, spend bool) error {
	do := t.dropReservations
	if spend {
		do = t.spendReservations
	}
	if err := do(ctx, j.ID); err != nil {
		return fmt.Errorf("settle reservations: %w", err)
	}
	return nil
}

// SnapshotManaged ends a manage of a snapshot, which was counted as large as
// its volume until now.
func (s *Store) SnapshotManaged(ctx context.Context, j *Job, snap Snapshot, sizeGiB int32) error {
	return s.end(ctx, j, "", func(t *txn) error {
		n, err := t.finishManageSnapshot(ctx, finishManageSnapshotParams{Size: sizeGiB, ToStatus: SnapshotManage.Success,
			ID: snap.ID, Running: running(SnapshotManage)})
		if err != nil {
			return fmt.Errorf("finish manage: %w", err)
		}
		if err := t.settleHeld(ctx, j, n > 0); err != nil {
			return err
		}
		if n > 0 {
			t.note(ctx, snapshotEvent(snap.ID, "manage_existing_snapshot.end", byPool))
		}
		less := int64(snap.VolumeSize - sizeGiB)
		if n == 0 || less <= 0 || s.opts.NoSnapshotGigabytes {
			return nil
		}
		name, err := t.typeName(ctx, snap.VolumeTypeID)
		if err != nil {
			return err
		}
		return t.give(ctx, snap.ProjectID, []quotaDelta{{resource: "gigabytes", used: less}, {resource: "gigabytes_" + name, used: less}})
	})
}

// ManageableListed ends a list with what the one who waits for it gets.
func (s *Store) ManageableListed(ctx context.Context, j *Job, r ManageableResult) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("list of what can be managed: %w", err)
	}
	return s.endWith(ctx, j, "", raw, func(*txn) error { return nil })
}
