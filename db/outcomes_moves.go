package db

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// ErrMoveCalledOff says that an administrator has reset the states of a volume
// while it moved.
var ErrMoveCalledOff = Errorf(Conflict, "the move was called off")

// Move reads the arguments of a retype or a migration.
func (j *Job) Move() (MoveArgs, error) {
	var args MoveArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return args, fmt.Errorf("job arguments: %w", err)
	}
	return args, nil
}

// PassMove hands a move on to the worker of host, with the step that it does.
func (s *Store) PassMove(ctx context.Context, j *Job, host string, args MoveArgs) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	return s.pass(ctx, j, VolumeQueue(host), raw, func(*txn) error { return nil })
}

// Migrating marks the volume of a move as migrating, or returns ErrMoveCalledOff.
func (s *Store) Migrating(ctx context.Context, j *Job) error {
	n, err := s.markMigrating(ctx, j.VolumeID)
	if err == nil && n == 0 {
		return ErrMoveCalledOff
	}
	return err
}

// moving are the statuses that the end of a move takes back.
var moving = []string{VolumeRetype.Running, VolumeMigrateLock.Running}

// Moved ends a move: the volume is the copy from here on, jobs that wait for
// the volume go to its new worker, and the old worker is told to remove what
// it has. ErrMoveCalledOff leaves everything as it was.
func (s *Store) Moved(ctx context.Context, j *Job, args MoveArgs, serviceUUID, availabilityZone string) error {
	return s.end(ctx, j, "", func(t *txn) error {
		v, err := t.lockVolume(ctx, j.VolumeID)
		if err != nil {
			return fmt.Errorf("volume that moved: %w", err)
		}
		n, err := t.moveVolumeTo(ctx, moveVolumeToParams{Host: &args.Host, NameID: &j.ID, ServiceUuid: &serviceUUID,
			AvailabilityZone: availabilityZone, Running: moving, ID: v.ID})
		if err != nil {
			return fmt.Errorf("point at the copy: %w", err)
		}
		if n == 0 {
			return ErrMoveCalledOff
		}
		from := *v.Host
		if err := t.followVolume(ctx, followVolumeParams{ToQueue: VolumeQueue(args.Host), VolumeID: v.ID, FromQueue: VolumeQueue(from)}); err != nil {
			return fmt.Errorf("redirect jobs: %w", err)
		}
		if err := t.discard(ctx, j, from, uuid.NewString(), DiscardArgs{Export: j.ID, Host: from, Name: v.BackendID()}); err != nil {
			return err
		}
		if j.Kind != JobVolumeRetype {
			return nil
		}
		if err := t.changeEncryption(ctx, &v, args); err != nil {
			return err
		}
		return t.changeType(ctx, j, &v, args)
	})
}

// changeEncryption gives a volume the key of its new type; the old one is
// for a later request of its project to delete.
func (t *txn) changeEncryption(ctx context.Context, v *Volume, args MoveArgs) error {
	if !args.Reencrypts {
		return nil
	}
	if err := t.loosenReadable(ctx, args.Readable); err != nil {
		return err
	}
	if err := t.setVolumeKey(ctx, setVolumeKeyParams{KeyID: args.KeyID, ID: v.ID}); err != nil {
		return fmt.Errorf("set key: %w", err)
	}
	return t.loosenKey(ctx, v.ProjectID, v.EncryptionKeyID)
}

// loosenReadable gives up what the worker has read.
func (t *txn) loosenReadable(ctx context.Context, r Readable) error {
	for _, key := range []*string{r.Old, r.New} {
		if err := t.loosenKey(ctx, "", key); err != nil {
			return err
		}
	}
	return nil
}

// discard adds the job that removes what a move has left on the backend of
// host. order is the volume whose jobs it stands in line with.
func (t *txn) discard(ctx context.Context, j *Job, host, order string, args DiscardArgs) error {
	_, err := t.addJob(ctx, j.Actor(),
		newJob{kind: JobVolumeDiscard, queue: VolumeQueue(host), volume: order, args: args})
	return err
}

// Discarded ends a discard; failure is why something is left after all.
func (s *Store) Discarded(ctx context.Context, j *Job, failure string) error {
	return s.end(ctx, j, failure, func(*txn) error { return nil })
}

// Retyped ends a retype of a volume that stays where it is.
func (s *Store) Retyped(ctx context.Context, j *Job, args MoveArgs) error {
	return s.end(ctx, j, "", func(t *txn) error {
		v, err := t.lockVolume(ctx, j.VolumeID)
		if err != nil {
			return fmt.Errorf("volume to retype: %w", err)
		}
		n, err := t.finishRetype(ctx, finishRetypeParams{ID: v.ID, Running: running(VolumeRetype)})
		if err != nil {
			return fmt.Errorf("finish retype: %w", err)
		}
		if n == 0 { // deleted by force meanwhile, or reset
			return t.dropReservations(ctx, j.ID)
		}
		return t.changeType(ctx, j, &v, args)
	})
}

