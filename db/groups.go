package db

import (
	"context"
	"fmt"
	"strings"
)

// NewGroup is what the create of an empty group asks for.
type NewGroup struct {
	ID               string
	Name             *string
	Description      *string
	Type             GroupType
	VolumeTypes      []string // ids
	AvailabilityZone string
}

// CreateGroup writes the group, its quota and the job that finds a backend for
// all its volume types.
func (s *Store) CreateGroup(ctx context.Context, a Actor, n NewGroup) (Group, error) {
	var g Group
	err := s.tx(ctx, func(t *txn) error {
		var err error
		if g, err = t.insertGroup(ctx, insertGroupParams{ID: n.ID, ProjectID: a.ProjectID, UserID: a.UserID, Status: GroupCreate.Running,
			Name: n.Name, Description: n.Description, AvailabilityZone: n.AvailabilityZone, GroupTypeID: n.Type.ID}); err != nil {
			if foreignKeyViolation(err) {
				return groupTypeGone(n.Type.ID)
			}
			return fmt.Errorf("insert group: %w", err)
		}
		if err := t.insertGroupVolumeTypes(ctx, insertGroupVolumeTypesParams{GroupID: n.ID, Types: n.VolumeTypes}); err != nil {
			return fmt.Errorf("volume types of the group: %w", err)
		}
		if _, err := t.addJob(ctx, a, newJob{kind: JobGroupCreate, queue: QueueScheduler, volume: n.ID}); err != nil {
			return err
		}
		return t.take(ctx, a.ProjectID, groupQuota)
	})
	return g, err
}

