package volume

import (
	"context"
	"fmt"
	"slices"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
)

// cloneGroup makes the volumes of a new group as copies of those of another
// one, or of its snapshots.
func (w *Worker) cloneGroup(ctx context.Context, j *db.Job) error {
	volumes, err := w.groupVolumes(ctx, j)
	if err != nil {
		return err
	}
	for _, v := range volumes {
		src, err := w.copiedFrom(ctx, v)
		if err != nil {
			return err
		}
		if err := w.Driver.Clone(ctx, w.volume(v), src); err != nil {
			return fmt.Errorf("create volume %s: %w", v.ID, err)
		}
	}
	return w.Store.GroupCloned(ctx, j, w.service.UUID)
}

// groupVolumes are the volumes of the group that its job works on.
func (w *Worker) groupVolumes(ctx context.Context, j *db.Job) ([]db.Volume, error) {
	volumes, err := w.Store.MembersOf(ctx, db.MembersOfParams{GroupID: j.VolumeID, Members: j.MemberVolumeIDs})
	if err != nil {
		return nil, fmt.Errorf("volumes of group %s: %w", j.VolumeID, err)
	}
	return volumes, nil
}

// copiedFrom is what a volume of a new group is a copy of.
func (w *Worker) copiedFrom(ctx context.Context, v db.Volume) (driver.Source, error) {
	if v.SnapshotID == nil {
		src, err := w.Store.GetVolume(ctx, deref(v.SourceVolid))
		if err != nil {
			return driver.Source{}, fmt.Errorf("source of volume %s: %w", v.ID, err)
		}
		return driver.VolumeSource(w.volume(src)), nil
	}
	s, err := w.Store.GetSnapshot(ctx, *v.SnapshotID)
	if err != nil {
		return driver.Source{}, fmt.Errorf("source of volume %s: %w", v.ID, err)
	}
	src, err := w.Store.GetVolume(ctx, s.VolumeID)
	if err != nil {
		return driver.Source{}, fmt.Errorf("volume of snapshot %s: %w", s.ID, err)
	}
	return driver.SnapshotSource(w.snapshot(s, src)), nil
}

// dropCopies removes what a clone that failed has left.
func (w *Worker) dropCopies(ctx context.Context, j *db.Job) {
	volumes, err := w.groupVolumes(ctx, j)
	for _, v := range volumes {
		if err == nil {
			err = w.Driver.Delete(ctx, w.volume(v))
		}
	}
	if err != nil {
		w.Log.Warn("cannot remove the volumes of a group that could not be made", "group", j.VolumeID, "err", err)
	}
}

// deleteGroup removes the volumes, those that others may be clones of last;
// the rows go at the end, so a crash repeats it all.
func (w *Worker) deleteGroup(ctx context.Context, j *db.Job) error {
	volumes, err := w.groupVolumes(ctx, j)
	if err != nil {
		return err
	}
	slices.SortFunc(volumes, func(a, b db.Volume) int { return b.CreatedAt.Compare(a.CreatedAt) })
	for _, v := range volumes {
		if v.Host == nil {
			continue // it was never placed
		}
		if err := w.unexport(v.BackendID()); err != nil {
			return err
		}
		if err := w.Driver.Delete(ctx, w.volume(v)); err != nil {
			return fmt.Errorf("delete volume %s: %w", v.ID, err)
		}
	}
	return w.Store.GroupDeleted(ctx, j)
}
