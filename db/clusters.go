package db

import (
	"context"
	"fmt"
)

// ClusterState is a cluster with what its services say together.
type ClusterState struct {
	listClustersRow
	Up bool // one of its services was heard of lately
}

// Clusters lists every cluster, the oldest first.
func (s *Store) Clusters(ctx context.Context) ([]ClusterState, error) {
	rows, err := s.listClusters(ctx, s.opts.ServiceDown.Seconds())
	if err != nil {
		return nil, fmt.Errorf("clusters: %w", err)
	}
	out := make([]ClusterState, len(rows))
	for i, r := range rows {
		out[i] = ClusterState{r, r.NumHosts > r.NumDownHosts}
	}
	return out, nil
}

// Cluster finds a cluster by its name, with or without its backend.
func (s *Store) Cluster(ctx context.Context, name, binary string) (ClusterState, error) {
	all, err := s.Clusters(ctx)
	if err != nil {
		return ClusterState{}, err
	}
	for _, c := range all {
		if c.Binary == binary && MatchesHost(c.Name, name) {
			return c, nil
		}
	}
	return ClusterState{}, Errorf(NotFound, "Cluster {'binary': '%s', 'name': '%s'} could not be found.", binary, name)
}

// DisableCluster keeps new volumes off every backend of a cluster, or with
// disabled false lets them come again.
func (s *Store) DisableCluster(ctx context.Context, name, binary string, disabled bool, reason *string) (ClusterState, error) {
	c, err := s.Cluster(ctx, name, binary)
	if err != nil {
		return c, err
	}
	n, err := s.setClusterDisabled(ctx, setClusterDisabledParams{Disabled: disabled, Reason: reason, ID: c.ID})
	switch {
	case err != nil:
		return c, fmt.Errorf("cluster %s: %w", name, err)
	case n == 0: // removed since
		return s.Cluster(ctx, name, binary)
	}
	c.Disabled, c.DisabledReason = disabled, reason
	return c, nil
}

// JoinCluster makes a service and its volumes members of a cluster, name as
// name@backend; "" takes them out.
func (s *Store) JoinCluster(ctx context.Context, serviceID int64, binary, name string) error {
	return s.tx(ctx, func(t *txn) error {
		p := setServiceClusterParams{ID: serviceID}
		if name != "" {
			p.ClusterName = &name
			if err := t.addCluster(ctx, addClusterParams{Name: name, BinaryName: binary}); err != nil {
				return fmt.Errorf("cluster %s: %w", name, err)
			}
		}
		n, err := t.setServiceCluster(ctx, p)
		switch {
		case err != nil:
			return fmt.Errorf("cluster of service %d: %w", serviceID, err)
		case n == 0:
			return nil // it was a member already, or was none
		}
		if err := t.clusterVolumes(ctx, serviceID); err != nil {
			return fmt.Errorf("cluster of the volumes of service %d: %w", serviceID, err)
		}
		return nil
	})
}

// RemoveCluster forgets a cluster that has no services any more.
func (s *Store) RemoveCluster(ctx context.Context, name, binary string) error {
	n, err := s.removeCluster(ctx, removeClusterParams{Name: name, BinaryName: binary})
	switch {
	case err != nil:
		return fmt.Errorf("remove cluster %s: %w", name, err)
	case n > 0:
		return nil
	}
	if _, err := s.Cluster(ctx, name, binary); err != nil {
		return err
	}
	return Errorf(Invalid, "Cluster %s still has hosts.", name)
}
