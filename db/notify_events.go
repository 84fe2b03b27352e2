package db

import (
	"context"
	"errors"
)

// noteStart tells that the worker takes up what the scheduler hands over.
func (t *txn) noteStart(ctx context.Context, j *Job) {
	switch j.Kind {
	case JobVolumeExtend:
		t.note(ctx, volumeEvent(j.VolumeID, "resize.start", byBackend))
	case JobSnapshotManage:
		t.note(ctx, snapshotEvent(*j.SnapshotID, "manage_existing_snapshot.start", byPool))
	}
}

// noteGroupAndVolumes tells the same of a group and of each of its volumes.
func (t *txn) noteGroupAndVolumes(ctx context.Context, id, suffix string) {
	t.note(ctx, groupEvent{id: id, suffix: suffix})
	t.note(ctx, volumesEvent{group: &id, suffix: suffix, by: byBackend})
}

// noteGroupSnapshotAndMembers tells the same of a group snapshot and of each snapshot in it.
func (t *txn) noteGroupSnapshotAndMembers(ctx context.Context, id, suffix string) {
	t.note(ctx, groupSnapshotEvent{id: id, suffix: suffix})
	t.note(ctx, snapshotsEvent{group: &id, suffix: suffix, by: byBackend})
}

// resetNoted sets a status by hand, with the events that upstream's API sends
// about it, of failures too.
func (s *Store) resetNoted(ctx context.Context, publisher, event, id, status string, f func(t *txn) error) error {
	e := Event{Resource: event + " " + id, Publisher: publisher, Payload: map[string]any{"id": id, "update": status}}
	err := s.once(ctx, func(t *txn) error {
		for _, suffix := range []string{".start", ".end"} {
			e.Type = event + suffix
			t.note(ctx, e)
		}
		return f(t)
	})
	return s.told(ctx, Event{Resource: e.Resource, Publisher: publisher, Type: event, Payload: map[string]any{"id": id}}, err)
}

// told returns err; when there is one it is told as failed, with the reason.
func (s *Store) told(ctx context.Context, failed Event, err error) error {
	if err == nil || !s.opts.Notify {
		return err
	}
	failed.Failed = true
	failed.Payload["error_message"] = publicReason(err)
	// The caller's error is what counts; this one would say the same: no database.
	_ = s.Note(ctx, failed)
	return err
}

// publicReason is the part of an error that is no secret of the service.
func publicReason(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return "The operation failed."
}

// schedulerMethods are what upstream's scheduler calls the placing of a kind of job.
var schedulerMethods = map[string]string{
	JobVolumeCreate: "create_volume", JobVolumeExtend: "extend_volume", JobVolumeRetype: "retype", JobVolumeMigrate: "migrate_volume_to_host",
	JobVolumeManage: "manage_existing", JobSnapshotManage: "manage_existing_snapshot", JobGroupCreate: "create_group", JobGroupClone: "create_group",
}

// noteUnplaced tells that the scheduler has failed a job.
func (t *txn) noteUnplaced(ctx context.Context, j *Job, reason string) error {
	method, ok := schedulerMethods[j.Kind]
	if !ok || j.Queue != QueueScheduler || !t.store.opts.Notify {
		return nil
	}
	spec, properties := map[string]any{"volume_id": j.VolumeID, "snapshot_id": j.SnapshotID}, map[string]any{}
	payload := map[string]any{"request_spec": spec, "volume_properties": properties, "volume_id": j.VolumeID, "state": InError,
		"method": method, "reason": reason}
	switch v, err := t.GetVolume(ctx, j.VolumeID); {
	case none(err): // of a group
		delete(spec, "volume_id")
		payload["volume_id"], spec["group_id"] = nil, j.VolumeID
	case err != nil:
		return err
	default:
		for key, value := range map[string]any{"size": v.Size, "volume_type_id": v.VolumeTypeID, "availability_zone": v.AvailabilityZone,
			"display_name": v.Name, "project_id": v.ProjectID, "user_id": v.UserID, "host": v.Host, "multiattach": v.Multiattach} {
			properties[key] = value
		}
		spec["volume_properties"] = properties
		payload["state"] = v.Status
	}
	t.note(ctx, Event{Resource: "volume " + j.VolumeID, Publisher: "scheduler", Type: "scheduler." + method, Failed: true, Payload: payload})
	return nil
}
