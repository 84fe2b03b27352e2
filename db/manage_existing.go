package db

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// ManageArgs of volume.manage and snapshot.manage.
type ManageArgs struct {
	Ref json.RawMessage `json:"ref"` // an object of texts, or a text; the driver knows what it means
}

// ManageableArgs of pool.manageable: which part of the list is wanted.
type ManageableArgs struct {
	Snapshots bool              `json:"snapshots,omitempty"`
	Marker    map[string]string `json:"marker,omitempty"` // the reference before the first one; nil: none
	Limit     int               `json:"limit"`
	Offset    int               `json:"offset"`
	Sort      []Sort            `json:"sort"` // by reference or size
}

// Manageable is a volume or snapshot that a pool holds.
type Manageable struct {
	Reference map[string]string `json:"reference"`
	SizeGiB   int64             `json:"size"`
	Safe      bool              `json:"safe"`
	Reason    *string           `json:"reason,omitempty"`
	ID        *string           `json:"id,omitempty"`     // of the row, when it is managed
	Source    map[string]string `json:"source,omitempty"` // the volume of a snapshot
}

// ManageableResult is what a pool.manageable ends with.
type ManageableResult struct {
	Items    []Manageable `json:"items"`
	NoMarker bool         `json:"no_marker,omitempty"` // the marker is not in the list
}

// ManagedVolume is what a manage asks for, defaults already filled in.
type ManagedVolume struct {
	ID               string
	Ref              json.RawMessage
	Host             string // host@backend, with #pool when it is known
	Name             *string
	Description      *string
	Type             VolumeType
	AvailabilityZone string
	Multiattach      bool
	Bootable         bool
	Metadata         Metadata
}

// ManageVolume writes a volume for something that a backend has already. Its
// size, and with it its gigabytes, are known when a worker has looked.
func (s *Store) ManageVolume(ctx context.Context, a Actor, n ManagedVolume) (Volume, error) {
	var v Volume
	err := s.tx(ctx, func(t *txn) error {
		_, err := t.insertVolume(ctx, insertVolumeParams{ID: n.ID, ProjectID: a.ProjectID, UserID: a.UserID, Status: VolumeManage.Running,
			Name: n.Name, Description: n.Description, Multiattach: n.Multiattach, Bootable: n.Bootable, AvailabilityZone: n.AvailabilityZone,
			VolumeTypeID: n.Type.ID, Metadata: n.Metadata.orEmpty(), AdminMetadata: Metadata{}})
		if err != nil {
			return fmt.Errorf("insert volume: %w", err)
		}
		place := placeVolumeParams{Host: &n.Host, AvailabilityZone: n.AvailabilityZone, ID: n.ID, Running: running(VolumeManage)}
		if _, err := t.placeVolume(ctx, place); err != nil {
			return fmt.Errorf("place volume: %w", err)
		}
		if v, err = t.GetVolume(ctx, n.ID); err != nil {
			return fmt.Errorf("read volume: %w", err)
		}
		if _, err := t.addJob(ctx, a, newJob{kind: JobVolumeManage, queue: QueueScheduler, volume: n.ID, args: ManageArgs{Ref: n.Ref}}); err != nil {
			return err
		}
		return t.take(ctx, a.ProjectID, volumeQuota(n.Type.Name, 0))
	})
	return v, err
}

// UnmanageVolume begins to let a volume go: its row ends, its data stays.
func (s *Store) UnmanageVolume(ctx context.Context, a Actor, id string) error {
	return s.tx(ctx, func(t *txn) error {
		op := VolumeUnmanage
		v, err := t.beginDeleteVolume(ctx, beginDeleteVolumeParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts})
		if none(err) {
			return refuseDelete(op, DeleteOptions{})
		}
		if err != nil {
			return fmt.Errorf("unmanage volume: %w", err)
		}
		if err := t.noteNow(ctx, volumeEvent(id, "unmanage.start", byBackend)); err != nil {
			return err
		}
		if v.Host == nil {
			return t.removeVolume(ctx, id)
		}
		_, err = t.addJob(ctx, a, newJob{kind: JobVolumeUnmanage, queue: VolumeQueue(*v.Host), volume: id})
		return err
	})
}

// EncryptedVolumeStays tells the owner why an encrypted volume cannot be let go.
func (s *Store) EncryptedVolumeStays(ctx context.Context, a Actor, id string) error {
	j := &Job{ProjectID: a.ProjectID, RequestID: a.RequestID}
	return s.tx(ctx, func(t *txn) error { return t.tell(ctx, j, ResourceVolume, id, ActionUnmanage, DetailUnmanageEncrypted) })
}

// UnmanageSnapshot begins to let a snapshot go.
func (s *Store) UnmanageSnapshot(ctx context.Context, a Actor, id string) error {
	return s.tx(ctx, func(t *txn) error {
		op := SnapshotUnmanage
		snap, err := t.beginDeleteSnapshot(ctx, beginDeleteSnapshotParams{ToStatus: op.Running, ID: id, Accepts: op.Accepts})
		if none(err) {
			return Errorf(Invalid, "Invalid snapshot: Snapshot status must be available or error and must not be part of a group.")
		}
		if err != nil {
			return fmt.Errorf("unmanage snapshot: %w", err)
		}
		if err := t.noteNow(ctx, snapshotEvent(id, "delete.start", byBackend)); err != nil {
			return err
		}
		v, err := t.GetVolume(ctx, snap.VolumeID)
		if err != nil {
			return fmt.Errorf("volume of the snapshot: %w", err)
		}
		if v.Host == nil {
			return t.removeSnapshot(ctx, id)
		}
		_, err = t.addJob(ctx, a, newJob{kind: JobSnapshotUnmanage, queue: VolumeQueue(*v.Host), volume: v.ID, snapshot: &id})
		return err
	})
}

// ListManageable asks the worker of host what its pools hold; the job's result
// is a ManageableResult.
func (s *Store) ListManageable(ctx context.Context, a Actor, host string, args ManageableArgs, replyTo string) (job string, err error) {
	err = s.tx(ctx, func(t *txn) error {
		job, err = t.addJob(ctx, a, newJob{kind: JobListManageable, queue: VolumeQueue(host), volume: uuid.NewString(), args: args, replyTo: replyTo})
		return err
	})
	return job, err
}

// ReportSnapshot sets the status that whoever makes or removes a snapshot
// outside of the service has come to, if it is still the one that was seen.
func (s *Store) ReportSnapshot(ctx context.Context, seen Snapshot, status string, progress *string) error {
	var allowed S
	switch seen.Status {
	case Creating:
		allowed = S{Creating, SnapshotReportMade.Success, SnapshotReportMade.Failure}
	case Deleting:
		allowed = S{Deleting, SnapshotReportGone.Failure}
	default:
		return Errorf(Invalid, "Snapshot status %s not allowed for update_snapshot_status", seen.Status)
	}
	if !slices.Contains(allowed, status) {
		return Errorf(Invalid, "Provided snapshot status %s not allowed for snapshot with status %s.", status, seen.Status)
	}
	n, err := s.reportSnapshot(ctx, reportSnapshotParams{ToStatus: status, Progress: progress, ID: seen.ID, FromStatus: seen.Status})
	if err != nil || n > 0 {
		return err
	}
	now, err := s.GetSnapshot(ctx, seen.ID)
	if err != nil {
		return snapshotGone(seen.ID, err)
	}
	return Errorf(Invalid, "Provided snapshot status %s not allowed for snapshot with status %s.", status, now.Status)
}
