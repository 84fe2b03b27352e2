package db

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// NewVolume is what a create asks for, defaults already filled in.
type NewVolume struct {
	ID               string
	SizeGiB          int32
	Name             *string
	Description      *string
	Type             VolumeType
	AvailabilityZone string
	Multiattach      bool
	Metadata         Metadata
	SnapshotID       *string // make it from this snapshot, or
	SourceVolumeID   *string // from this volume
	ImageID          string  // or from this image
	Signed           *SignedImage
	GroupID          *string // the group that it joins
	Hints            json.RawMessage
	EncryptionKeyID  *string // of an encrypted type; made with KeyMade
	Rekey            *Rekey  // of a clone; its keys are made with KeyMade
	ImageKey                 // of an encrypted one from an image
}

// CreateVolume writes the volume, its quota and its job. The sources are held
// so that nothing deletes them before the job stands in line.
func (s *Store) CreateVolume(ctx context.Context, a Actor, n NewVolume) (Volume, error) {
	var v Volume
	err := s.tx(ctx, func(t *txn) error {
		p := insertVolumeParams{ID: n.ID, ProjectID: a.ProjectID, UserID: a.UserID, Size: n.SizeGiB, Status: VolumeCreate.Running,
			Name: n.Name, Description: n.Description, Multiattach: n.Multiattach, AvailabilityZone: n.AvailabilityZone,
			VolumeTypeID: n.Type.ID, SnapshotID: n.SnapshotID, SourceVolid: n.SourceVolumeID, EncryptionKeyID: n.EncryptionKeyID,
			Metadata: n.Metadata.orEmpty(), AdminMetadata: Metadata{}}
		members, err := t.joinGroup(ctx, n, &p)
		if err != nil {
			return err
		}
		source, err := t.holdSource(ctx, n, &p)
		if err != nil {
			return err
		}
		if v, err = t.insertVolume(ctx, p); err != nil {
			return fmt.Errorf("insert volume: %w", err)
		}
		if err := t.checkKey(ctx, n.Type.ID, n.EncryptionKeyID); err != nil {
			return err
		}
		if err := t.useRekey(ctx, n.Rekey); err != nil {
			return err
		}
		if err := t.useKeys(ctx, n.ImageKey.Key); err != nil {
			return err
		}
		if err := t.checkVolumeSize(ctx, a.ProjectID, n.SizeGiB); err != nil {
			return err
		}
		if _, err := t.addJob(ctx, a, newJob{kind: JobVolumeCreate, queue: QueueScheduler, volume: n.ID, source: source,
			snapshot: n.SnapshotID, members: members, args: CreateArgs{Hints: n.Hints, AnyZone: n.AvailabilityZone == "", ImageID: n.ImageID,
				Signed: n.Signed, Rekey: n.Rekey, ImageKey: n.ImageKey}}); err != nil {
			return err
		}
		// The quota comes last: its row is the one that a project's callers wait for.
		return t.take(ctx, a.ProjectID, volumeQuota(n.Type.Name, n.SizeGiB))
	})
	return v, err
}

// holdSource locks what the volume is made from and takes over what it hands down.
func (t *txn) holdSource(ctx context.Context, n NewVolume, p *insertVolumeParams) (source *string, err error) {
	var src Volume
	switch {
	case n.SnapshotID != nil:
		snap, err := t.shareSnapshot(ctx, shareSnapshotParams{ID: *n.SnapshotID, Accepts: SnapshotClone.Accepts})
		if none(err) {
			return nil, Errorf(Invalid, "Invalid snapshot: Originating snapshot status must be one of '%s' values", strings.Join(SnapshotClone.Accepts, ", "))
		}
		if err != nil {
			return nil, fmt.Errorf("source snapshot: %w", err)
		}
		if src, err = t.GetVolume(ctx, snap.VolumeID); err != nil {
			return nil, fmt.Errorf("volume of the source snapshot: %w", err)
		}
	case n.SourceVolumeID != nil:
		src, err = t.shareVolume(ctx, shareVolumeParams{ID: *n.SourceVolumeID, Accepts: VolumeClone.Accepts})
		if none(err) {
			return nil, Errorf(Invalid, "Invalid volume: Originating source volume status must be one of '%s' values", strings.Join(VolumeClone.Accepts, ", "))
		}
		if err != nil {
			return nil, fmt.Errorf("source volume: %w", err)
		}
	default:
		return nil, nil
	}
	if src.Bootable {
		p.Bootable, p.ImageMetadata = true, src.ImageMetadata
	}
	return &src.ID, nil
}

