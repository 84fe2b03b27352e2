package db

import (
	"context"
	"encoding/json"
	"fmt"
)

// NewAttach is what os-attach says: of an instance, or of a host.
type NewAttach struct {
	ID         string // of the attachment
	InstanceID *string
	Host       *string
	Mountpoint string
	Mode       string // rw or ro
}

// ErrSeveralAttachments refuses to guess which attachment a detach means.
var ErrSeveralAttachments = Errorf(Invalid, "Invalid volume: Detach volume failed: More than one attachment, but no attachment_id provided.")

// attachedBy are the attachments that make a second attach a repetition.
var attachedBy = S{Reserved, Attaching, Attached, Detaching}

// AttachVolume notes that an instance or a host has the volume. A second time
// changes nothing.
func (s *Store) AttachVolume(ctx context.Context, volumeID string, n NewAttach) error {
	return s.tx(ctx, func(t *txn) error {
		v, err := t.lockVolumeRow(ctx, volumeID)
		if none(err) {
			return Errorf(NotFound, "Volume %s could not be found.", volumeID)
		}
		if err != nil {
			return fmt.Errorf("read volume: %w", err)
		}
		if err := mayAttach(v, n.Mode); err != nil {
			return err
		}
		own, err := t.ownAttachment(ctx, ownAttachmentParams{VolumeID: v.ID, Accepts: attachedBy, InstanceUuid: n.InstanceID, AttachedHost: n.Host})
		if err != nil {
			return fmt.Errorf("read attachments: %w", err)
		}
		if !own {
			if err := t.attach(ctx, v, n); err != nil {
				return err
			}
		}
		return t.recomputeVolume(ctx, v.ID)
	})
}

// mayAttach holds for a repetition too.
func mayAttach(v Volume, mode string) error {
	if v.Status == Maintenance {
		return Errorf(Invalid, "Invalid volume: The volume cannot be attached in maintenance mode.")
	}
	if v.AdminMetadata["readonly"] == "True" && mode != "ro" {
		return Errorf(Invalid, "Invalid attaching mode '%s' for volume %s.", mode, v.ID)
	}
	if was := v.AdminMetadata["attached_mode"]; v.Status == Attaching && was != "" && was != mode {
		return Errorf(Invalid, "Error attaching volume - InvalidVolume: Invalid volume: being attached by different mode")
	}
	return nil
}

func (t *txn) attach(ctx context.Context, v Volume, n NewAttach) error {
	op := VolumeLegacyAttach
	if v.Multiattach || v.MigrationStatus != nil && *v.MigrationStatus != "" {
		op = VolumeLegacyMulti
	}
	if err := t.noteNow(ctx, volumeEvent(v.ID, "attach.start", byBackend)); err != nil {
		return err
	}
	done, err := t.beginAttachVolume(ctx, beginAttachVolumeParams{Mode: n.Mode, ID: v.ID, Accepts: op.Accepts})
	if err != nil {
		return fmt.Errorf("attach volume: %w", err)
	}
	t.note(ctx, volumeEvent(v.ID, "attach.end", byBackend))
	if done == 0 {
		if v.Status == InUse || v.AttachStatus == Attached {
			return Errorf(Invalid, "Error attaching volume - InvalidVolume: Invalid volume: volume is already attached and multiple attachments are not enabled")
		}
		return Errorf(Invalid, "Error attaching volume - InvalidVolume: Invalid volume: Volume %s cannot be attached while its status is %s.", v.ID, v.Status)
	}
	_, err = t.insertAttached(ctx, insertAttachedParams{ID: n.ID, VolumeID: v.ID, ProjectID: v.ProjectID, AttachStatus: AttachmentAttach.Success,
		AttachMode: &n.Mode, InstanceUuid: n.InstanceID, AttachedHost: n.Host, Mountpoint: &n.Mountpoint})
	if err != nil {
		return fmt.Errorf("insert attachment: %w", err)
	}
	return nil
}

// DetachVolume ends an attachment, nil: the only one, with the connections that
// go with it. Job is "" when it is done already.
func (s *Store) DetachVolume(ctx context.Context, a Actor, volumeID string, attachmentID *string, replyTo string) (job string, err error) {
	err = s.tx(ctx, func(t *txn) error {
		v, err := t.lockVolumeRow(ctx, volumeID)
		if none(err) {
			return Errorf(NotFound, "Volume %s could not be found.", volumeID)
		}
		if err != nil {
			return fmt.Errorf("read volume: %w", err)
		}
		if v.Status == Maintenance {
			return Errorf(Invalid, "Invalid volume: The volume cannot be detached in maintenance mode.")
		}
		all, err := t.AttachmentsOf(ctx, v.ID)
		if err != nil {
			return fmt.Errorf("read attachments: %w", err)
		}
		if attachmentID == nil && len(all) > 1 {
			return ErrSeveralAttachments
		}
		for _, at := range all {
			if attachmentID == nil || at.ID == *attachmentID {
				job, err = t.detach(ctx, a, v, at, replyTo)
				return err
			}
		}
		if len(all) > 0 {
			return t.recomputeVolume(ctx, v.ID)
		}
		job, err = t.detachNone(ctx, a, v, replyTo)
		return err
	})
	return job, err
}

func (t *txn) detach(ctx context.Context, a Actor, v Volume, at Attachment, replyTo string) (job string, err error) {
	worker, err := t.maybeExported(ctx, v)
	if err != nil {
		return "", err
	}
	if err := t.noteNow(ctx, volumeEvent(v.ID, "detach.start", byBackend)); err != nil {
		return "", err
	}
	if v.Host == nil || !worker && at.Connector == nil {
		t.note(ctx, volumeEvent(v.ID, "detach.end", byBackend))
		return "", t.detached(ctx, at.ID, v.ID)
	}
	return t.addJob(ctx, a, newJob{kind: JobDisconnect, queue: VolumeQueue(*v.Host), volume: v.ID, attachment: &at.ID,
		args: DisconnectArgs{Detach: true}, replyTo: replyTo})
}

// detached removes an attachment. Here an error does not outlive it: this is
// how an administrator gets a volume back whose detach went wrong.
func (t *txn) detached(ctx context.Context, id, volumeID string) error {
	_, err := t.moveVolume(ctx, moveVolumeParams{ToStatus: VolumeDetachError.Running, ID: volumeID, Accepts: VolumeDetachError.Accepts})
	if err != nil && !none(err) {
		return fmt.Errorf("volume status: %w", err)
	}
	return t.removeAttachment(ctx, id, volumeID)
}

// detachNone gives back a volume that was on its way to or from an attachment
// that is not there.
func (t *txn) detachNone(ctx context.Context, a Actor, v Volume, replyTo string) (job string, err error) {
	worker, err := t.maybeExported(ctx, v)
	if err != nil {
		return "", err
	}
	if !worker {
		return "", t.settleVolume(ctx, settleVolumeParams{ID: v.ID, Accepts: VolumeDetachNone.Accepts})
	}
	return t.addJob(ctx, a, newJob{kind: JobTerminate, queue: VolumeQueue(*v.Host), volume: v.ID, args: TerminateArgs{Settle: true}, replyTo: replyTo})
}

// failDetach shows in the attachment that os-detach could not end it.
func failDetach(ctx context.Context, t *txn, j *Job) error {
	var args DisconnectArgs
	if err := json.Unmarshal(j.Args, &args); err != nil || !args.Detach {
		return err
	}
	_, err := t.moveAttachment(ctx, moveAttachmentParams{ToStatus: AttachmentDetach.Failure, ID: *j.AttachmentID, Accepts: AttachmentDetach.Accepts})
	return err
}
