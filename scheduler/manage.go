package scheduler

import (
	"context"
	"fmt"
	"strings"

	"github.com/clinker-io/clinker/db"
)

// manage asks whether the backend that holds what is to be taken over passes
// the filters, and finds its pool where only the backend was named.
func (s *Scheduler) manage(ctx context.Context, j *db.Job) error {
	v, err := s.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to manage: %w", err)
	}
	req, err := s.request(ctx, v, db.CreateArgs{})
	if err != nil {
		return err
	}
	stayOn(&req, deref(v.Host))
	pool, err := s.confirm(ctx, j, req)
	if err != nil || pool == nil {
		return err
	}
	return s.Store.ManagePlaced(ctx, j, pool.Host, v.AvailabilityZone)
}

// manageSnapshot: a snapshot is where its volume is, and that must have room
// for as much again.
func (s *Scheduler) manageSnapshot(ctx context.Context, j *db.Job) error {
	v, err := s.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume of the snapshot to manage: %w", err)
	}
	req := Request{SizeGiB: int(v.Size)}
	stayOn(&req, deref(v.Host))
	pool, err := s.confirm(ctx, j, req)
	if err != nil || pool == nil {
		return err
	}
	return s.Store.HandOver(ctx, j, *v.Host)
}

// stayOn leaves no choice but a pool, or those of a backend.
func stayOn(req *Request, host string) {
	if strings.Contains(host, "#") {
		req.OnlyPool = host
	} else {
		req.OnlyBackend = host
	}
}

// confirm picks the pool; nil means that there was none and the job has ended.
func (s *Scheduler) confirm(ctx context.Context, j *db.Job, req Request) (*Pool, error) {
	pools, err := s.pools(ctx)
	if err != nil {
		return nil, err
	}
	pool, err := Pick(s.Config, pools, req)
	if err != nil {
		s.Log.With(j.LogIDs()...).Warn("no valid backend", "kind", j.Kind, "volume", j.VolumeID, "err", err)
		return nil, s.Store.FailedAs(ctx, j, noValidBackend, db.ActionSchedule, db.DetailNoBackend)
	}
	return &pool, nil
}
