package db

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// CreateAttachment reserves the volume for an instance. A second attachment of
// the same instance is let in: Nova moves a server to another host so.
func (s *Store) CreateAttachment(ctx context.Context, id, volumeID string, instance *string, mode string) (Attachment, error) {
	var at Attachment
	err := s.tx(ctx, func(t *txn) error {
		v, err := t.reserveVolume(ctx, volumeID, instance)
		if err != nil {
			return err
		}
		// Only a flag that says True makes it read-only; upstream lets False do so too.
		if v.AdminMetadata["readonly"] == "True" {
			mode = "ro"
		}
		at, err = t.insertAttachment(ctx, insertAttachmentParams{ID: id, VolumeID: volumeID, ProjectID: v.ProjectID,
			AttachStatus: AttachmentCreate.Success, AttachMode: &mode, InstanceUuid: instance})
		if err != nil {
			return fmt.Errorf("insert attachment: %w", err)
		}
		if err := t.recomputeVolume(ctx, v.ID); err != nil {
			return fmt.Errorf("volume status: %w", err)
		}
		return nil
	})
	return at, err
}

func (t *txn) reserveVolume(ctx context.Context, id string, instance *string) (Volume, error) {
	cur, err := t.GetVolume(ctx, id)
	if none(err) {
		return cur, Errorf(NotFound, "Volume %s could not be found.", id)
	}
	if err != nil {
		return cur, fmt.Errorf("read volume: %w", err)
	}
	if strings.Contains(cur.Status, "error") {
		return cur, Errorf(Invalid, "Invalid volume: Volume attachments can not be created if the volume is in an error state. "+
			"The Volume %s currently has a status of: %s ", id, cur.Status)
	}
	op := VolumeReserve
	if cur.Multiattach {
		op = VolumeReserveMulti
	}
	v, err := t.moveVolume(ctx, moveVolumeParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts})
	if err == nil || !none(err) {
		return v, err
	}
	if instance != nil {
		if v, err = t.shareSameInstance(ctx, id, *instance); err == nil || !none(err) {
			return v, err
		}
	}
	return cur, t.refuse(ctx, id, Op{Accepts: S{strings.Join(op.Accepts, " or ")}},
		"Invalid volume: Volume %s status must be %s to reserve, but the current status is %s.")
}

// shareSameInstance accepts a volume that the instance already holds.
func (t *txn) shareSameInstance(ctx context.Context, id, instance string) (Volume, error) {
	return t.shareVolumeOf(ctx, shareVolumeOfParams{ID: id, Accepts: VolumeReserveSame.Accepts, InstanceUuid: &instance})
}

// ConnectAttachment begins exporting the volume to the connector and returns
// the job, which the caller waits for. One that was just reserved for it may
// stand beside another of its instance, as on the way to another host.
func (s *Store) ConnectAttachment(ctx context.Context, a Actor, id string, connector json.RawMessage, reserved bool, replyTo string) (job string, err error) {
	err = s.tx(ctx, func(t *txn) error {
		at, err := t.lockAttachment(ctx, id)
		if none(err) {
			return attachmentGone(id)
		}
		if err != nil {
			return fmt.Errorf("read attachment: %w", err)
		}
		v, err := t.shareVolume(ctx, shareVolumeParams{ID: at.VolumeID, Accepts: VolumeConnect.Accepts})
		if none(err) {
			cur, err := t.GetVolume(ctx, at.VolumeID)
			if err != nil {
				return fmt.Errorf("read volume: %w", err)
			}
			return Errorf(Conflict, "Resource conflict: Volume attachments can not be updated if the volume is in an error state. "+
				"The Volume %s currently has a status of: %s ", cur.ID, cur.Status)
		}
		if err != nil {
			return fmt.Errorf("read volume: %w", err)
		}
		if v.Host == nil {
			return Errorf(Invalid, "Invalid volume: Volume %s has no host yet.", v.ID)
		}
		if !reserved {
			if err := t.onlyConnection(ctx, v); err != nil {
				return err
			}
		}
		t.note(ctx, volumeEvent(v.ID, "attach.start", byBackend))
		job, err = t.addJob(ctx, a, newJob{kind: JobConnect, queue: VolumeQueue(*v.Host), volume: v.ID, attachment: &id,
			args: ConnectArgs{Connector: connector}, replyTo: replyTo})
		return err
	})
	return job, err
}

