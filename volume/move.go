package volume

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/target/initiator"
	"github.com/clinker-io/clinker/volume/driver"
)

// A volume moves to another pool in three steps, each with its worker:
//
//	source's worker       export it, read-only, to the destination alone
//	destination's worker  make a volume, copy, compare, point the row at it
//	source's worker       (volume.discard) end the export, remove the old one
//
// Until the row points at the copy the source is whole and the copy is nobody's:
// every step before may be repeated or undone. The copy has a name of its own,
// so that it is never the source, even when two backends are one pool.

// maxCopyTries is how often the source may be lost under a copy.
const maxCopyTries = 5

var errSourceLost = errors.New("the source cannot be read")

// move does the step of a retype or a migration that is this worker's.
func (w *Worker) move(ctx context.Context, j *db.Job) error {
	args, err := j.Move()
	if err != nil {
		return err
	}
	switch args.Step {
	case db.StepMakeCopy:
		return w.makeCopy(ctx, j, args)
	case db.StepSwap:
		return w.swap(ctx, j, args)
	case db.StepAwait:
		return w.await(ctx, j, args)
	}
	v, err := w.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to move: %w", err)
	}
	switch args.Step {
	case db.StepInPlace:
		return w.Store.Retyped(ctx, j, args)
	case db.StepExport:
		return w.exportForCopy(ctx, j, args, v)
	case db.StepCopy:
		return w.copyHere(ctx, j, args, v)
	}
	return fmt.Errorf("%w: unknown step %q", driver.ErrInvalid, args.Step)
}

// copyExport is the key of the export of a move.
func copyExport(job string) string { return "copy-" + job }

// exportForCopy lets the worker of the destination read the volume, and hands
// the move to it.
func (w *Worker) exportForCopy(ctx context.Context, j *db.Job, args db.MoveArgs, v db.Volume) error {
	reason, err := w.cannotCopy(ctx, v)
	if err != nil {
		return err
	}
	if reason == attached { // of a retype too this is a migration, or one that failed
		if ok, err := w.swappable(ctx, v); err != nil {
			return err
		} else if ok {
			return w.beginSwap(ctx, j, args)
		}
		if err := w.Store.Migrating(ctx, j); err != nil && !errors.Is(err, db.ErrMoveCalledOff) {
			return err
		}
	}
	if reason != "" {
		w.Log.With(j.LogIDs()...).Warn("the volume cannot move", "volume", v.ID, "reason", reason)
		return w.Store.MoveRefused(ctx, j, reason, db.DetailVolumeStatus)
	}
	if err := w.Store.Migrating(ctx, j); err != nil {
		return err
	}
	name := w.TargetPrefix + copyExport(j.ID)
	e := w.exported(copyExport(j.ID))
	if e == nil {
		if e, err = w.open(ctx, v, name, driver.ReadOnly); err != nil {
			return err
		}
		w.keep(copyExport(j.ID), e)
	}
	src := db.CopySource{Portals: w.Portals, Target: name, User: rand.Text()[:20], Secret: rand.Text()[:16],
		MutualUser: rand.Text()[:20], MutualSecret: rand.Text()[:16]}
	err = e.target.Grant(target.Grant{ID: j.ID, Initiator: w.copyInitiator(j), User: src.User, Secret: target.Secret(src.Secret), ReadOnly: true,
		MutualUser: src.MutualUser, MutualSecret: target.Secret(src.MutualSecret)})
	if err != nil {
		return fmt.Errorf("grant the copy: %w", err)
	}
	args.Step, args.Source = db.StepCopy, &src
	return w.Store.PassMove(ctx, j, args.Host, args)
}

// copyInitiator is the iSCSI name of who copies.
func (w *Worker) copyInitiator(j *db.Job) string { return w.TargetPrefix + "copier-" + j.ID }

const attached = "The volume is attached."

// cannotCopy says why a volume cannot be copied now, "" when it can. Copying
// under a server that writes needs the server's help, and snapshots would stay
// behind. One that is in the making was asked for after the move and will be
// made where the volume is then.
func (w *Worker) cannotCopy(ctx context.Context, v db.Volume) (string, error) {
	attachments, err := w.Store.AttachmentsOf(ctx, v.ID)
	if err != nil {
		return "", fmt.Errorf("attachments: %w", err)
	}
	for _, a := range attachments {
		if a.AttachStatus != db.Reserved {
			return attached, nil
		}
	}
	if w.exported(v.BackendID()) != nil {
		return attached, nil
	}
	snaps, err := w.Store.SnapshotsOf(ctx, v.ID)
	if err != nil {
		return "", fmt.Errorf("snapshots: %w", err)
	}
	for _, s := range snaps {
		if s.Status != db.Creating {
			return "Volume must not have snapshots.", nil
		}
	}
	return "", nil
}

