package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/db/bus"
	"github.com/clinker-io/clinker/db/job"
)

// Scheduler serves the queue of jobs that need a pool. Any number of them may
// run; each decision is one transaction.
type Scheduler struct {
	Store            *db.Store
	Bus              bus.Bus
	Config           Config
	Host             string // name of this process in the services table
	Zone             string
	SameHost         bool // snapshot_same_host: a copy of a snapshot stays on its backend
	ReportEvery      time.Duration
	OverSubscription Ratio     // of pools that report none
	Instances        Instances // nil: no compute service is configured
	Log              *slog.Logger
	pickOneAtATime   chan struct{}
}

const (
	slots = 16
	poll  = 2 * time.Second
	grace = 5 * time.Second
)

// Run serves until ctx ends.
func (s *Scheduler) Run(ctx context.Context) error {
	service, err := s.Store.RegisterService(ctx, s.Host, db.BinaryScheduler, s.Zone)
	if err != nil {
		return err
	}
	name := db.BinaryScheduler + ":" + s.Host
	only, release, err := s.Store.HoldHost(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	owner := db.Owner(name)
	if only {
		if err := s.Store.TakeOver(ctx, name, owner); err != nil {
			return err
		}
	}
	s.pickOneAtATime = make(chan struct{}, 1)
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		s.beat(ctx, service.ID)
	}()
	loop := job.Loop{Store: s.Store, Bus: s.Bus, Queue: db.QueueScheduler, Owner: owner,
		Handle: s.handle, Log: s.Log, Slots: slots, Poll: poll, Grace: grace}
	err = loop.Run(ctx)
	<-beating
	return err
}

// beat keeps the service's heartbeat and removes what has expired.
func (s *Scheduler) beat(ctx context.Context, id int64) {
	tick := time.NewTicker(s.ReportEvery)
	defer tick.Stop()
	var room capacities
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := errors.Join(s.Store.Alive(ctx, id, true), s.Store.Purge(ctx), room.tell(ctx, s)); err != nil && ctx.Err() == nil {
			s.Log.Warn("heartbeat", "err", err)
		}
	}
}

// maxAttempts of one job before it fails: what went wrong so often will not
// come right, and nothing may wait for ever.
const maxAttempts = 10

func (s *Scheduler) handle(ctx context.Context, j *db.Job) error {
	err := s.do(ctx, j)
	if err == nil || j.Attempts < maxAttempts || ctx.Err() != nil || errors.Is(err, db.ErrLeaseLost) {
		return err
	}
	s.Log.Error("failed for good", "job", j.ID, "kind", j.Kind, "err", err)
	return s.Store.Failed(ctx, j, "The volume could not be scheduled.")
}

func (s *Scheduler) do(ctx context.Context, j *db.Job) error {
	switch j.Kind {
	case db.JobVolumeCreate:
		return s.create(ctx, j)
	case db.JobVolumeExtend:
		return s.extend(ctx, j)
	case db.JobVolumeDelete:
		return s.delete(ctx, j)
	case db.JobVolumeManage:
		return s.manage(ctx, j)
	case db.JobSnapshotManage:
		return s.manageSnapshot(ctx, j)
	case db.JobGroupCreate:
		return s.createGroup(ctx, j)
	case db.JobGroupClone:
		return s.cloneGroup(ctx, j)
	case db.JobGroupDelete:
		return s.deleteGroup(ctx, j)
	case db.JobVolumeRetype:
		return s.retype(ctx, j)
	case db.JobVolumeMigrate:
		return s.migrate(ctx, j)
	}
	return s.Store.Failed(ctx, j, "unknown job")
}

// create places a new volume.
func (s *Scheduler) create(ctx context.Context, j *db.Job) error {
	v, err := s.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to place: %w", err)
	}
	var args db.CreateArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	req, err := s.request(ctx, v, args)
	if err != nil {
		return err
	}
	if err := s.stayWithSource(ctx, j, &req); err != nil {
		return err
	}
	if ok, err := s.stayWithGroup(ctx, v, &req); err != nil {
		return err
	} else if !ok {
		return s.Store.NoValidBackend(ctx, j, noValidBackend)
	}
	// Within one process a decision sees the one before it; across processes
	// the pools are only as fresh as the rows, which is what over-subscription allows for.
	s.pickOneAtATime <- struct{}{}
	defer func() { <-s.pickOneAtATime }()
	pools, err := s.pools(ctx)
	if err != nil {
		return err
	}
	pool, err := Pick(s.Config, pools, req)
	if err != nil {
		s.Log.With(j.LogIDs()...).Warn("no valid backend", "volume", v.ID, "err", err)
		return s.Store.NoValidBackend(ctx, j, noValidBackend)
	}
	return s.Store.VolumePlaced(ctx, j, pool.Host, pool.AvailabilityZone)
}