// DeleteOptions of a volume.
type DeleteOptions struct {
	Cascade bool // its snapshots too
	Force   bool // whatever its status
	Own     bool // with Cascade: only when all snapshots are of the volume's project
	// Held is told of a volume with a key of its own, whose job then waits for
	// ReleaseDelete; nil: the key is left among the loose ones.
	Held *HeldDelete
}

// DeleteVolume begins the end of a volume. One that no scheduler ever placed
// and that no job works on is gone at once.
func (s *Store) DeleteVolume(ctx context.Context, a Actor, id string, o DeleteOptions) error {
	op, snapOp := VolumeDelete, SnapshotDelete
	if o.Force {
		op, snapOp = VolumeForceDelete, SnapshotForceDelete
	}
	return s.tx(ctx, func(t *txn) error {
		v, err := t.beginDeleteVolume(ctx, beginDeleteVolumeParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts,
			Cascade: o.Cascade, AnySnapshot: o.Force, OwnSnapshots: o.Own, SnapshotAccepts: snapOp.Accepts})
		if none(err) {
			return refuseDelete(op, o)
		}
		if err != nil {
			return fmt.Errorf("delete volume: %w", err)
		}
		if err := t.noteNow(ctx, volumeEvent(id, "delete.start", byBackend)); err != nil {
			return err
		}
		queue := QueueScheduler
		if v.Host != nil {
			if err := t.notFrozen(ctx, *v.Host); err != nil {
				return err
			}
			queue = VolumeQueue(*v.Host)
		} else if waiting, err := t.volumeHasJobs(ctx, id); err != nil {
			return err
		} else if !waiting {
			if err := t.holdDelete(ctx, &v, "", o.Held); err != nil {
				return err
			}
			return t.removeVolume(ctx, id)
		}
		if o.Cascade {
			if err := t.beginDeleteSnapshotsOf(ctx, beginDeleteSnapshotsOfParams{ToStatus: snapOp.Running, VolumeID: id}); err != nil {
				return fmt.Errorf("delete snapshots: %w", err)
			}
			t.note(ctx, snapshotsEvent{volume: &id, suffix: "delete.start", by: byBackend})
		}
		job, err := t.addJob(ctx, a, newJob{kind: JobVolumeDelete, queue: queue, volume: id, args: DeleteArgs{Cascade: o.Cascade}})
		if err != nil {
			return err
		}
		return t.holdDelete(ctx, &v, job, o.Held)
	})
}

func refuseDelete(op Op, o DeleteOptions) error {
	status := ""
	if !o.Force {
		status = "status must be " + strings.Join(op.Accepts, " or ") + " and "
	}
	if o.Cascade {
		return Errorf(Invalid, "Invalid volume: Volume %smust not be migrating, attached, belong to a group or have snapshots in a group or in a state that cannot be deleted.", status)
	}
	return Errorf(Invalid, "Invalid volume: Volume %smust not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.", status)
}

