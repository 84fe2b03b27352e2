package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// GroupClone asks for a group like another one, with copies of its volumes:
// exactly one of the sources is set.
type GroupClone struct {
	ID              string
	Name            *string
	Description     *string
	GroupSnapshotID *string
	SourceGroupID   *string
	Keys            map[string]string // the key of the copy by the source volume's id, for those that are encrypted
}

// CloneGroup writes the group and its volumes, their quota and the one job
// that makes the copies.
func (s *Store) CloneGroup(ctx context.Context, a Actor, n GroupClone) (Group, error) {
	var g Group
	err := s.tx(ctx, func(t *txn) error {
		from, volumes, sources, err := t.groupSource(ctx, n)
		if err != nil {
			return err
		}
		if g, err = t.insertGroup(ctx, insertGroupParams{ID: n.ID, ProjectID: a.ProjectID, UserID: a.UserID, Status: GroupCreate.Running,
			Name: n.Name, Description: n.Description, AvailabilityZone: from.AvailabilityZone, Host: from.Host, GroupTypeID: from.GroupTypeID,
			GroupSnapshotID: n.GroupSnapshotID, SourceGroupID: n.SourceGroupID}); err != nil {
			return fmt.Errorf("insert group: %w", err)
		}
		deltas, err := t.insertCopies(ctx, a, g, from, volumes)
		if err != nil {
			return err
		}
		members := sources
		for _, v := range volumes {
			members = append(members, v.ID)
		}
		t.noteGroupAndVolumes(ctx, n.ID, "create.start")
		if _, err := t.addJob(ctx, a, newJob{kind: JobGroupClone, queue: QueueScheduler, volume: n.ID, members: members}); err != nil {
			return err
		}
		return t.take(ctx, a.ProjectID, deltas)
	})
	return g, err
}

// groupSource finds what is copied: the group whose kind the new one is of,
// the rows of the copies, and the volumes that they are copies of. All of it
// is held until the job stands in line.
func (t *txn) groupSource(ctx context.Context, n GroupClone) (from Group, copies []insertVolumeParams, sources []string, err error) {
	if n.GroupSnapshotID != nil {
		return t.fromGroupSnapshot(ctx, n)
	}
	from, err = t.shareGroup(ctx, shareGroupParams{ID: *n.SourceGroupID, Accepts: groupStatuses})
	if none(err) {
		return from, nil, nil, groupGone(*n.SourceGroupID)
	}
	if err != nil {
		return from, nil, nil, fmt.Errorf("source group: %w", err)
	}
	if from.Host == nil {
		return from, nil, nil, Errorf(Invalid, "Invalid Group: No valid host to create group %s.", n.ID)
	}
	volumes, err := t.lockGroupVolumes(ctx, from.ID)
	if err != nil {
		return from, nil, nil, fmt.Errorf("volumes of the source group: %w", err)
	}
	if len(volumes) == 0 {
		return from, nil, nil, Errorf(Invalid, "Invalid Group: Source Group is empty. No group will be created.")
	}
	for _, v := range volumes {
		if !VolumeClone.accepts(v.Status) {
			return from, nil, nil, Errorf(Invalid, "Invalid volume: Originating source volume status must be one of '%s' values",
				strings.Join(VolumeClone.Accepts, ", "))
		}
		p := copyOf(v, v.Size, v.VolumeTypeID, n.Keys)
		p.SourceVolid = &v.ID
		copies = append(copies, p)
	}
	return from, copies, volumeIDs(volumes), nil
}

