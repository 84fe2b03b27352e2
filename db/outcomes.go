package db

import (
	"context"
	"encoding/json"
	"fmt"
)

// The ends of jobs. Each closes the job, moves the states and settles the
// quota in one transaction, and returns ErrLeaseLost, with nothing changed,
// when the job is no longer the caller's.

// running are the status values in which an operation's end may find its
// object; a volume that is being made may be waiting for the data of its image.
func running(op Op) []string {
	if op.Running == Creating {
		return []string{Creating, Downloading}
	}
	return []string{op.Running}
}

// VolumePlaced writes the pool that the scheduler chose and hands the job to
// the worker of that pool: also for a volume that is to be deleted when it is
// made, which would not be found otherwise.
func (s *Store) VolumePlaced(ctx context.Context, j *Job, host, availabilityZone string) error {
	states := append(running(VolumeCreate), VolumeDelete.Running)
	return s.pass(ctx, j, VolumeQueue(host), j.Args, func(t *txn) error {
		_, err := t.placeVolume(ctx, placeVolumeParams{Host: &host, AvailabilityZone: availabilityZone, ID: j.VolumeID, Running: states})
		t.note(ctx, volumeEvent(j.VolumeID, "create.start", byPool))
		return err
	})
}

// HandOver passes a job that needs no placing to the worker of host.
func (s *Store) HandOver(ctx context.Context, j *Job, host string) error {
	return s.pass(ctx, j, VolumeQueue(host), j.Args, func(t *txn) error {
		t.noteStart(ctx, j)
		return nil
	})
}

// Reschedule gives a create that failed on host back to the scheduler, which
// will not choose that pool again.
func (s *Store) Reschedule(ctx context.Context, j *Job, host string) error {
	var args CreateArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	args.Exclude = append(args.Exclude, host)
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	return s.pass(ctx, j, QueueScheduler, raw, func(*txn) error { return nil })
}

// NoValidBackend ends a create or an extend for which no pool has room: the
// new volume goes to error, the grown one back to what it was.
func (s *Store) NoValidBackend(ctx context.Context, j *Job, reason string) error {
	return s.end(ctx, j, reason, func(t *txn) error {
		if err := t.dropReservations(ctx, j.ID); err != nil {
			return fmt.Errorf("return reservations: %w", err)
		}
		if err := t.noteUnplaced(ctx, j, reason); err != nil {
			return err
		}
		action := ActionSchedule
		if j.Kind == JobVolumeExtend {
			action = ActionExtend
			if _, err := t.restoreVolumeStatus(ctx, restoreVolumeStatusParams{ID: j.VolumeID, Running: running(VolumeExtend)}); err != nil {
				return fmt.Errorf("restore status: %w", err)
			}
		} else if err := t.fail(ctx, j, VolumeCreate); err != nil {
			return err
		}
		if err := t.endRekey(ctx, j); err != nil {
			return err
		}
		return t.tell(ctx, j, ResourceVolume, j.VolumeID, action, DetailNoBackend)
	})
}

func (t *txn) fail(ctx context.Context, j *Job, op Op) error {
	_, err := t.failVolume(ctx, failVolumeParams{ToStatus: op.Failure, ID: j.VolumeID, Running: running(op)})
	if err != nil {
		return fmt.Errorf("volume to %s: %w", op.Failure, err)
	}
	return nil
}

// VolumeCreated ends a create.
func (s *Store) VolumeCreated(ctx context.Context, j *Job, serviceUUID string) error {
	return s.end(ctx, j, "", func(t *txn) error {
		n, err := t.finishVolumeCreate(ctx, finishVolumeCreateParams{ToStatus: VolumeCreate.Success, ServiceUuid: &serviceUUID,
			ID: j.VolumeID, Running: running(VolumeCreate)})
		if err != nil {
			return fmt.Errorf("finish create: %w", err)
		}
		if n > 0 {
			t.note(ctx, volumeEvent(j.VolumeID, "create.end", byPool))
		}
		return t.endRekey(ctx, j)
	})
}

// VolumeDeleted ends a delete, its snapshots included.
func (s *Store) VolumeDeleted(ctx context.Context, j *Job) error {
	return s.end(ctx, j, "", func(t *txn) error { return t.removeVolume(ctx, j.VolumeID) })
}