// removeVolume deletes the row with its snapshots and returns their quota.
func (t *txn) removeVolume(ctx context.Context, id string) error {
	end := volumeEvent(id, "delete.end", byBackend)
	end.extra = fields{"status": "deleted"}
	gone := snapshotsEvent{volume: &id, suffix: "delete.end", by: byBackend, extra: fields{"status": "deleted", "deleted": "True"}}
	if err := t.noteNow(ctx, gone, end, evictEvent{id}); err != nil {
		return err
	}
	snaps, err := t.deleteSnapshotsOf(ctx, id)
	if err != nil {
		return fmt.Errorf("delete snapshot rows: %w", err)
	}
	for _, s := range snaps {
		if err := t.giveSnapshot(ctx, s); err != nil {
			return err
		}
	}
	if _, err := t.deleteAttachmentsOf(ctx, id); err != nil {
		return fmt.Errorf("delete attachment rows: %w", err)
	}
	v, err := t.deleteVolume(ctx, id)
	if none(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete volume row: %w", err)
	}
	if err := t.loosenKey(ctx, v.ProjectID, v.EncryptionKeyID); err != nil {
		return err
	}
	if !v.ConsumesQuota {
		return nil
	}
	name, err := t.typeName(ctx, v.VolumeTypeID)
	if err != nil {
		return err
	}
	return t.give(ctx, v.ProjectID, volumeQuota(name, v.Size))
}

// ExtendVolume begins growing a volume to newSizeGiB; attached allows in-use.
func (s *Store) ExtendVolume(ctx context.Context, a Actor, id string, newSizeGiB int32, attached bool) error {
	op := VolumeExtend
	if attached {
		op = VolumeExtendOnline
	}
	return s.tx(ctx, func(t *txn) error {
		v, err := t.moveVolume(ctx, moveVolumeParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts})
		if none(err) {
			// The wanted status is the repr of upstream's condition, which clients' tests have come to know.
			return t.refuse(ctx, id, Op{Accepts: S{"{'status': 'available'}"}}, "Invalid volume: Volume %s status must be '%s' to extend, currently %s.")
		}
		if err != nil {
			return fmt.Errorf("extend volume: %w", err)
		}
		if newSizeGiB <= v.Size {
			return Errorf(Invalid, "Invalid input received: New size for extend must be greater than current size. (current: %d, extended: %d).", v.Size, newSizeGiB)
		}
		if err := t.checkVolumeSize(ctx, v.ProjectID, newSizeGiB); err != nil {
			return err
		}
		name, err := t.typeName(ctx, v.VolumeTypeID)
		if err != nil {
			return err
		}
		job, err := t.addJob(ctx, a, newJob{kind: JobVolumeExtend, queue: QueueScheduler, volume: id, args: ExtendArgs{SizeGiB: newSizeGiB}})
		if err != nil {
			return err
		}
		grow := int64(newSizeGiB - v.Size)
		return t.hold(ctx, job, v.ProjectID, []quotaDelta{{resource: "gigabytes", held: grow}, {resource: "gigabytes_" + name, held: grow}})
	})
}

// refuse reports the status that an operation did not accept, in Cinder's
// words: format takes the id, the accepted values and the present one.
func (t *txn) refuse(ctx context.Context, id string, op Op, format string) error {
	v, err := t.GetVolume(ctx, id)
	if none(err) {
		return Errorf(NotFound, "Volume %s could not be found.", id)
	}
	if err != nil {
		return fmt.Errorf("read volume: %w", err)
	}
	return Errorf(Invalid, format, id, strings.Join(op.Accepts, ", "), v.Status)
}

// VolumeText is a change of a volume's or snapshot's own words; nil fields
// stay, a pointer to nil clears.
type VolumeText struct {
	Name        **string
	Description **string
	Metadata    *Metadata // replaces all
}

// UpdateVolume changes name, description, metadata.
func (s *Store) UpdateVolume(ctx context.Context, id string, u VolumeText) error {
	p := updateVolumeTextParams{ID: id, Accepts: VolumeUpdate.Accepts}
	if u.Name != nil {
		p.SetName, p.Name = true, *u.Name
	}
	if u.Description != nil {
		p.SetDescription, p.Description = true, *u.Description
	}
	if u.Metadata != nil {
		raw, err := json.Marshal(u.Metadata.orEmpty())
		if err != nil {
			return fmt.Errorf("metadata: %w", err)
		}
		p.NewMetadata = raw
	}
	err := s.once(ctx, func(t *txn) error {
		if err := t.noteNow(ctx, volumeEvent(id, "update.start", byProcess)); err != nil {
			return err
		}
		t.note(ctx, volumeEvent(id, "update.end", byProcess))
		_, err := t.updateVolumeText(ctx, p)
		return err
	})
	if none(err) {
		return Errorf(Invalid, "Invalid volume: The volume cannot be updated during maintenance.")
	}
	return err
}

