package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// NewGroupSnapshot is what a group snapshot create asks for.
type NewGroupSnapshot struct {
	ID          string
	GroupID     string
	Name        *string
	Description *string
}

// CreateGroupSnapshot writes the group snapshot with a snapshot of every
// volume of the group, their quota and the one job that takes them.
func (s *Store) CreateGroupSnapshot(ctx context.Context, a Actor, n NewGroupSnapshot) (GroupSnapshot, error) {
	var gs GroupSnapshot
	err := s.tx(ctx, func(t *txn) error {
		refused := Errorf(Invalid, "Invalid Group: Source group cannot be empty or in 'creating' or 'updating' state. No group snapshot will be created.")
		g, err := t.shareGroup(ctx, shareGroupParams{ID: n.GroupID, Accepts: GroupSnapshotOf.Accepts})
		if none(err) {
			return refused
		}
		if err != nil {
			return fmt.Errorf("group of the snapshot: %w", err)
		}
		volumes, err := t.lockGroupVolumes(ctx, g.ID)
		if err != nil {
			return fmt.Errorf("volumes of the group: %w", err)
		}
		if len(volumes) == 0 {
			return refused
		}
		if gs, err = t.insertGroupSnapshot(ctx, insertGroupSnapshotParams{ID: n.ID, GroupID: g.ID, GroupTypeID: g.GroupTypeID, ProjectID: a.ProjectID,
			UserID: a.UserID, Status: GroupSnapshotCreate.Running, Name: n.Name, Description: n.Description}); err != nil {
			return fmt.Errorf("insert group snapshot: %w", err)
		}
		deltas, err := t.insertMembers(ctx, a, gs, volumes)
		if err != nil {
			return err
		}
		t.noteGroupSnapshotAndMembers(ctx, n.ID, "create.start")
		if _, err := t.addJob(ctx, a, newJob{kind: JobGroupSnapshotCreate, queue: VolumeQueue(*volumes[0].Host), volume: g.ID,
			members: volumeIDs(volumes), args: GroupSnapshotArgs{GroupSnapshotID: n.ID}}); err != nil {
			return err
		}
		return t.take(ctx, a.ProjectID, deltas)
	})
	return gs, err
}

// insertMembers writes the snapshots and returns what they take of the quota.
func (t *txn) insertMembers(ctx context.Context, a Actor, gs GroupSnapshot, volumes []Volume) ([]quotaDelta, error) {
	var deltas []quotaDelta
	for _, v := range volumes {
		if err := maySnapshotInGroup(v); err != nil {
			return nil, err
		}
		if _, err := t.insertMemberSnapshot(ctx, insertMemberSnapshotParams{ID: uuid.NewString(), VolumeID: v.ID,
			ProjectID: a.ProjectID, UserID: a.UserID, Status: SnapshotCreate.Running, VolumeSize: v.Size, VolumeTypeID: v.VolumeTypeID,
			Name: gs.Name, Description: gs.Description, GroupSnapshotID: &gs.ID}); err != nil {
			return nil, fmt.Errorf("insert snapshot: %w", err)
		}
		name, err := t.typeName(ctx, v.VolumeTypeID)
		if err != nil {
			return nil, err
		}
		deltas = append(deltas, t.store.snapshotQuota(name, v.Size)...)
	}
	return sum(deltas), nil
}

var idleMigration = []string{"deleting", InError, "success"}

func maySnapshotInGroup(v Volume) error {
	switch {
	case v.Host == nil:
		return Errorf(Invalid, "Invalid volume: The snapshot cannot be created because volume has not been scheduled to any host.")
	case v.Status == Maintenance:
		return Errorf(Invalid, "Invalid volume: The snapshot cannot be created when the volume is in maintenance mode.")
	case v.MigrationStatus != nil && !slices.Contains(idleMigration, *v.MigrationStatus):
		return Errorf(Invalid, "Invalid volume: Snapshot cannot be created while volume is migrating.")
	case v.Status == InError:
		return Errorf(Invalid, "Invalid volume: The snapshot cannot be created when the volume is in error status.")
	case !VolumeGroupSnapshot.accepts(v.Status):
		return Errorf(Invalid, "Invalid volume: Volume %s status must be %s, but current status is: %s.",
			v.ID, strings.Join(VolumeGroupSnapshot.Accepts, ", "), v.Status)
	}
	return nil
}