// VolumeExtended ends an extend.
func (s *Store) VolumeExtended(ctx context.Context, j *Job, sizeGiB int32) error {
	return s.end(ctx, j, "", func(t *txn) error {
		n, err := t.finishVolumeExtend(ctx, finishVolumeExtendParams{Size: sizeGiB, ID: j.VolumeID, Running: running(VolumeExtend)})
		if err != nil {
			return fmt.Errorf("finish extend: %w", err)
		}
		if n == 0 { // being deleted: the row keeps the size that goes back to the quota
			return t.dropReservations(ctx, j.ID)
		}
		if err := t.tellCompute(ctx, j, ComputeExtended, j.VolumeID); err != nil {
			return err
		}
		t.note(ctx, volumeEvent(j.VolumeID, "resize.end", byBackend))
		return t.spendReservations(ctx, j.ID)
	})
}

// SnapshotCreated ends a snapshot create.
func (s *Store) SnapshotCreated(ctx context.Context, j *Job) error {
	return s.end(ctx, j, "", func(t *txn) error {
		n, err := t.finishSnapshot(ctx, finishSnapshotParams{ToStatus: SnapshotCreate.Success, Progress: "100%", ID: *j.SnapshotID, Running: running(SnapshotCreate)})
		if n > 0 {
			t.note(ctx, snapshotEvent(*j.SnapshotID, "create.end", byBackend))
		}
		return err
	})
}

// SnapshotDeleted ends a snapshot delete.
func (s *Store) SnapshotDeleted(ctx context.Context, j *Job) error {
	return s.end(ctx, j, "", func(t *txn) error { return t.removeSnapshot(ctx, *j.SnapshotID) })
}

// Connection is what an export made.
type Connection struct {
	Connector json.RawMessage
	Info      json.RawMessage // connection_info as Cinder stores it, secret included
	Host      *string
	Mount     *string
	Mode      string // rw or ro
}

// AttachmentConnected ends a connect: the caller of the API gets the connection.
func (s *Store) AttachmentConnected(ctx context.Context, j *Job, c Connection) error {
	return s.end(ctx, j, "", func(t *txn) error {
		_, err := t.connectAttachment(ctx, connectAttachmentParams{ToStatus: AttachmentConnect.Success, Connector: c.Connector, ConnectionInfo: c.Info,
			AttachedHost: c.Host, Mountpoint: c.Mount, AttachMode: &c.Mode, ID: *j.AttachmentID, Accepts: AttachmentConnect.Accepts})
		if err != nil {
			return fmt.Errorf("connect attachment: %w", err)
		}
		return t.recomputeVolume(ctx, j.VolumeID)
	})
}

// AttachmentDisconnected ends a disconnect, with the connections that went with
// the attachment.
func (s *Store) AttachmentDisconnected(ctx context.Context, j *Job, connections []string) error {
	var args DisconnectArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	return s.end(ctx, j, "", func(t *txn) error {
		if err := t.deleteConnections(ctx, connections); err != nil {
			return fmt.Errorf("delete connections: %w", err)
		}
		by := byProcess
		if args.Detach {
			by = byBackend
		}
		t.note(ctx, volumeEvent(j.VolumeID, "detach.end", by))
		if args.Detach {
			return t.detached(ctx, *j.AttachmentID, j.VolumeID)
		}
		return t.removeAttachment(ctx, *j.AttachmentID, j.VolumeID)
	})
}

