package volume

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/volume/driver"
)

// createGroupSnapshot takes the snapshots of all members: of one moment when
// the type of the group wants that, else one after the other.
func (w *Worker) createGroupSnapshot(ctx context.Context, j *db.Job) error {
	members, err := w.members(ctx, j)
	if err != nil {
		return err
	}
	together, err := w.wantsOneMoment(ctx, j)
	if err != nil {
		return err
	}
	if together {
		err = w.snapshotTogether(ctx, members)
	} else {
		err = w.snapshotEach(ctx, members)
	}
	if err != nil {
		return err
	}
	return w.Store.GroupSnapshotCreated(ctx, j)
}

func (w *Worker) snapshotEach(ctx context.Context, members []driver.Snapshot) error {
	for _, s := range members {
		if err := w.Driver.Snapshot(ctx, s); err != nil {
			return fmt.Errorf("create snapshot: %w", err)
		}
	}
	return nil
}

// wantsOneMoment asks the type of the group.
func (w *Worker) wantsOneMoment(ctx context.Context, j *db.Job) (bool, error) {
	g, err := w.Store.GetGroup(ctx, j.VolumeID)
	if err != nil {
		return false, fmt.Errorf("group of the snapshot: %w", err)
	}
	t, err := w.Store.FindGroupType(ctx, g.GroupTypeID, true)
	if err != nil {
		return false, fmt.Errorf("type of the group: %w", err)
	}
	words := strings.Fields(t.GroupSpecs.Text()["consistent_group_snapshot_enabled"])
	return len(words) == 2 && words[0] == "<is>" && strings.EqualFold(words[1], "true"), nil
}

// members are the snapshots of a group snapshot as the driver knows them.
func (w *Worker) members(ctx context.Context, j *db.Job) ([]driver.Snapshot, error) {
	id, err := db.GroupSnapshotOfJob(j)
	if err != nil {
		return nil, err
	}
	rows, err := w.Store.MemberSnapshots(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("snapshots of the group snapshot: %w", err)
	}
	out := make([]driver.Snapshot, len(rows))
	for i, s := range rows {
		v, err := w.Store.GetVolume(ctx, s.VolumeID)
		if err != nil {
			return nil, fmt.Errorf("volume of snapshot %s: %w", s.ID, err)
		}
		out[i] = w.snapshot(s, v)
	}
	return out, nil
}

// snapshotTogether keeps what all members hold at one moment: no write is in
// it without every write, to whichever member, that was acknowledged before it
// was issued. Writes wait from when the last one under way has ended until
// every snapshot has its moment; the copying goes on without holding them up.
func (w *Worker) snapshotTogether(ctx context.Context, members []driver.Snapshot) error {
	// What an earlier attempt took is of another moment.
	if err := w.deleteSnapshots(ctx, members); err != nil {
		return err
	}
	if err := w.flushMembers(members); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, w.HoldLimit)
	defer cancel()
	release, err := w.holdMembers(limited, members)
	if err != nil {
		return fmt.Errorf("hold the writes to the group: %w", err)
	}
	defer release()
	return w.takeAll(ctx, limited, members, release)
}

// flushMembers leaves little for the drivers to write back while writes wait.
func (w *Worker) flushMembers(members []driver.Snapshot) error {
	for _, s := range members {
		if e := w.exported(s.VolumeID); e != nil {
			if err := e.device.Flush(); err != nil {
				return fmt.Errorf("flush volume %s: %w", s.VolumeID, err)
			}
		}
	}
	return nil
}

// holdMembers shuts the gates of all exported members; release opens them and
// may be called again.
func (w *Worker) holdMembers(ctx context.Context, members []driver.Snapshot) (release func(), err error) {
	var held []*gate
	release = sync.OnceFunc(func() {
		for _, g := range held {
			g.open()
		}
	})
	for _, s := range members {
		e := w.exported(s.VolumeID)
		if e == nil {
			continue
		}
		if err := e.device.gate.hold(ctx); err != nil {
			release()
			return nil, err
		}
		held = append(held, &e.device.gate)
	}
	return release, nil
}

// takeAll runs the snapshots side by side and releases the writes when all of
// them have their moment, or none will be kept. Moments that come after limited
// has ended are no common moment.
func (w *Worker) takeAll(ctx, limited context.Context, members []driver.Snapshot, release func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var waiting sync.WaitGroup
	waiting.Add(len(members))
	results := make(chan error, len(members))
	for _, s := range members {
		go func() {
			passed := sync.OnceFunc(waiting.Done)
			err := w.Driver.Snapshot(driver.WithMoment(ctx, passed), s)
			if err != nil {
				cancel() // one that lacks makes the others worthless
			}
			passed()
			results <- err
		}()
	}
	all := make(chan struct{})
	go func() {
		waiting.Wait()
		close(all)
	}()
	var errs []error
	select {
	case <-all:
	case <-limited.Done():
		cancel()
		errs = append(errs, fmt.Errorf("the snapshots of a group took too long to begin: %w", limited.Err()))
	}
	release()
	for range members {
		if err := <-results; err != nil {
			errs = append(errs, fmt.Errorf("create snapshot: %w", err))
		}
	}
	return errors.Join(errs...)
}

// deleteGroupSnapshot removes the members, then the rows.
func (w *Worker) deleteGroupSnapshot(ctx context.Context, j *db.Job) error {
	members, err := w.members(ctx, j)
	if err != nil {
		return err
	}
	if err := w.deleteSnapshots(ctx, members); err != nil {
		return err
	}
	return w.Store.GroupSnapshotDeleted(ctx, j)
}

func (w *Worker) deleteSnapshots(ctx context.Context, members []driver.Snapshot) error {
	for _, s := range members {
		if err := w.Driver.DeleteSnapshot(ctx, s); err != nil {
			return fmt.Errorf("delete snapshot %s: %w", s.ID, err)
		}
	}
	return nil
}

// dropMembers removes what a group snapshot that failed has left.
func (w *Worker) dropMembers(ctx context.Context, j *db.Job) {
	members, err := w.members(ctx, j)
	if err == nil {
		err = w.deleteSnapshots(ctx, members)
	}
	if err != nil {
		w.Log.Warn("cannot remove the snapshots of a group that failed", "group", j.VolumeID, "err", err)
	}
}
