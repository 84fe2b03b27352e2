package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// A volume that servers have attached moves with the help of the compute
// service: a second volume, the copy, is made on the destination, Nova lets the
// server change one for the other, and reports by os-migrate_volume_completion,
// which makes the copy the volume (completions.go). The copy has the id of the
// job, so that who finds one finds the other.

// BeginSwap makes the row of the copy and hands the move to the destination's worker.
func (s *Store) BeginSwap(ctx context.Context, j *Job, args MoveArgs) error {
	keys := args.Readable
	args.Step, args.Volume, args.Readable = StepMakeCopy, j.VolumeID, Readable{} // servers encrypt themselves
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	p := insertCopyParams{CopyID: j.ID, Status: VolumeCreate.Running, Host: &args.Host, Multiattach: args.Multiattach, VolumeID: j.VolumeID,
		Reencrypts: args.Reencrypts, KeyID: args.KeyID}
	if args.TypeID != "" {
		p.VolumeTypeID = &args.TypeID
	}
	return s.pass(ctx, j, VolumeQueue(args.Host), raw, func(t *txn) error {
		if err := t.loosenReadable(ctx, keys); err != nil {
			return err
		}
		if err := t.insertCopy(ctx, p); err != nil {
			return fmt.Errorf("row of the copy: %w", err)
		}
		return nil
	})
}

// CopyMade says that the copy can be attached, and goes on to asking Nova. That
// the step is written down first tells a worker which was killed while it asked
// that Nova may have heard.
func (s *Store) CopyMade(ctx context.Context, j *Job, args MoveArgs, serviceUUID, availabilityZone string) error {
	args.Step = StepSwap
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	return s.pass(ctx, j, j.Queue, raw, func(t *txn) error {
		n, err := t.finishCopy(ctx, finishCopyParams{ToStatus: VolumeCreate.Success, ServiceUuid: &serviceUUID, AvailabilityZone: availabilityZone,
			ID: j.ID, Running: running(VolumeCreate)})
		if err == nil && n == 0 {
			return ErrMoveCalledOff
		}
		return err
	})
}

// AwaitSwap leaves the volumes to Nova and looks after them every so often.
func (s *Store) AwaitSwap(ctx context.Context, j *Job, args MoveArgs, delay time.Duration) error {
	args.Step = StepAwait
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	return s.tx(ctx, func(t *txn) error {
		v, err := t.GetVolume(ctx, args.Volume)
		if err != nil && !none(err) { // one that was deleted by force has no host
			return fmt.Errorf("volume that moves: %w", err)
		}
		n, err := t.awaitJob(ctx, awaitJobParams{Line: uuid.NewString(), Args: raw, DelaySeconds: delay.Seconds(), ID: j.ID, Owner: j.Owner, Attempts: j.Attempts})
		if err != nil {
			return fmt.Errorf("await: %w", err)
		}
		if n == 0 {
			return ErrLeaseLost
		}
		if v.Host != nil { // what Nova does to the volume has waited for us
			t.wake(VolumeQueue(*v.Host), "")
		}
		return nil
	})
}

// Swap is how far Nova is.
type Swap struct {
	Over    bool // the volume is no longer moving by this job
	Held    bool // the copy is attached, or about to be
	Idle    time.Duration
	Servers []string // that have the volume
}

// SwapOf looks at the volumes of a move.
func (s *Store) SwapOf(ctx context.Context, j *Job, args MoveArgs) (Swap, error) {
	c, err := s.GetVolume(ctx, j.ID)
	if none(err) || err == nil && deref(c.MigrationStatus) != "target:"+args.Volume {
		return Swap{Over: true}, nil
	}
	if err != nil {
		return Swap{}, fmt.Errorf("copy: %w", err)
	}
	servers, err := s.serversOf(ctx, args.Volume)
	if err != nil {
		return Swap{}, fmt.Errorf("servers: %w", err)
	}
	held, err := s.AttachmentsOf(ctx, c.ID)
	if err != nil {
		return Swap{}, fmt.Errorf("attachments of the copy: %w", err)
	}
	changed := c.CreatedAt
	if c.UpdatedAt != nil {
		changed = *c.UpdatedAt
	}
	now, err := s.now(ctx)
	if err != nil {
		return Swap{}, fmt.Errorf("clock of the database: %w", err)
	}
	return Swap{Held: len(held) > 0, Idle: now.Sub(changed), Servers: servers}, nil
}

// SwapOver ends a move that Nova has reported, or an administrator called off.
func (s *Store) SwapOver(ctx context.Context, j *Job) error {
	return s.end(ctx, j, "", func(t *txn) error { return t.dropReservations(ctx, j.ID) })
}

// SwapFailed ends a move that Nova does not do: the volume stays as it was and
// the copy goes.
func (s *Store) SwapFailed(ctx context.Context, j *Job, reason string) error {
	args, err := j.Move()
	if err != nil {
		return err
	}
	return s.end(ctx, j, reason, func(t *txn) error {
		if err := undoMove(ctx, t, j); err != nil {
			return err
		}
		if err := t.tell(ctx, j, ResourceVolume, args.Volume, ActionUpdateAttach, DetailAttachFailed); err != nil {
			return err
		}
		return t.dropReservations(ctx, j.ID)
	})
}

// dropCopy gives up the copy of a move, row and data, and with the row its key,
// unless that is the volume's too.
func (t *txn) dropCopy(ctx context.Context, j *Job) error {
	c, err := t.lockVolume(ctx, j.ID)
	if none(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("copy to drop: %w", err)
	}
	if err := t.abandonCopy(ctx, abandonCopyParams{ToStatus: VolumeDelete.Running, ID: c.ID}); err != nil {
		return fmt.Errorf("give up the copy: %w", err)
	}
	_, err = t.addJob(ctx, Actor{ProjectID: j.ProjectID, UserID: j.UserID, RequestID: j.RequestID},
		newJob{kind: JobVolumeDelete, queue: VolumeQueue(deref(c.Host)), volume: c.ID, args: DeleteArgs{}})
	return err
}
