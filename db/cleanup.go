package db

import (
	"context"
	"fmt"
	"slices"
)

// Cleanup says whose unfinished work is to be looked after. A nil or empty
// field means any.
type Cleanup struct {
	ServiceID    *int64
	ClusterName  string
	Host         string
	Binary       string
	Up, Disabled *bool
	ResourceID   string // a volume or a snapshot
	ResourceType string // Volume or Snapshot
}

func (c *Cleanup) volumes() bool   { return c.ResourceType != "Snapshot" }
func (c *Cleanup) snapshots() bool { return c.ResourceType != "Volume" }

// cleanupMargin is less than what the lease of a live worker has left, which
// renews it when a third is gone.
const cleanupMargin = Lease / 2

// CleanUp lets the jobs of dead workers be claimed at once, instead of when
// their leases run out, and wakes whoever can do them. It returns the services
// whose work is being looked after, and those for which there is nobody.
func (s *Store) CleanUp(ctx context.Context, c Cleanup) (cleaning, unavailable []ServiceState, err error) {
	all, err := s.Services(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("services: %w", err)
	}
	clusters, err := s.Clusters(ctx)
	if err != nil {
		return nil, nil, err
	}
	var queues []string
	for _, v := range all {
		switch {
		case !c.means(&v, clusters):
		case v.Binary == BinaryScheduler || v.Up || clusterOf(&v, clusters).Up:
			cleaning, queues = append(cleaning, v), append(queues, v.queue())
		default:
			unavailable = append(unavailable, v)
		}
	}
	return cleaning, unavailable, s.endDead(ctx, &c, queues)
}

func (s *Store) endDead(ctx context.Context, c *Cleanup, queues []string) error {
	p := endDeadLeasesParams{Queues: queues, MarginSeconds: cleanupMargin.Seconds(), Volumes: c.volumes(), Snapshots: c.snapshots()}
	if c.ResourceID != "" {
		p.Resource = &c.ResourceID
	}
	return s.tx(ctx, func(t *txn) error {
		if _, err := t.endDeadLeases(ctx, p); err != nil {
			return fmt.Errorf("end the leases of the dead: %w", err)
		}
		for _, q := range queues {
			t.wake(q, "")
		}
		return nil
	})
}

// queue is where the jobs of a service wait.
func (v *ServiceState) queue() string {
	if v.Binary == BinaryScheduler {
		return QueueScheduler
	}
	return VolumeQueue(v.Host)
}

// clusterOf is the cluster of a service, a zero one when it has none.
func clusterOf(v *ServiceState, all []ClusterState) ClusterState {
	i := slices.IndexFunc(all, func(c ClusterState) bool {
		return v.ClusterName != nil && c.Name == *v.ClusterName && c.Binary == v.Binary
	})
	if i < 0 {
		return ClusterState{}
	}
	return all[i]
}

func (c *Cleanup) means(v *ServiceState, clusters []ClusterState) bool {
	disabled := v.Disabled
	if v.ClusterName != nil { // then its cluster decides
		disabled = clusterOf(v, clusters).Disabled
	}
	return (c.ServiceID == nil || *c.ServiceID == v.ID) &&
		(c.ClusterName == "" || v.ClusterName != nil && MatchesHost(*v.ClusterName, c.ClusterName)) &&
		(c.Host == "" || MatchesHost(v.Host, c.Host)) &&
		(c.Binary == "" || c.Binary == v.Binary) &&
		(c.Up == nil || *c.Up == v.Up) &&
		(c.Disabled == nil || *c.Disabled == disabled)
}

// ServiceWorkingOn finds the service that has, or waits with, unfinished work
// on the volume or snapshot that c names.
func (s *Store) ServiceWorkingOn(ctx context.Context, c Cleanup) (ServiceState, error) {
	missing := Errorf(Invalid, "Invalid input received: There is no resource with UUID %s pending cleanup.", c.ResourceID)
	queue, err := s.unfinishedOf(ctx, unfinishedOfParams{Resource: &c.ResourceID, Volumes: c.volumes(), Snapshots: c.snapshots()})
	if none(err) {
		return ServiceState{}, missing
	}
	if err != nil {
		return ServiceState{}, fmt.Errorf("work on %s: %w", c.ResourceID, err)
	}
	all, err := s.Services(ctx)
	if err != nil {
		return ServiceState{}, fmt.Errorf("services: %w", err)
	}
	i := slices.IndexFunc(all, func(v ServiceState) bool { return v.queue() == queue && (c.Binary == "" || c.Binary == v.Binary) })
	if i < 0 {
		return ServiceState{}, missing
	}
	return all[i], nil
}
