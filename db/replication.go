package db

import (
	"context"
	"fmt"
	"strings"
)

// replicas are the volume services that a call about replication means, and
// the cluster that they are the members of, if any.
type replicas struct {
	cluster string
	ids     []int64
	hosts   []string
}

// replicasOf finds the services of a host (a node or a backend) or a cluster;
// of a host in a cluster, those of the whole cluster.
func (s *Store) replicasOf(ctx context.Context, host, cluster string) (replicas, error) {
	all, err := s.Services(ctx)
	if err != nil {
		return replicas{}, fmt.Errorf("services: %w", err)
	}
	meant := func(v ServiceState) bool {
		return v.Binary == BinaryVolume && (host != "" && MatchesHost(v.Host, host) ||
			cluster != "" && v.ClusterName != nil && MatchesHost(*v.ClusterName, cluster))
	}
	var first *ServiceState
	for i := range all {
		v := &all[i]
		switch {
		case !meant(*v):
		case first == nil:
			first = v
		case host != "" && v.Host != first.Host || cluster != "" && *v.ClusterName != *first.ClusterName:
			return replicas{}, Errorf(Invalid, "Services from different clusters found.")
		}
	}
	switch {
	case first == nil && host != "":
		return replicas{}, Errorf(Invalid, "No service found with host=%s", host)
	case first == nil:
		return replicas{}, Errorf(Invalid, "No service found with cluster=%s", cluster)
	case first.ClusterName == nil:
		return replicas{ids: []int64{first.ID}, hosts: []string{first.Host}}, nil
	}
	r := replicas{cluster: *first.ClusterName}
	for _, v := range all {
		if v.Binary == BinaryVolume && v.ClusterName != nil && *v.ClusterName == r.cluster {
			r.ids, r.hosts = append(r.ids, v.ID), append(r.hosts, v.Host)
		}
	}
	return r, nil
}

// notThere is the refusal of a field that is not what it must be: of the
// cluster, or of all services.
func (r replicas) notThere(field, must, up string, services bool) error {
	const say = "%s in %s must be %s %sto failover."
	if !services {
		return Errorf(Invalid, "Invalid input received: "+say, field, r.cluster, must, up)
	}
	return Errorf(Invalid, "Invalid input received: No service could be changed: "+say, field, "['"+strings.Join(r.hosts, "', '")+"']", must, up)
}

// Freeze keeps new volumes off a backend, or all of a cluster, or with frozen
// false lets them come again. Invalid when there is none or it is so already.
func (s *Store) Freeze(ctx context.Context, host, cluster string, frozen bool) error {
	r, err := s.replicasOf(ctx, host, cluster)
	if err != nil {
		return err
	}
	must := "False"
	if !frozen {
		must = "True"
	}
	return s.tx(ctx, func(t *txn) error {
		if r.cluster != "" {
			n, err := t.setClusterFrozen(ctx, setClusterFrozenParams{Frozen: frozen, Name: r.cluster, BinaryName: BinaryVolume})
			if err != nil {
				return fmt.Errorf("freeze cluster %s: %w", r.cluster, err)
			}
			if n == 0 {
				return r.notThere("frozen", must, "", false)
			}
		}
		n, err := t.setServicesFrozen(ctx, setServicesFrozenParams{Frozen: frozen, Ids: r.ids})
		if err != nil {
			return fmt.Errorf("freeze %s: %w", strings.Join(r.hosts, ", "), err)
		}
		if n == 0 {
			return r.notThere("frozen", must, "", true)
		}
		return nil
	})
}

// RefuseFailover says why a backend or a cluster cannot fail over: there is
// none, it is ambiguous, or, no driver replicating, it has no other side.
func (s *Store) RefuseFailover(ctx context.Context, host, cluster string) error {
	r, err := s.replicasOf(ctx, host, cluster)
	if err != nil {
		return err
	}
	return r.notThere("replication_status", "['enabled', 'failed-over']", "and must be up ", r.cluster == "")
}