// request turns the rows into what the filters ask about.
func (s *Scheduler) request(ctx context.Context, v db.Volume, args db.CreateArgs) (Request, error) {
	t, err := s.Store.GetVolumeType(ctx, v.VolumeTypeID)
	if err != nil {
		return Request{}, fmt.Errorf("volume type: %w", err)
	}
	zone := v.AvailabilityZone
	if args.AnyZone { // an earlier try may have written its own
		zone = ""
	}
	req := typeRequest(t, int(v.Size), zone)
	req.Exclude, req.Volume, req.Trouble = args.Exclude, properties(&v), s.trouble
	if t.QoSSpecsID != nil {
		q, err := s.Store.ViewQoSSpecs(ctx, *t.QoSSpecsID)
		if err != nil {
			return Request{}, fmt.Errorf("QoS specs of the type: %w", err)
		}
		req.QoS = make(map[string]any, len(q.Specs))
		for key, value := range q.Specs.Text() {
			req.QoS[key] = value
		}
	}
	hints, err := readHints(args.Hints)
	if err != nil {
		return Request{}, err
	}
	req.SameHost, req.DifferentHost, req.Query = hints.SameHost, hints.DifferentHost, hints.Query
	s.locate(ctx, &req, hints.LocalToInstance)
	ids := slices.DeleteFunc(slices.Concat(req.SameHost, req.DifferentHost), func(id string) bool { return uuid.Validate(id) != nil })
	if len(ids) > 0 {
		req.VolumeHosts, err = s.Store.VolumeHosts(ctx, ids)
	}
	return req, err
}

// typeRequest is what a type asks for; the user's own zone wins over the type's.
func typeRequest(t db.VolumeType, sizeGiB int, zone string) Request {
	req := Request{SizeGiB: sizeGiB, AvailabilityZone: zone, ExtraSpecs: t.ExtraSpecs.Text()}
	for key, value := range t.ExtraSpecs {
		if value == nil {
			req.NullSpecs = append(req.NullSpecs, key)
		}
	}
	if zones, ok := req.ExtraSpecs["RESKEY:availability_zones"]; ok && zone == "" {
		req.TypeAZs = typeZones(zones)
	}
	return req
}

// stayWithSource keeps a copy on the backend of what it is made from.
func (s *Scheduler) stayWithSource(ctx context.Context, j *db.Job, req *Request) error {
	if j.SourceVolumeID == nil || (j.SnapshotID != nil && !s.SameHost) {
		return nil
	}
	src, err := s.Store.GetVolume(ctx, *j.SourceVolumeID)
	if err != nil {
		return fmt.Errorf("source volume: %w", err)
	}
	if src.Host != nil {
		req.OnlyBackend = db.BackendOf(*src.Host)
	}
	return nil
}

// extend asks whether the volume's own pool has room for the growth.
func (s *Scheduler) extend(ctx context.Context, j *db.Job) error {
	v, err := s.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to extend: %w", err)
	}
	var args db.ExtendArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return fmt.Errorf("job arguments: %w", err)
	}
	req, err := s.request(ctx, v, db.CreateArgs{})
	if err != nil {
		return err
	}
	req.SizeGiB = int(args.SizeGiB - v.Size)
	pools, err := s.pools(ctx)
	if err != nil {
		return err
	}
	if v.Host == nil {
		return s.Store.NoValidBackend(ctx, j, noValidBackend)
	}
	req.OnlyPool, req.ExtendAttached = *v.Host, deref(v.PreviousStatus) == db.InUse
	if _, err := Pick(s.Config, pools, req); err != nil {
		s.Log.With(j.LogIDs()...).Warn("no room to extend", "volume", v.ID, "err", err)
		return s.Store.NoValidBackend(ctx, j, noValidBackend)
	}
	return s.Store.HandOver(ctx, j, *v.Host)
}

// noValidBackend is what the user may know; the log says which filter refused what.
const noValidBackend = "No valid backend was found."

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// delete comes here when the volume had no host while a create was still on
// its way; by now that has ended.
func (s *Scheduler) delete(ctx context.Context, j *db.Job) error {
	v, err := s.Store.GetVolume(ctx, j.VolumeID)
	if err != nil {
		return fmt.Errorf("volume to delete: %w", err)
	}
	if v.Host != nil {
		return s.Store.HandOver(ctx, j, *v.Host)
	}
	return s.Store.VolumeDeleted(ctx, j)
}

// pools are the live reports, with what the rows place on each.
func (s *Scheduler) pools(ctx context.Context) ([]Pool, error) {
	rows, err := s.Store.LivePools(ctx)
	if err != nil {
		return nil, fmt.Errorf("pools: %w", err)
	}
	pools := make([]Pool, 0, len(rows))
	for _, r := range rows {
		var stats map[string]any
		if err := json.Unmarshal(r.Stats, &stats); err != nil {
			return nil, fmt.Errorf("report of pool %s: %w", r.Host, err)
		}
		pools = append(pools, LivePool(&r, stats, s.OverSubscription))
	}
	return pools, nil
}
