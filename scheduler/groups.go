package scheduler

import (
	"context"
	"fmt"

	"github.com/clinker-io/clinker/db"
)

// PickGroup chooses the pool of a group: of those that suit the first request
// the best one whose backend has, for every other request, a pool that suits it.
func PickGroup(cfg Config, pools []Pool, reqs []Request) (Pool, error) {
	fs, err := cfg.filters()
	if err != nil {
		return Pool{}, err
	}
	for i := range reqs[1:] {
		checks := prepare(fs, &reqs[i+1])
		backends := make(map[string]bool)
		for _, p := range pass(pools, checks) {
			backends[backend(p.Host)] = true
		}
		if len(backends) == 0 {
			return Pool{}, explain(pools, checks)
		}
		var left []Pool
		for _, p := range pools {
			if backends[backend(p.Host)] {
				left = append(left, p)
			}
		}
		pools = left
	}
	return Pick(cfg, pools, reqs[0])
}

// createGroup finds a backend for every volume type of a new group. Nothing is
// made there, so the group is ready then.
func (s *Scheduler) createGroup(ctx context.Context, j *db.Job) error {
	g, reqs, err := s.groupRequests(ctx, j.VolumeID)
	if err != nil {
		return err
	}
	pools, err := s.pools(ctx)
	if err != nil {
		return err
	}
	pool, err := PickGroup(s.Config, pools, reqs)
	if err != nil {
		s.Log.With(j.LogIDs()...).Warn("no valid backend", "group", g.ID, "err", err)
		return s.Store.Failed(ctx, j, noValidBackend)
	}
	return s.Store.GroupPlaced(ctx, j, pool.Host)
}

// groupRequests are those of the group's volume types, then that of its own specs.
func (s *Scheduler) groupRequests(ctx context.Context, id string) (db.Group, []Request, error) {
	g, err := s.Store.GetGroup(ctx, id)
	if err != nil {
		return g, nil, fmt.Errorf("group to place: %w", err)
	}
	types, err := s.Store.GroupVolumeTypes(ctx, id)
	if err != nil {
		return g, nil, fmt.Errorf("volume types of the group: %w", err)
	}
	var reqs []Request
	for _, t := range types {
		reqs = append(reqs, typeRequest(t, 0, g.AvailabilityZone))
	}
	gt, err := s.Store.FindGroupType(ctx, g.GroupTypeID, true)
	if err != nil {
		return g, nil, fmt.Errorf("group type: %w", err)
	}
	return g, append(reqs, Request{AvailabilityZone: g.AvailabilityZone, ExtraSpecs: gt.GroupSpecs.Text()}), nil
}

// cloneGroup asks whether the backend of the source has room for its copies.
func (s *Scheduler) cloneGroup(ctx context.Context, j *db.Job) error {
	g, reqs, err := s.groupRequests(ctx, j.VolumeID)
	if err != nil {
		return err
	}
	volumes, err := s.Store.MembersOf(ctx, db.MembersOfParams{GroupID: g.ID, Members: j.MemberVolumeIDs})
	if err != nil {
		return fmt.Errorf("volumes of the group: %w", err)
	}
	for i := range reqs {
		reqs[i].OnlyBackend = db.BackendOf(deref(g.Host))
	}
	for _, v := range volumes {
		reqs[0].SizeGiB += int(v.Size)
	}
	s.pickOneAtATime <- struct{}{}
	defer func() { <-s.pickOneAtATime }()
	pools, err := s.pools(ctx)
	if err != nil {
		return err
	}
	// The rows of the copies are placed already: they count as allocated, not as wanted again.
	for i := range pools {
		for _, v := range volumes {
			if deref(v.Host) == pools[i].Host {
				pools[i].ProvisionedGiB -= float64(v.Size)
			}
		}
	}
	if _, err := PickGroup(s.Config, pools, reqs); err != nil {
		s.Log.With(j.LogIDs()...).Warn("no valid backend", "group", g.ID, "err", err)
		return s.Store.Failed(ctx, j, noValidBackend)
	}
	return s.Store.HandOver(ctx, j, deref(g.Host))
}

// deleteGroup comes here when the group had no host while its create was still
// on its way; by now that has ended.
func (s *Scheduler) deleteGroup(ctx context.Context, j *db.Job) error {
	g, err := s.Store.GetGroup(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("group to delete: %w", err)
	}
	if g.Host != nil {
		return s.Store.HandOver(ctx, j, *g.Host)
	}
	return s.Store.GroupDeleted(ctx, j)
}

// stayWithGroup keeps a volume on the backend of its group; false when it
// cannot be there.
func (s *Scheduler) stayWithGroup(ctx context.Context, v db.Volume, req *Request) (bool, error) {
	if v.GroupID == nil {
		return true, nil
	}
	g, err := s.Store.GetGroup(ctx, *v.GroupID)
	if err != nil {
		return false, fmt.Errorf("group of the volume: %w", err)
	}
	if g.Host == nil {
		return false, nil
	}
	home := db.BackendOf(*g.Host)
	if req.OnlyBackend != "" && req.OnlyBackend != home {
		return false, nil
	}
	req.OnlyBackend = home
	return true, nil
}
