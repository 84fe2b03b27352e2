package db

import (
	"context"
	"encoding/json"
	"fmt"
)

// The ends of the jobs of groups and group snapshots.

// GroupPlaced ends a create: the group lives on the backend of that pool.
func (s *Store) GroupPlaced(ctx context.Context, j *Job, host string) error {
	return s.end(ctx, j, "", func(t *txn) error {
		if err := t.noteNow(ctx, groupEvent{id: j.VolumeID, suffix: "create.start", host: host}); err != nil {
			return err
		}
		t.note(ctx, groupEvent{id: j.VolumeID, suffix: "create.end"})
		_, err := t.placeGroup(ctx, placeGroupParams{Host: &host, ToStatus: GroupCreate.Success, ID: j.VolumeID, Running: running(GroupCreate)})
		return err
	})
}

// GroupCloned ends a create of a group with copies of another one's volumes.
func (s *Store) GroupCloned(ctx context.Context, j *Job, serviceUUID string) error {
	return s.end(ctx, j, "", func(t *txn) error {
		if err := t.finishGroupVolumes(ctx, finishGroupVolumesParams{ToStatus: VolumeCreate.Success, ServiceUuid: &serviceUUID,
			GroupID: j.VolumeID, Members: j.MemberVolumeIDs, Running: running(VolumeCreate)}); err != nil {
			return fmt.Errorf("volumes of the group: %w", err)
		}
		t.noteGroupAndVolumes(ctx, j.VolumeID, "create.end")
		_, err := t.moveGroup(ctx, moveGroupParams{ToStatus: GroupCreate.Success, ID: j.VolumeID, Running: running(GroupCreate)})
		return err
	})
}

// GroupDeleted ends a delete, the group's volumes included.
func (s *Store) GroupDeleted(ctx context.Context, j *Job) error {
	return s.end(ctx, j, "", func(t *txn) error { return t.removeGroup(ctx, j.VolumeID, j.MemberVolumeIDs) })
}

// GroupSnapshotCreated ends the create of a group snapshot and its members.
func (s *Store) GroupSnapshotCreated(ctx context.Context, j *Job) error {
	return s.end(ctx, j, "", func(t *txn) error {
		if id, err := GroupSnapshotOfJob(j); err == nil { // else the next reports it
			t.noteGroupSnapshotAndMembers(ctx, id, "create.end")
		}
		return t.finishGroupSnapshot(ctx, j, GroupSnapshotCreate, SnapshotCreate, GroupSnapshotCreate.Success, SnapshotCreate.Success, "100%")
	})
}

// GroupSnapshotDeleted ends the delete of a group snapshot and its members.
func (s *Store) GroupSnapshotDeleted(ctx context.Context, j *Job) error {
	id, err := GroupSnapshotOfJob(j)
	if err != nil {
		return err
	}
	return s.end(ctx, j, "", func(t *txn) error { return t.removeGroupSnapshot(ctx, id) })
}

// GroupSnapshotOfJob is the id of the group snapshot that a job works on.
func GroupSnapshotOfJob(j *Job) (string, error) {
	var args GroupSnapshotArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return "", fmt.Errorf("job arguments: %w", err)
	}
	return args.GroupSnapshotID, nil
}

func (t *txn) finishGroupSnapshot(ctx context.Context, j *Job, op, member Op, status, memberStatus, progress string) error {
	id, err := GroupSnapshotOfJob(j)
	if err != nil {
		return err
	}
	if err := t.moveMemberSnapshots(ctx, moveMemberSnapshotsParams{ToStatus: memberStatus, Progress: progress,
		GroupSnapshotID: id, Running: running(member)}); err != nil {
		return fmt.Errorf("snapshots of the group snapshot: %w", err)
	}
	_, err = t.moveGroupSnapshot(ctx, moveGroupSnapshotParams{ToStatus: status, ID: id, Accepts: running(op)})
	return err
}

type undo = func(ctx context.Context, t *txn, j *Job) error

// failGroup leaves a group and its volumes in the states of failure.
func failGroup(op, member Op) undo {
	return func(ctx context.Context, t *txn, j *Job) error {
		if err := t.moveGroupVolumes(ctx, moveGroupVolumesParams{ToStatus: member.Failure, GroupID: j.VolumeID,
			Members: j.MemberVolumeIDs, Running: running(member)}); err != nil {
			return fmt.Errorf("volumes of the group: %w", err)
		}
		_, err := t.moveGroup(ctx, moveGroupParams{ToStatus: op.Failure, ID: j.VolumeID, Running: running(op)})
		return err
	}
}

func failGroupSnapshot(op, member Op) undo {
	return func(ctx context.Context, t *txn, j *Job) error {
		return t.finishGroupSnapshot(ctx, j, op, member, op.Failure, member.Failure, "0%")
	}
}