// copyHere makes the volume on this backend. Without its source it asks the
// source's worker, which may have been restarted, for another export.
func (w *Worker) copyHere(ctx context.Context, j *db.Job, args db.MoveArgs, v db.Volume) error {
	if err := w.Store.Migrating(ctx, j); err != nil {
		return err
	}
	dst := driver.Volume{ID: j.ID, Name: fmt.Sprintf(w.VolumeName, j.ID), SizeBytes: bytesOf(v.Size), Pool: db.PoolOf(args.Host)}
	err := w.copyVolume(ctx, j, args, v, dst)
	if errors.Is(err, errKept) {
		w.Log.Warn("the volume is not encrypted otherwise", "volume", v.ID, "request", j.RequestID, "err", err)
		return w.Store.MoveRefused(ctx, j, err.Error(), db.DetailVolumeStatus)
	}
	if errors.Is(err, errSourceLost) && ctx.Err() == nil && args.Tries+1 < maxCopyTries {
		w.Log.Warn("asking for the source again", "volume", v.ID, "err", err)
		args.Tries++
		args.Step, args.Source = db.StepExport, nil
		return w.Store.PassMove(ctx, j, deref(v.Host), args)
	}
	if errors.Is(err, errKeys) && ctx.Err() == nil && j.Attempts < maxTells {
		return w.keysLater(ctx, j, err)
	}
	if err != nil {
		return err
	}
	return w.Store.Moved(ctx, j, args, w.service.UUID, w.AvailabilityZone)
}

// copyVolume makes dst anew, fills it and compares. What an earlier attempt has
// left is removed first: blocks that are zero in the source are not written.
func (w *Worker) copyVolume(ctx context.Context, j *db.Job, args db.MoveArgs, v db.Volume, dst driver.Volume) error {
	from := args.Source
	if from == nil {
		return fmt.Errorf("%w: a copy without a source", driver.ErrInvalid)
	}
	src, err := initiator.Open(ctx, initiator.Config{Portals: from.Portals, Target: from.Target, Initiator: w.copyInitiator(j),
		User: from.User, Secret: from.Secret, MutualUser: from.MutualUser, MutualSecret: from.MutualSecret})
	if err != nil {
		return fmt.Errorf("%w: %w", errSourceLost, err)
	}
	defer func() { _ = src.Close() }() // read-only: nothing to lose
	if src.Size() > dst.SizeBytes {
		return fmt.Errorf("%w: the source has %d bytes, more than %d", driver.ErrInvalid, src.Size(), dst.SizeBytes)
	}
	if err := w.Driver.Delete(ctx, dst); err != nil {
		return fmt.Errorf("remove an earlier copy: %w", err)
	}
	if err := w.Driver.Create(ctx, dst); err != nil {
		return fmt.Errorf("create the copy: %w", err)
	}
	d, err := w.Driver.Open(ctx, driver.VolumeSource(dst), driver.ReadWrite)
	if err != nil {
		return fmt.Errorf("open the copy: %w", err)
	}
	c := &copier{log: w.Log.With("volume", j.VolumeID, "copy", dst.ID), src: src, dst: d}
	if args.Reencrypts {
		err = w.reencrypt(ctx, args, v, c)
	}
	if err == nil {
		err = c.run(ctx)
	}
	return errors.Join(err, d.Close())
}

// discard removes what a move has left on this backend.
func (w *Worker) discard(ctx context.Context, j *db.Job) error {
	var args db.DiscardArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	if args.Export != "" {
		if err := w.unexport(copyExport(args.Export)); err != nil {
			return err
		}
	}
	if args.Name != "" {
		old := driver.Volume{ID: args.Name, Name: fmt.Sprintf(w.VolumeName, args.Name), Pool: db.PoolOf(args.Host)}
		if err := w.unexport(args.Name); err != nil {
			return err
		}
		if err := w.Driver.Delete(ctx, old); err != nil {
			return fmt.Errorf("remove what was moved: %w", err)
		}
	}
	return w.Store.Discarded(ctx, j, "")
}

// Nobody waits for a discard, so it may take its time.
const (
	maxDiscards  = 100
	discardPause = time.Minute
)

// giveUpDiscard tries again later, and much later leaves the rest to the administrator.
func (w *Worker) giveUpDiscard(ctx context.Context, j *db.Job, cause error) error {
	if j.Attempts < maxDiscards {
		return w.Store.Retry(ctx, j, discardPause)
	}
	w.Log.Error("what a move has left must be removed by hand", "args", string(j.Args), "err", cause)
	return w.Store.Discarded(ctx, j, userReason(cause))
}