// onlyConnection refuses to connect one of several attachments while any of
// them is connected, of a volume that is not multiattach.
func (t *txn) onlyConnection(ctx context.Context, v Volume) error {
	if v.Multiattach {
		return nil
	}
	all, err := t.AttachmentsOf(ctx, v.ID)
	if err != nil {
		return fmt.Errorf("read attachments: %w", err)
	}
	if len(all) > 1 && slices.ContainsFunc(all, func(at Attachment) bool { return at.ConnectionInfo != nil }) {
		return Errorf(Conflict, "Resource conflict: duplicate connectors detected on volume %s", v.ID)
	}
	return nil
}

// CompleteAttachment says that the guest has the disk.
func (s *Store) CompleteAttachment(ctx context.Context, id string) error {
	return s.tx(ctx, func(t *txn) error {
		at, err := t.lockAttachment(ctx, id)
		if none(err) {
			return attachmentGone(id)
		}
		if err != nil {
			return fmt.Errorf("read attachment: %w", err)
		}
		n, err := t.moveAttachment(ctx, moveAttachmentParams{ToStatus: AttachmentComplete.Success, ID: id, Accepts: AttachmentComplete.Accepts})
		if err != nil {
			return fmt.Errorf("complete attachment: %w", err)
		}
		if n == 0 {
			return Errorf(Invalid, "Invalid volume: attachment %s cannot be completed.", id)
		}
		if err := t.setAttachMode(ctx, setAttachModeParams{Mode: attachMode(at), ID: at.VolumeID}); err != nil {
			return fmt.Errorf("attached mode: %w", err)
		}
		t.note(ctx, volumeEvent(at.VolumeID, "attach.end", byProcess))
		return t.recomputeVolume(ctx, at.VolumeID)
	})
}

func attachMode(at Attachment) string {
	if at.AttachMode != nil && *at.AttachMode == "ro" {
		return "ro"
	}
	return "rw"
}

// DeleteAttachment ends an attachment: at once when it was never connected
// (job is ""), else through the worker that exports the volume.
func (s *Store) DeleteAttachment(ctx context.Context, a Actor, id, replyTo string) (job string, err error) {
	err = s.tx(ctx, func(t *txn) error {
		at, err := t.lockAttachment(ctx, id)
		if none(err) {
			return attachmentGone(id)
		}
		if err != nil {
			return fmt.Errorf("read attachment: %w", err)
		}
		v, err := t.GetVolume(ctx, at.VolumeID)
		if err != nil {
			return fmt.Errorf("read volume: %w", err)
		}
		waiting, err := t.volumeHasJobs(ctx, v.ID)
		if err != nil {
			return err
		}
		start := volumeEvent(v.ID, "detach.start", byBackend)
		if at.AttachStatus == Reserved {
			start.by = byProcess
		}
		if err := t.noteNow(ctx, start); err != nil {
			return err
		}
		if v.Host == nil || (at.Connector == nil && !waiting) {
			t.note(ctx, volumeEvent(v.ID, "detach.end", byProcess))
			return t.removeAttachment(ctx, id, v.ID)
		}
		job, err = t.addJob(ctx, a, newJob{kind: JobDisconnect, queue: VolumeQueue(*v.Host), volume: v.ID, attachment: &id, replyTo: replyTo})
		return err
	})
	return job, err
}

func (t *txn) removeAttachment(ctx context.Context, id, volumeID string) error {
	if _, err := t.deleteAttachment(ctx, id); err != nil {
		return fmt.Errorf("delete attachment: %w", err)
	}
	return t.recomputeVolume(ctx, volumeID)
}

// dropAttachments removes every attachment of a volume that an administrator
// declared detached, and lets the worker end what it exports of them.
func (t *txn) dropAttachments(ctx context.Context, a Actor, v Volume) error {
	ids, err := t.deleteAttachmentsOf(ctx, v.ID)
	if err != nil {
		return fmt.Errorf("delete attachments: %w", err)
	}
	if v.Host == nil {
		return nil
	}
	for _, id := range ids {
		if _, err := t.addJob(ctx, a, newJob{kind: JobDisconnect, queue: VolumeQueue(*v.Host), volume: v.ID, attachment: &id}); err != nil {
			return err
		}
	}
	return t.dropConnections(ctx, a, v)
}

func attachmentGone(id string) error {
	return Errorf(NotFound, "Volume attachment could not be found with filter: attachment_id = %s.", id)
}