// changeType writes the new type of a volume and of its snapshots, and moves
// their quota from the old type to it.
func (t *txn) changeType(ctx context.Context, j *Job, v *Volume, args MoveArgs) error {
	was, err := t.typeName(ctx, v.VolumeTypeID)
	if err != nil {
		return err
	}
	is, err := t.typeName(ctx, args.TypeID)
	if err != nil {
		return err
	}
	if err := t.setVolumeType(ctx, setVolumeTypeParams{VolumeTypeID: args.TypeID, Multiattach: args.Multiattach, ID: v.ID}); err != nil {
		return fmt.Errorf("set type: %w", err)
	}
	if err := t.setSnapshotTypes(ctx, setSnapshotTypesParams{VolumeTypeID: args.TypeID, VolumeID: v.ID}); err != nil {
		return fmt.Errorf("set type of snapshots: %w", err)
	}
	snaps, err := t.SnapshotsOf(ctx, v.ID)
	if err != nil {
		return fmt.Errorf("snapshots: %w", err)
	}
	e := volumeEvent(v.ID, "retype", byBackend)
	e.extra = fields{"volume_type": args.TypeID}
	t.note(ctx, e)
	return t.settle(ctx, j.ID, t.store.typeShift(v, snaps, was, is))
}

// quotaShift is a change of usage of several projects.
type quotaShift struct {
	projects, resources []string
	deltas              []int64
}

func (q *quotaShift) add(project, resource string, delta int64) {
	q.projects, q.resources, q.deltas = append(q.projects, project), append(q.resources, resource), append(q.deltas, delta)
}

// typeShift takes what the rows use of one type from it and adds it to another.
func (s *Store) typeShift(v *Volume, snaps []Snapshot, was, is string) quotaShift {
	var q quotaShift
	move := func(project, resource string, n int64) {
		q.add(project, resource+"_"+was, -n)
		q.add(project, resource+"_"+is, n)
	}
	if v.ConsumesQuota {
		move(v.ProjectID, "volumes", 1)
		move(v.ProjectID, "gigabytes", int64(v.Size))
	}
	for _, sn := range snaps {
		if !sn.ConsumesQuota {
			continue
		}
		move(sn.ProjectID, "snapshots", 1)
		if !s.opts.NoSnapshotGigabytes {
			move(sn.ProjectID, "gigabytes", int64(sn.VolumeSize))
		}
	}
	return q
}

// settle drops what a job holds and books what the rows really use now, which
// may be less: snapshots are deleted meanwhile.
func (t *txn) settle(ctx context.Context, job string, q quotaShift) error {
	if err := t.lockQuota(ctx, lockQuotaParams{Projects: q.projects, Resources: q.resources, JobID: job}); err != nil {
		return fmt.Errorf("lock quota: %w", err)
	}
	if err := t.dropReservations(ctx, job); err != nil {
		return fmt.Errorf("return reservations: %w", err)
	}
	if err := t.shiftQuota(ctx, shiftQuotaParams{Projects: q.projects, Resources: q.resources, Deltas: q.deltas}); err != nil {
		return fmt.Errorf("book quota: %w", err)
	}
	return nil
}

// undoMove takes back what a move has done: the volume is what and where it
// was, and both workers are told to remove what was made for the copy.
func undoMove(ctx context.Context, t *txn, j *Job) error {
	args, err := j.Move()
	if err != nil {
		return err
	}
	if err := t.loosenReadable(ctx, args.Readable); err != nil {
		return err
	}
	id := j.VolumeID
	if args.Volume != "" {
		id = args.Volume
	}
	v, err := t.lockVolume(ctx, id)
	if none(err) && args.Volume != "" { // deleted by force meanwhile
		if err := t.dropCopy(ctx, j); err != nil {
			return err
		}
		return t.loosenKey(ctx, j.ProjectID, args.KeyID)
	}
	if err != nil {
		return fmt.Errorf("volume that did not move: %w", err)
	}
	if err := t.failMove(ctx, failMoveParams{Running: moving, ID: v.ID}); err != nil {
		return fmt.Errorf("end the move: %w", err)
	}
	if err := t.loosenKey(ctx, v.ProjectID, args.KeyID); err != nil {
		return err
	}
	switch args.Step {
	case StepMakeCopy, StepSwap, StepAwait:
		return t.dropCopy(ctx, j)
	}
	if args.Step == StepCopy || args.Tries > 0 {
		// A line of its own: the volume need not wait for a worker that it does not need.
		if err := t.discard(ctx, j, args.Host, uuid.NewString(), DiscardArgs{Host: args.Host, Name: j.ID}); err != nil {
			return err
		}
	}
	if args.Step == StepInPlace || v.Host == nil {
		return nil
	}
	return t.discard(ctx, j, *v.Host, v.ID, DiscardArgs{Export: j.ID})
}

// MoveRefused ends a move that cannot be, with what the user is told of it.
func (s *Store) MoveRefused(ctx context.Context, j *Job, reason string, detail Detail) error {
	return s.end(ctx, j, reason, func(t *txn) error {
		if err := undoMove(ctx, t, j); err != nil {
			return err
		}
		if err := t.tell(ctx, j, ResourceVolume, j.VolumeID, ActionSchedule, detail); err != nil {
			return err
		}
		return t.dropReservations(ctx, j.ID)
	})
}
