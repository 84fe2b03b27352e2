package volume

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
)

// sourceName is the key by which every driver takes the name of a thing.
const sourceName = "source-name"

// errTaken: what a reference means is a volume or snapshot already.
var errTaken = fmt.Errorf("%w: it is already managed", driver.ErrExists)

// manageVolume finds the size of what the reference means, then the quota for
// it, and takes it over as the last step.
func (w *Worker) manageVolume(ctx context.Context, j *db.Job) error {
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to manage: %w", err)
	}
	if v.Status != db.VolumeManage.Running {
		return fmt.Errorf("%w: volume %s is %s by now", driver.ErrInvalid, v.ID, v.Status)
	}
	m, ref, err := w.managerFor(ctx, j)
	if err != nil {
		return err
	}
	if v.Size, err = sizeOf(ctx, m, driver.VolumeSource(w.volume(v)), ref); err != nil {
		return err
	}
	if err := w.Store.HoldManagedVolume(ctx, j, v, v.Size); err != nil {
		return err
	}
	if err := m.Adopt(ctx, driver.VolumeSource(w.volume(v)), ref); err != nil {
		return fmt.Errorf("manage volume: %w", err)
	}
	return w.Store.VolumeManaged(ctx, j, v.Size, w.service.UUID)
}

// manageSnapshot does the same for a snapshot of a volume that is ours.
func (w *Worker) manageSnapshot(ctx context.Context, j *db.Job) error {
	s, v, err := w.snapshotRows(ctx, j)
	if err != nil {
		return err
	}
	if s.Status != db.SnapshotManage.Running {
		return fmt.Errorf("%w: snapshot %s is %s by now", driver.ErrInvalid, s.ID, s.Status)
	}
	m, ref, err := w.managerFor(ctx, j)
	if err != nil {
		return err
	}
	size, err := sizeOf(ctx, m, driver.SnapshotSource(w.snapshot(s, v)), ref)
	if err != nil {
		return err
	}
	if err := w.Store.HoldManagedSnapshot(ctx, j, s, size); err != nil {
		return err
	}
	to := s
	to.VolumeSize = size
	if err := m.Adopt(ctx, driver.SnapshotSource(w.snapshot(to, v)), ref); err != nil {
		return fmt.Errorf("manage snapshot: %w", err)
	}
	return w.Store.SnapshotManaged(ctx, j, s, size)
}

// managerFor is the driver's power and the reference of a job.
func (w *Worker) managerFor(ctx context.Context, j *db.Job) (driver.Manager, driver.Reference, error) {
	m, ok := driver.As[driver.Manager](w.Driver)
	if !ok {
		return nil, nil, fmt.Errorf("%w: this driver cannot manage what exists", driver.ErrInvalid)
	}
	var args db.ManageArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return nil, nil, fmt.Errorf("job arguments: %w", err)
	}
	ref := reference(args.Ref, j.Kind == db.JobSnapshotManage)
	taken, err := w.taken(ctx, ref[sourceName])
	if err == nil && taken {
		err = errTaken
	}
	return m, ref, err
}

// reference is what an administrator wrote; the driver refuses what lacks its
// key. Of a snapshot the bare name is a reference too.
func reference(raw json.RawMessage, bareName bool) driver.Reference {
	var name string
	if bareName && json.Unmarshal(raw, &name) == nil && name != "" {
		return driver.Reference{sourceName: name}
	}
	var ref driver.Reference
	if json.Unmarshal(raw, &ref) != nil {
		return nil
	}
	return ref
}

// taken reports whether a name in a pool is that of a row.
func (w *Worker) taken(ctx context.Context, name string) (bool, error) {
	if id, ok := idIn(name, w.VolumeName); ok {
		return w.Store.HasVolume(ctx, id)
	}
	if id, ok := idIn(name, w.SnapshotName); ok {
		return w.Store.HasSnapshot(ctx, id)
	}
	return false, nil
}

// idIn is the UUID in a name that template makes.
func idIn(name, template string) (string, bool) {
	before, after, _ := strings.Cut(template, "%s")
	id, ok := strings.CutPrefix(name, before)
	if !ok {
		return "", false
	}
	id, ok = strings.CutSuffix(id, after)
	u, err := uuid.Parse(id)
	return id, ok && err == nil && u.String() == id
}

// sizeOf is the size in whole GiB that a volume needs to hold it.
func sizeOf(ctx context.Context, m driver.Manager, to driver.Source, ref driver.Reference) (int32, error) {
	bytes, err := m.Measure(ctx, to, ref)
	if err != nil {
		return 0, fmt.Errorf("size of what to manage: %w", err)
	}
	size := wholeGiB(bytes)
	if size > 1<<31-1 {
		return 0, fmt.Errorf("%w: %d GiB are too many for a volume", driver.ErrInvalid, size)
	}
	return int32(size), nil
}

func wholeGiB(bytes int64) int64 { return (bytes + gib - 1) / gib }

// giveUpManage gives back what was taken over, and says why it failed.
func (w *Worker) giveUpManage(ctx context.Context, j *db.Job, cause error) error {
	if err := w.giveBack(ctx, j); err != nil {
		w.Log.Warn("cannot let go of what could not be managed", "volume", j.VolumeID, "err", err)
	}
	switch {
	case db.IsKind(cause, db.OverLimit):
		return w.Store.FailedAs(ctx, j, userReason(cause), db.ActionCreateVolume, db.DetailQuota)
	case errors.Is(cause, errTaken):
		return w.Store.Failed(ctx, j, "It is already managed.")
	}
	return w.Store.Failed(ctx, j, userReason(cause))
}

func (w *Worker) giveBack(ctx context.Context, j *db.Job) error {
	m, ok := driver.As[driver.Manager](w.Driver)
	if !ok {
		return nil
	}
	if j.Kind == db.JobSnapshotManage {
		s, v, err := w.snapshotRows(ctx, j)
		if err != nil {
			return err
		}
		return m.Release(ctx, driver.SnapshotSource(w.snapshot(s, v)))
	}
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to give up: %w", err)
	}
	return m.Release(ctx, driver.VolumeSource(w.volume(v)))
}