// joinGroup holds the group that a new volume joins. A group that has no place
// yet is returned as a member of the volume's job, which then waits for the
// group's own.
func (t *txn) joinGroup(ctx context.Context, n NewVolume, p *insertVolumeParams) (members []string, err error) {
	if n.GroupID == nil {
		return nil, nil
	}
	g, err := t.shareGroup(ctx, shareGroupParams{ID: *n.GroupID, Accepts: GroupAddVolume.Accepts})
	if none(err) {
		return nil, Errorf(Invalid, "Invalid Group: Originating group status must be one of '%s' values", strings.Join(GroupAddVolume.Accepts, ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("group of the volume: %w", err)
	}
	has, err := t.groupHasType(ctx, groupHasTypeParams{GroupID: g.ID, VolumeTypeID: n.Type.ID})
	if err != nil {
		return nil, fmt.Errorf("types of the group: %w", err)
	}
	if !has {
		return nil, Errorf(Invalid, "Invalid input received: Invalid volume_type provided: %s (requested type must be supported by this group).", n.Type.ID)
	}
	p.GroupID = &g.ID
	p.ConsistencygroupID, err = t.legacyGroup(ctx, g)
	if g.Host == nil {
		members = []string{g.ID}
	}
	return members, err
}

// legacyGroup is the id of a group that the older calls made, else nil.
func (t *txn) legacyGroup(ctx context.Context, g Group) (*string, error) {
	ty, err := t.getGroupType(ctx, g.GroupTypeID)
	if err != nil {
		return nil, fmt.Errorf("type of the group: %w", err)
	}
	if ty.Name != CGSnapshotType {
		return nil, nil
	}
	return &g.ID, nil
}

// DeleteGroup begins the end of a group, with its volumes or when it has none.
// One without volumes that no job works on is gone at once.
func (s *Store) DeleteGroup(ctx context.Context, a Actor, id string, volumes bool) error {
	op := GroupDelete
	if volumes {
		op = GroupDeleteVolumes
	}
	return s.tx(ctx, func(t *txn) error {
		g, err := t.lockGroup(ctx, id)
		if none(err) {
			return groupGone(id)
		}
		if err != nil {
			return fmt.Errorf("read group: %w", err)
		}
		if g.Host == nil { // it was never placed: whatever its status
			op.Accepts = GroupDeleteVolumes.Accepts
		}
		members, err := t.lockGroupVolumes(ctx, id)
		if err != nil {
			return fmt.Errorf("volumes of the group: %w", err)
		}
		g, err = t.beginDeleteGroup(ctx, beginDeleteGroupParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts, DeleteVolumes: volumes})
		if none(err) {
			return t.refuseDeleteGroup(ctx, id, op, volumes)
		}
		if err != nil {
			return fmt.Errorf("delete group: %w", err)
		}
		return t.deleteMembers(ctx, a, g, members)
	})
}

func (t *txn) deleteMembers(ctx context.Context, a Actor, g Group, members []Volume) error {
	waiting, err := t.volumeHasJobs(ctx, g.ID)
	if err != nil {
		return err
	}
	if err := t.noteNow(ctx, groupEvent{id: g.ID, suffix: "delete.start"}); err != nil {
		return err
	}
	if len(members) == 0 && !waiting {
		return t.removeGroup(ctx, g.ID, nil)
	}
	for _, v := range members {
		if _, err := t.takeKey(ctx, &v); err != nil {
			return err
		}
	}
	if _, err := t.beginDeleteGroupVolumes(ctx, beginDeleteGroupVolumesParams{ToStatus: VolumeDelete.Running, GroupID: g.ID}); err != nil {
		return fmt.Errorf("delete volumes: %w", err)
	}
	t.note(ctx, volumesEvent{group: &g.ID, suffix: "delete.start", by: byBackend})
	queue := QueueScheduler
	if g.Host != nil {
		queue = VolumeQueue(*g.Host)
	}
	_, err = t.addJob(ctx, a, newJob{kind: JobGroupDelete, queue: queue, volume: g.ID, members: volumeIDs(members)})
	return err
}

// refuseDeleteGroup says what stands in the way, in the order of Cinder's checks.
func (t *txn) refuseDeleteGroup(ctx context.Context, id string, op Op, volumes bool) error {
	g, err := t.GetGroup(ctx, id)
	if err != nil {
		return fmt.Errorf("read group: %w", err)
	}
	if !op.accepts(g.Status) {
		return Errorf(Invalid, "Invalid Group: Group status must be available or error, but current status is: %s", g.Status)
	}
	b, err := t.groupBlocks(ctx, id)
	if err != nil {
		return fmt.Errorf("what is in the group: %w", err)
	}
	switch {
	case b.Snapshots:
		return Errorf(Invalid, "Invalid Group: Group has existing snapshots.")
	case b.Volumes && !volumes:
		return Errorf(Invalid, "Invalid Group: Group %s still contains volumes. The delete-volumes flag is required to delete it.", id)
	case b.Attached:
		return Errorf(Invalid, "Invalid Group: Volume in group %s is attached. Need to detach first.", id)
	case b.VolumeSnapshots:
		return Errorf(Invalid, "Invalid Group: Volume in group still has dependent snapshots.")
	}
	reason := "Group must not have attached volumes, volumes with snapshots, or dependent group snapshots"
	if volumes {
		reason = "Group status must be available or error and must not have dependent group snapshots"
	}
	return Errorf(Invalid, "Invalid Group: Cannot delete group %s. %s, and it cannot be the source for an ongoing group or group snapshot creation.", id, reason)
}

// removeGroup deletes the row with those volumes and returns their quota. A
// volume that an administrator put in meanwhile stays, without a group.
func (t *txn) removeGroup(ctx context.Context, id string, members []string) error {
	if err := t.noteNow(ctx, groupEvent{id: id, suffix: "delete.end", extra: fields{"status": "deleted"}}); err != nil {
		return err
	}
	volumes, err := t.MembersOf(ctx, MembersOfParams{GroupID: id, Members: members})
	if err != nil {
		return fmt.Errorf("volumes of the group: %w", err)
	}
	for _, v := range volumes {
		if err := t.removeVolume(ctx, v.ID); err != nil {
			return err
		}
	}
	if err := t.emptyGroup(ctx, id); err != nil {
		return fmt.Errorf("empty the group: %w", err)
	}
	g, err := t.deleteGroup(ctx, id)
	if none(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete group row: %w", err)
	}
	return t.give(ctx, g.ProjectID, groupQuota)
}

// ResetGroup sets the status by hand.
func (s *Store) ResetGroup(ctx context.Context, id, status string) error {
	return s.resetNoted(ctx, "groupStatusUpdate", "groups.reset_status", id, status, func(t *txn) error {
		n, err := t.resetGroup(ctx, resetGroupParams{Status: status, ID: id})
		if err == nil && n == 0 {
			return groupGone(id)
		}
		return err
	})
}

func groupGone(id string) error { return Errorf(NotFound, "Group %s could not be found.", id) }

func volumeIDs(vs []Volume) []string {
	ids := make([]string, len(vs))
	for i, v := range vs {
		ids[i] = v.ID
	}
	return ids
}