// failures says what the failure of each kind of job leaves and tells; without
// a resource it tells nothing, as upstream does of deletes and of calls whose
// caller hears of the failure.
var failures = map[string]struct {
	resource string
	action   Action
	detail   Detail
	undo     func(ctx context.Context, t *txn, j *Job) error
}{
	JobVolumeCreate:  {ResourceVolume, ActionCreateVolume, DetailCreateFailed, failCreate},
	JobVolumeUpload:  {ResourceVolume, ActionUploadImage, DetailUploadFailed, endUpload},
	JobVolumeReimage: {ResourceVolume, ActionReimage, DetailUnknown, failReimage},
	JobVolumeDelete:  {undo: func(ctx context.Context, t *txn, j *Job) error { return t.fail(ctx, j, VolumeDelete) }},
	JobVolumeExtend:  {ResourceVolume, ActionExtend, DetailExtendFailed, func(ctx context.Context, t *txn, j *Job) error { return t.fail(ctx, j, VolumeExtend) }},
	JobSnapshotCreate: {ResourceSnapshot, ActionCreateSnapshot, DetailSnapshotFailed, func(ctx context.Context, t *txn, j *Job) error {
		return t.failSnapshot(ctx, j, SnapshotCreate)
	}},
	JobSnapshotDelete: {ResourceSnapshot, ActionDeleteSnapshot, DetailSnapshotDelete, func(ctx context.Context, t *txn, j *Job) error {
		return t.failSnapshot(ctx, j, SnapshotDelete)
	}},
	JobConnect: {ResourceVolume, ActionUpdateAttach, DetailAttachFailed, func(ctx context.Context, t *txn, j *Job) error {
		_, err := t.moveAttachment(ctx, moveAttachmentParams{ToStatus: AttachmentConnect.Failure, ID: *j.AttachmentID, Accepts: AttachmentConnect.Accepts})
		return err
	}},
	JobDisconnect: {ResourceVolume, ActionUpdateAttach, DetailDetachFailed, failDetach},
	JobInitialize: {undo: leaveAsItIs},
	JobTerminate:  {undo: leaveAsItIs},
	JobVolumeManage: {ResourceVolume, ActionCreateVolume, DetailCreateFailed, func(ctx context.Context, t *txn, j *Job) error {
		return t.fail(ctx, j, VolumeManage)
	}},
	JobVolumeUnmanage: {ResourceVolume, ActionUnmanage, DetailUnknown, func(ctx context.Context, t *txn, j *Job) error {
		return t.fail(ctx, j, VolumeUnmanage)
	}},
	JobSnapshotManage: {ResourceSnapshot, ActionCreateSnapshot, DetailSnapshotFailed, func(ctx context.Context, t *txn, j *Job) error {
		return t.failSnapshot(ctx, j, SnapshotManage)
	}},
	JobSnapshotUnmanage: {ResourceSnapshot, ActionDeleteSnapshot, DetailSnapshotDelete, func(ctx context.Context, t *txn, j *Job) error {
		return t.failSnapshot(ctx, j, SnapshotUnmanage)
	}},
	JobVolumeRevert: {undo: func(ctx context.Context, t *txn, j *Job) error {
		return t.endRevert(ctx, j, VolumeRevert.Failure, SnapshotRevert.Failure)
	}},
	JobListManageable: {undo: leaveAsItIs},
	// Cinder has no messages about groups.
	JobGroupCreate:         {undo: failGroup(GroupCreate, VolumeCreate)},
	JobGroupClone:          {undo: failGroup(GroupCreate, VolumeCreate)},
	JobGroupDelete:         {undo: failGroup(GroupDelete, VolumeDelete)},
	JobGroupSnapshotCreate: {undo: failGroupSnapshot(GroupSnapshotCreate, SnapshotCreate)},
	JobGroupSnapshotDelete: {undo: failGroupSnapshot(GroupSnapshotDelete, SnapshotDelete)},
	JobVolumeRetype:        {ResourceVolume, ActionCreateVolume, DetailCreateFailed, undoMove},
	JobVolumeMigrate:       {ResourceVolume, ActionCreateVolume, DetailCreateFailed, undoMove},
}

func (t *txn) failSnapshot(ctx context.Context, j *Job, op Op) error {
	_, err := t.finishSnapshot(ctx, finishSnapshotParams{ToStatus: op.Failure, Progress: "0%", ID: *j.SnapshotID, Running: running(op)})
	return err
}

// leaveAsItIs is for what a failure does not change.
func leaveAsItIs(context.Context, *txn, *Job) error { return nil }

// Failed ends any job that will not be tried again: the state of failure, the
// reservations returned, a message for the user. reason is for the one who
// waits for the job, and holds no secret.
func (s *Store) Failed(ctx context.Context, j *Job, reason string) error {
	f := failures[j.Kind] // of an unknown kind, which FailedAs reports
	return s.FailedAs(ctx, j, reason, f.action, f.detail)
}

// FailedAs is Failed with another message for the user, or with none when
// action is "".
func (s *Store) FailedAs(ctx context.Context, j *Job, reason string, action Action, detail Detail) error {
	f, ok := failures[j.Kind]
	if !ok {
		return fmt.Errorf("job %s has the unknown kind %q", j.ID, j.Kind)
	}
	return s.end(ctx, j, reason, func(t *txn) error {
		if err := t.dropReservations(ctx, j.ID); err != nil {
			return fmt.Errorf("return reservations: %w", err)
		}
		if err := f.undo(ctx, t, j); err != nil {
			return fmt.Errorf("after a failed %s: %w", j.Kind, err)
		}
		if err := t.noteUnplaced(ctx, j, reason); err != nil {
			return err
		}
		if action == "" {
			return nil
		}
		id := j.VolumeID
		if f.resource == ResourceSnapshot {
			id = *j.SnapshotID
		}
		return t.tell(ctx, j, f.resource, id, action, detail)
	})
}

// ExportLost marks a volume whose export cannot be made again after a restart.
func (s *Store) ExportLost(ctx context.Context, volumeID string) error {
	_, err := s.failVolume(ctx, failVolumeParams{ToStatus: VolumeAttach.Failure, ID: volumeID, Running: VolumeAttach.Accepts})
	return err
}
