package volume

import (
	"context"
	"fmt"
	"time"

	"github.com/clinker-io/clinker/db"
)

// A volume that servers have attached moves by their help (db/swap.go):
//
//	source's worker       finds it attached, hands the move on
//	destination's worker  makes the copy, asks Nova, looks after it until Nova reports

const (
	swapPoll    = 5 * time.Second // before the first look
	maxSwapPoll = time.Minute
	// swapGrace is how long Nova may leave the copy without an attachment. It
	// makes one before it answers; without, it has given up and its report is lost.
	swapGrace = 30 * time.Second
)

// swappable reports whether it is servers, and none but servers, that have the
// volume, so that the compute service can move it.
func (w *Worker) swappable(ctx context.Context, v db.Volume) (bool, error) {
	if w.Compute == nil {
		return false, nil
	}
	attachments, err := w.Store.AttachmentsOf(ctx, v.ID)
	if err != nil {
		return false, fmt.Errorf("attachments: %w", err)
	}
	for _, a := range attachments {
		if a.AttachStatus != db.Attached || a.InstanceUuid == nil {
			return false, nil
		}
	}
	snaps, err := w.Store.SnapshotsOf(ctx, v.ID)
	if err != nil {
		return false, fmt.Errorf("snapshots: %w", err)
	}
	return len(attachments) > 0 && len(snaps) == 0, nil
}

// beginSwap hands the move on to the worker of the destination.
func (w *Worker) beginSwap(ctx context.Context, j *db.Job, args db.MoveArgs) error {
	if err := w.Store.Migrating(ctx, j); err != nil {
		return err
	}
	return w.Store.BeginSwap(ctx, j, args)
}

// makeCopy makes the volume that the servers are to change to.
func (w *Worker) makeCopy(ctx context.Context, j *db.Job, args db.MoveArgs) error {
	if err := w.Store.Migrating(ctx, j); err != nil {
		return err
	}
	c, err := w.Store.GetVolume(ctx, j.ID)
	if err != nil {
		return fmt.Errorf("copy to make: %w", err)
	}
	if err := w.Driver.Create(ctx, w.volume(c)); err != nil {
		return fmt.Errorf("create the copy: %w", err)
	}
	return w.Store.CopyMade(ctx, j, args, w.service.UUID, w.AvailabilityZone)
}

// swap asks Nova, once. What it has heard of an earlier attempt shows in the
// copy, which it attaches before it answers.
func (w *Worker) swap(ctx context.Context, j *db.Job, args db.MoveArgs) error {
	s, err := w.Store.SwapOf(ctx, j, args)
	if err != nil {
		return err
	}
	if s.Over || s.Held {
		return w.Store.AwaitSwap(ctx, j, args, swapPoll)
	}
	if len(s.Servers) == 0 || w.Compute == nil {
		return w.swapFailed(ctx, j, args, "No server has the volume any more.", nil)
	}
	for _, server := range s.Servers {
		err := w.Compute.SwapVolume(ctx, j.RequestID, server, args.Volume, j.ID)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return err
		}
		s, lookErr := w.Store.SwapOf(ctx, j, args)
		if lookErr != nil {
			return lookErr
		}
		if !s.Held && !s.Over {
			return w.swapFailed(ctx, j, args, "The compute service does not move the volume.", err)
		}
		w.Log.Warn("the compute service has begun to move a volume, but did not say so", "volume", args.Volume, "server", server, "err", err)
	}
	return w.Store.AwaitSwap(ctx, j, args, swapPoll)
}

// await looks whether Nova is done. Copying may take hours; it counts as given
// up when nothing is attached to the copy any more.
func (w *Worker) await(ctx context.Context, j *db.Job, args db.MoveArgs) error {
	s, err := w.Store.SwapOf(ctx, j, args)
	switch {
	case err != nil:
		return err
	case s.Over:
		return w.Store.SwapOver(ctx, j)
	case !s.Held && s.Idle >= swapGrace:
		return w.swapFailed(ctx, j, args, "The compute service has not moved the volume.", nil)
	}
	return w.later(ctx, j, min(time.Duration(j.Attempts)*swapPoll, maxSwapPoll))
}

// leftToCompute reports whether Nova may be at work on the volumes of a move:
// then only it says that the move has failed.
func leftToCompute(j *db.Job) bool {
	args, err := j.Move()
	return err == nil && (args.Step == db.StepSwap || args.Step == db.StepAwait)
}

func (w *Worker) swapFailed(ctx context.Context, j *db.Job, args db.MoveArgs, reason string, cause error) error {
	w.Log.Error("an attached volume does not move", "volume", args.Volume, "copy", j.ID, "request", j.RequestID, "reason", reason, "err", cause)
	return w.Store.SwapFailed(ctx, j, reason)
}