func (t *txn) fromGroupSnapshot(ctx context.Context, n GroupClone) (from Group, copies []insertVolumeParams, sources []string, err error) {
	gs, err := t.shareGroupSnapshot(ctx, shareGroupSnapshotParams{ID: *n.GroupSnapshotID, Accepts: GroupSnapshotClone.Accepts})
	if none(err) {
		return from, nil, nil, groupSnapshotGone(*n.GroupSnapshotID)
	}
	if err != nil {
		return from, nil, nil, fmt.Errorf("source group snapshot: %w", err)
	}
	if from, err = t.GetGroup(ctx, gs.GroupID); err != nil {
		return from, nil, nil, fmt.Errorf("group of the group snapshot: %w", err)
	}
	snaps, err := t.MemberSnapshots(ctx, gs.ID)
	if err != nil {
		return from, nil, nil, fmt.Errorf("snapshots of the group snapshot: %w", err)
	}
	if len(snaps) == 0 {
		return from, nil, nil, Errorf(Invalid, "Invalid Group: Group snapshot is empty. No group will be created.")
	}
	for _, s := range snaps {
		sources = append(sources, s.VolumeID)
	}
	volumes, err := t.lockVolumes(ctx, sources)
	if err != nil {
		return from, nil, nil, fmt.Errorf("volumes of the group snapshot: %w", err)
	}
	for _, s := range snaps {
		if _, err := t.shareSnapshot(ctx, shareSnapshotParams{ID: s.ID, Accepts: SnapshotClone.Accepts}); none(err) {
			return from, nil, nil, Errorf(Invalid, "Invalid snapshot: Originating snapshot status must be one of '%s' values",
				strings.Join(SnapshotClone.Accepts, ", "))
		} else if err != nil {
			return from, nil, nil, fmt.Errorf("source snapshot: %w", err)
		}
		i := slices.IndexFunc(volumes, func(v Volume) bool { return v.ID == s.VolumeID })
		p := copyOf(volumes[i], s.VolumeSize, s.VolumeTypeID, n.Keys)
		p.SnapshotID = &s.ID
		copies = append(copies, p)
	}
	return from, copies, sources, nil
}

// copyOf is the row of a volume that is made from v and stays in its pool.
func copyOf(v Volume, sizeGiB int32, typeID string, keys map[string]string) insertVolumeParams {
	p := insertVolumeParams{ID: uuid.NewString(), Size: sizeGiB, Status: VolumeCreate.Running, Bootable: v.Bootable, Multiattach: v.Multiattach,
		VolumeTypeID: typeID, Metadata: Metadata{}, AdminMetadata: Metadata{}, ImageMetadata: v.ImageMetadata, Host: v.Host}
	if key, ok := keys[v.ID]; ok {
		p.EncryptionKeyID = &key
	}
	return p
}

// insertCopies writes the volumes of a new group and returns what all of it
// takes of the quota.
func (t *txn) insertCopies(ctx context.Context, a Actor, g, from Group, copies []insertVolumeParams) ([]quotaDelta, error) {
	legacy, err := t.legacyGroup(ctx, g)
	if err != nil {
		return nil, err
	}
	types, err := t.GroupVolumeTypes(ctx, from.ID)
	if err != nil {
		return nil, fmt.Errorf("types of the source group: %w", err)
	}
	ids := make([]string, 0, len(types)+len(copies))
	for _, ty := range types {
		ids = append(ids, ty.ID)
	}
	deltas := slices.Clone(groupQuota)
	for _, p := range copies {
		ids = append(ids, p.VolumeTypeID)
		p.ProjectID, p.UserID, p.AvailabilityZone, p.GroupID, p.ConsistencygroupID = a.ProjectID, a.UserID, g.AvailabilityZone, &g.ID, legacy
		if err := t.checkVolumeSize(ctx, a.ProjectID, p.Size); err != nil {
			return nil, err
		}
		if _, err := t.insertVolume(ctx, p); err != nil {
			return nil, fmt.Errorf("insert volume: %w", err)
		}
		if err := t.checkKey(ctx, p.VolumeTypeID, p.EncryptionKeyID); err != nil {
			return nil, err
		}
		name, err := t.typeName(ctx, p.VolumeTypeID)
		if err != nil {
			return nil, err
		}
		deltas = append(deltas, volumeQuota(name, p.Size)...)
	}
	if err := t.insertGroupVolumeTypes(ctx, insertGroupVolumeTypesParams{GroupID: g.ID, Types: ids}); err != nil {
		return nil, fmt.Errorf("volume types of the group: %w", err)
	}
	return sum(deltas), nil
}

// GroupCloneSources are the volumes that CloneGroup would copy.
func (s *Store) GroupCloneSources(ctx context.Context, n GroupClone) ([]Volume, error) {
	return s.groupCloneSources(ctx, groupCloneSourcesParams{GroupID: n.SourceGroupID, GroupSnapshotID: n.GroupSnapshotID})
}