// DeleteGroupSnapshot begins the end of a group snapshot and of its members.
func (s *Store) DeleteGroupSnapshot(ctx context.Context, a Actor, id string) error {
	return s.tx(ctx, func(t *txn) error {
		gs, err := t.lockGroupSnapshot(ctx, id)
		if none(err) {
			return groupSnapshotGone(id)
		}
		if err != nil {
			return fmt.Errorf("read group snapshot: %w", err)
		}
		snaps, err := t.MemberSnapshots(ctx, id)
		if err != nil {
			return fmt.Errorf("snapshots of the group snapshot: %w", err)
		}
		ids := make([]string, len(snaps))
		for i, m := range snaps {
			ids[i] = m.VolumeID
		}
		volumes, err := t.lockVolumes(ctx, ids)
		if err != nil {
			return fmt.Errorf("volumes of the group snapshot: %w", err)
		}
		if _, err := t.beginDeleteGroupSnapshot(ctx, beginDeleteGroupSnapshotParams{ToStatus: GroupSnapshotDelete.Running,
			ID: id, Accepts: GroupSnapshotDelete.Accepts}); none(err) {
			return Errorf(Invalid, "Invalid GroupSnapshot: GroupSnapshot status must be available or error, "+
				"and no Group can be currently using it as source for its creation.")
		} else if err != nil {
			return fmt.Errorf("delete group snapshot: %w", err)
		}
		if err := t.noteNow(ctx, groupSnapshotEvent{id: id, suffix: "delete.start"}); err != nil {
			return err
		}
		if len(volumes) == 0 {
			return t.removeGroupSnapshot(ctx, id)
		}
		if err := t.setMemberSnapshots(ctx, setMemberSnapshotsParams{ToStatus: SnapshotDelete.Running, GroupSnapshotID: id}); err != nil {
			return fmt.Errorf("delete snapshots: %w", err)
		}
		t.note(ctx, snapshotsEvent{group: &id, suffix: "delete.start", by: byBackend})
		_, err = t.addJob(ctx, a, newJob{kind: JobGroupSnapshotDelete, queue: VolumeQueue(*volumes[0].Host), volume: gs.GroupID,
			members: volumeIDs(volumes), args: GroupSnapshotArgs{GroupSnapshotID: id}})
		return err
	})
}

// removeGroupSnapshot deletes the rows and returns the quota of the members.
func (t *txn) removeGroupSnapshot(ctx context.Context, id string) error {
	gone := snapshotsEvent{group: &id, suffix: "delete.end", by: byBackend, extra: fields{"status": "deleted", "deleted": "True"}}
	if err := t.noteNow(ctx, groupSnapshotEvent{id: id, suffix: "delete.end", extra: fields{"status": "deleted"}}, gone); err != nil {
		return err
	}
	snaps, err := t.deleteMemberSnapshots(ctx, id)
	if err != nil {
		return fmt.Errorf("delete snapshot rows: %w", err)
	}
	for _, m := range snaps {
		if err := t.giveSnapshot(ctx, m); err != nil {
			return err
		}
	}
	if _, err := t.deleteGroupSnapshotRow(ctx, id); err != nil {
		return fmt.Errorf("delete group snapshot row: %w", err)
	}
	return nil
}

// ResetGroupSnapshot sets the status by hand.
func (s *Store) ResetGroupSnapshot(ctx context.Context, id, status string) error {
	return s.resetNoted(ctx, "groupSnapshotStatusUpdate", "groupsnapshots.reset_status", id, status, func(t *txn) error {
		n, err := t.resetGroupSnapshot(ctx, resetGroupSnapshotParams{Status: status, ID: id})
		if err == nil && n == 0 {
			return groupSnapshotGone(id)
		}
		return err
	})
}

func groupSnapshotGone(id string) error {
	return Errorf(NotFound, "GroupSnapshot %s could not be found.", id)
}
