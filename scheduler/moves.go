package scheduler

import (
	"context"
	"errors"
	"fmt"

	"github.com/clinker-io/clinker/db"
)

// retype keeps the volume where it is when its pool takes the new type too;
// else, when the user allows it, another pool is chosen.
func (s *Scheduler) retype(ctx context.Context, j *db.Job) error {
	args, v, err := s.moved(ctx, j)
	if err != nil {
		return err
	}
	v.VolumeTypeID = args.TypeID
	req, err := s.request(ctx, v, db.CreateArgs{})
	if err != nil {
		return err
	}
	stay, leave := req, req
	stay.OnlyPool, stay.ExistsOn = deref(v.Host), deref(v.Host)
	leave.NotPool = deref(v.Host)
	s.pickOneAtATime <- struct{}{}
	defer func() { <-s.pickOneAtATime }()
	pools, err := s.pools(ctx)
	if err != nil {
		return err
	}
	if args.Reencrypts {
		return s.reencrypt(ctx, j, args, v, req, pools)
	}
	_, err = Pick(s.Config, pools, stay)
	if err == nil {
		args.Step = db.StepInPlace
		return s.Store.PassMove(ctx, j, deref(v.Host), args)
	}
	if args.OnDemand {
		var pool Pool
		if pool, err = Pick(s.Config, pools, leave); err == nil {
			return s.sendOff(ctx, j, args, v, pool)
		}
	}
	return s.noPlace(ctx, j, err)
}

// reencrypt finds a pool for a copy that is encrypted otherwise, if it can be
// the one where the volume is.
func (s *Scheduler) reencrypt(ctx context.Context, j *db.Job, args db.MoveArgs, v db.Volume, req Request, pools []Pool) error {
	if !args.OnDemand {
		return s.Store.MoveRefused(ctx, j, "Retype requires migration but is not allowed.", db.DetailNoBackend)
	}
	here := req
	here.OnlyPool = deref(v.Host)
	pool, err := Pick(s.Config, pools, here)
	if err != nil {
		pool, err = Pick(s.Config, pools, req)
	}
	if err != nil {
		return s.noPlace(ctx, j, err)
	}
	return s.sendOff(ctx, j, args, v, pool)
}

// migrate asks whether the pool, or a pool of the backend, that the
// administrator named takes the volume.
func (s *Scheduler) migrate(ctx context.Context, j *db.Job) error {
	args, v, err := s.moved(ctx, j)
	if err != nil {
		return err
	}
	req, err := s.request(ctx, v, db.CreateArgs{})
	if err != nil {
		return err
	}
	if db.PoolOf(args.Host) == "" {
		req.OnlyBackend, req.NotPool = args.Host, deref(v.Host)
	} else {
		req.OnlyPool = args.Host
	}
	s.pickOneAtATime <- struct{}{}
	defer func() { <-s.pickOneAtATime }()
	pools, err := s.pools(ctx)
	if err != nil {
		return err
	}
	pool, err := Pick(s.Config, pools, req)
	if err != nil {
		return s.noPlace(ctx, j, err)
	}
	return s.sendOff(ctx, j, args, v, pool)
}

func (s *Scheduler) moved(ctx context.Context, j *db.Job) (args db.MoveArgs, v db.Volume, err error) {
	if args, err = j.Move(); err != nil {
		return args, v, err
	}
	if v, err = s.Store.GetVolume(ctx, j.VolumeID); err != nil {
		return args, v, fmt.Errorf("volume to move: %w", err)
	}
	if v.Host == nil {
		return args, v, errors.New("the volume was never placed")
	}
	return args, v, nil
}

// sendOff begins with the worker that has the volume.
func (s *Scheduler) sendOff(ctx context.Context, j *db.Job, args db.MoveArgs, v db.Volume, pool Pool) error {
	args.Host, args.Step = pool.Host, db.StepExport
	return s.Store.PassMove(ctx, j, deref(v.Host), args)
}

// noPlace ends a move for which there is no pool; what went wrong otherwise is
// tried again.
func (s *Scheduler) noPlace(ctx context.Context, j *db.Job, err error) error {
	var none *NoValidBackend
	if !errors.As(err, &none) {
		return err
	}
	s.Log.With(j.LogIDs()...).Warn("no valid backend", "kind", j.Kind, "volume", j.VolumeID, "err", err)
	return s.Store.MoveRefused(ctx, j, noValidBackend, db.DetailNoBackend)
}
