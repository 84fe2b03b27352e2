package db

import (
	"context"
	"encoding/json"
	"fmt"
)

// HostUsage is what one project has on a backend.
type HostUsage = hostUsageRow

// HostUsage counts volumes and snapshots on a backend (host@backend) by project.
func (s *Store) HostUsage(ctx context.Context, backend string) ([]HostUsage, error) {
	rows, err := s.hostUsage(ctx, backend)
	if err != nil {
		return nil, fmt.Errorf("usage of %s: %w", backend, err)
	}
	return rows, nil
}

// PoolReports is what the worker of a backend last said of each of its pools.
func (s *Store) PoolReports(ctx context.Context, backend string) ([]json.RawMessage, error) {
	rows, err := s.poolReports(ctx, backend)
	if err != nil {
		return nil, fmt.Errorf("reports of %s: %w", backend, err)
	}
	return rows, nil
}