// MergeVolumeMetadata adds keys; ReplaceVolumeMetadata sets them all;
// RemoveVolumeMetadata drops one. Each returns what is there afterwards.
func (s *Store) MergeVolumeMetadata(ctx context.Context, id string, m Metadata) (Metadata, error) {
	raw, err := json.Marshal(m.orEmpty())
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	out, err := s.mergeVolumeMetadata(ctx, mergeVolumeMetadataParams{Added: raw, ID: id, Accepts: VolumeMetadata.Accepts})
	return out, refuseMetadata(err)
}

// ReplaceVolumeMetadata sets all keys.
func (s *Store) ReplaceVolumeMetadata(ctx context.Context, id string, m Metadata) (Metadata, error) {
	out, err := s.replaceVolumeMetadata(ctx, replaceVolumeMetadataParams{Metadata: m.orEmpty(), ID: id, Accepts: VolumeMetadata.Accepts})
	return out, refuseMetadata(err)
}

// RemoveVolumeMetadata drops one key.
func (s *Store) RemoveVolumeMetadata(ctx context.Context, id, key string) (Metadata, error) {
	out, err := s.removeVolumeMetadata(ctx, removeVolumeMetadataParams{Key: key, ID: id, Accepts: VolumeMetadata.Accepts})
	return out, refuseMetadata(err)
}

func refuseMetadata(err error) error {
	if none(err) {
		return Errorf(Invalid, "Invalid volume: Updating volume metadata is not allowed for volumes in maintenance status.")
	}
	return err
}

// SetVolumeBootable marks a volume as one that can be booted from.
func (s *Store) SetVolumeBootable(ctx context.Context, id string, bootable bool) error {
	n, err := s.setVolumeBootable(ctx, setVolumeBootableParams{Bootable: bootable, ID: id, Accepts: VolumeUpdate.Accepts})
	if err == nil && n == 0 {
		return Errorf(Invalid, "Invalid volume: The volume cannot be updated during maintenance.")
	}
	return err
}

// SetVolumeReadonly sets the flag that new attachments obey.
func (s *Store) SetVolumeReadonly(ctx context.Context, id string, readonly bool) error {
	text := "False"
	if readonly {
		text = "True"
	}
	n, err := s.setVolumeReadonly(ctx, setVolumeReadonlyParams{Readonly: text, ID: id, Accepts: VolumeReadonly.Accepts})
	if err == nil && n == 0 {
		return s.tx(ctx, func(t *txn) error {
			return t.refuse(ctx, id, VolumeReadonly, "Invalid volume: Volume %s status must be %s to update readonly flag, but current status is: %s.")
		})
	}
	return err
}

// VolumeReset is what reset_status may set; nil fields stay.
type VolumeReset struct {
	Status          *string
	AttachStatus    *string
	MigrationStatus **string
}

// ResetVolume sets states by hand. Detaching removes the attachments too.
func (s *Store) ResetVolume(ctx context.Context, a Actor, id string, r VolumeReset) error {
	return s.tx(ctx, func(t *txn) error {
		p := resetVolumeParams{ID: id, Status: r.Status, AttachStatus: r.AttachStatus}
		if r.MigrationStatus != nil {
			p.SetMigration, p.MigrationStatus = true, *r.MigrationStatus
		}
		p.Detach = r.AttachStatus != nil && *r.AttachStatus == Detached
		if err := t.noteNow(ctx, volumeEvent(id, "reset_status.start", byProcess)); err != nil {
			return err
		}
		t.note(ctx, volumeEvent(id, "reset_status.end", byProcess))
		v, err := t.resetVolume(ctx, p)
		if err != nil && !none(err) {
			return fmt.Errorf("reset volume: %w", err)
		}
		if none(err) {
			return Errorf(Invalid, "Cannot reset-state to in-use because volume does not have any attachments.")
		}
		if !p.Detach {
			return nil
		}
		return t.dropAttachments(ctx, a, v)
	})
}
