package db

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// What an operator does to the rows beside the API.

// QuotaFix is a usage that is not what the rows and the reservations say.
type QuotaFix struct {
	Project, Resource      string
	InUse, TrueInUse       int64
	Reserved, TrueReserved int64
}

// SyncQuotas finds the usages that are wrong, of one project or with "" of all,
// and with fix puts them right, in one transaction that creates and deletes
// wait for.
func (s *Store) SyncQuotas(ctx context.Context, project string, fix bool) (found []QuotaFix, err error) {
	var only *string
	if project != "" {
		only = &project
	}
	err = s.tx(ctx, func(t *txn) error {
		if fix { // rows that are not there cannot be locked
			if err := t.addMissingUsages(ctx, project); err != nil {
				return err
			}
		}
		if err := t.lockQuotaRows(ctx, only); err != nil {
			return fmt.Errorf("lock quota usages: %w", err)
		}
		if found, err = t.wrongUsages(ctx, project); err != nil || !fix {
			return err
		}
		for _, f := range found {
			p := setQuotaUsageParams{InUse: f.TrueInUse, Reserved: f.TrueReserved, ProjectID: f.Project, Resource: f.Resource}
			if err := t.setQuotaUsage(ctx, p); err != nil {
				return fmt.Errorf("quota usage of %s: %w", f.Project, err)
			}
		}
		return nil
	})
	return found, err
}

func (t *txn) addMissingUsages(ctx context.Context, project string) error {
	wrong, err := t.wrongUsages(ctx, project)
	if err != nil {
		return err
	}
	var p addQuotaRowsParams
	for _, f := range wrong {
		p.Projects, p.Resources = append(p.Projects, f.Project), append(p.Resources, f.Resource)
	}
	if err := t.addQuotaRows(ctx, p); err != nil {
		return fmt.Errorf("add quota usages: %w", err)
	}
	return nil
}

// wrongUsages compares the usages with the rows and the reservations.
func (t *txn) wrongUsages(ctx context.Context, project string) ([]QuotaFix, error) {
	rows, err := t.quotaTruth(ctx, !t.store.opts.NoSnapshotGigabytes)
	if err != nil {
		return nil, fmt.Errorf("count for quotas: %w", err)
	}
	reservations, err := t.heldQuota(ctx)
	if err != nil {
		return nil, fmt.Errorf("reservations: %w", err)
	}
	held := make(map[[2]string]int64, len(reservations))
	for _, r := range reservations {
		held[[2]string{r.ProjectID, r.Resource}] = r.Held
	}
	var wrong []QuotaFix
	for _, r := range rows {
		f := QuotaFix{r.ProjectID, r.Resource, r.InUse, r.Truth, r.Reserved, held[[2]string{r.ProjectID, r.Resource}]}
		if (project == "" || f.Project == project) && (f.InUse != f.TrueInUse || f.Reserved != f.TrueReserved) {
			wrong = append(wrong, f)
		}
	}
	return wrong, nil
}

// RemoveService forgets a service and the pools that it has reported. One that
// still lives comes back with its next start.
func (s *Store) RemoveService(ctx context.Context, host, binary string) error {
	n, err := s.removeService(ctx, removeServiceParams{Host: host, BinaryName: binary})
	if err == nil && n == 0 {
		return Errorf(NotFound, "Service %s could not be found on host %s.", binary, host)
	}
	return err
}

// ResetActiveBackend takes a backend back into service that was failed over: one
// that is disabled and frozen, as the operator left it then.
func (s *Store) ResetActiveBackend(ctx context.Context, host, active string, replicated bool) error {
	p := resetActiveBackendParams{Host: host, ReplicationStatus: "disabled"}
	if replicated {
		p.ReplicationStatus = "enabled"
	}
	if active != "" {
		p.ActiveBackend = &active
	}
	n, err := s.resetActiveBackend(ctx, p)
	switch {
	case err != nil:
		return fmt.Errorf("reset active backend of %s: %w", host, err)
	case n == 0:
		return Errorf(Invalid, "Service for host %s must first be disabled and frozen.", host)
	}
	return nil
}

// MoveGroups is MoveVolumes for the rows of groups alone.
func (s *Store) MoveGroups(ctx context.Context, from, to string) (int64, error) {
	if strings.Contains(from, "#") != strings.Contains(to, "#") {
		return 0, Errorf(Invalid, "Either both hosts name a pool, as host@backend#pool, or none of them does.")
	}
	n, err := s.moveGroups(ctx, moveGroupsParams{NewHost: to, CurrentHost: from})
	if err != nil {
		return 0, fmt.Errorf("move groups: %w", err)
	}
	return n, nil
}

// MoveVolumes writes another host into the volumes of a pool (host@backend#pool)
// or of a backend (host@backend), whose pools stay, and returns how many.
func (s *Store) MoveVolumes(ctx context.Context, from, to string) (n int, err error) {
	if strings.Contains(from, "#") != strings.Contains(to, "#") {
		return 0, Errorf(Invalid, "Either both hosts name a pool, as host@backend#pool, or none of them does.")
	}
	err = s.tx(ctx, func(t *txn) error {
		if err := t.bulkMove(ctx); err != nil {
			return fmt.Errorf("move volumes: %w", err)
		}
		ids, err := t.moveVolumes(ctx, moveVolumesParams{NewHost: to, CurrentHost: from})
		if err != nil {
			return fmt.Errorf("move volumes: %w", err)
		}
		n = len(ids)
		if err := t.recountPools(ctx, ids, from, to); err != nil {
			return err
		}
		if err := t.moveJobs(ctx, moveJobsParams{NewQueue: VolumeQueue(to), CurrentQueue: VolumeQueue(from), Volumes: ids}); err != nil {
			return fmt.Errorf("move jobs: %w", err)
		}
		t.wake(VolumeQueue(to), "")
		return nil
	})
	return n, err
}

// recountPools counts what is on the pools between which volumes were moved;
// what others place on them meanwhile is counted after it.
func (t *txn) recountPools(ctx context.Context, moved []string, from, to string) error {
	if err := t.addPoolUsage(ctx, moved); err != nil {
		return fmt.Errorf("pools of the volumes: %w", err)
	}
	hosts, err := t.lockPoolUsage(ctx, lockPoolUsageParams{Hosts: []string{from, to}, CurrentHost: from, NewHost: to})
	if err != nil {
		return fmt.Errorf("lock pools: %w", err)
	}
	if err := t.countPoolUsage(ctx, hosts); err != nil {
		return fmt.Errorf("count pools: %w", err)
	}
	return nil
}

// PurgeOlder removes what has been done with for so long: finished jobs, and
// messages after their time.
func (s *Store) PurgeOlder(ctx context.Context, age time.Duration) (jobs, messages int64, err error) {
	if jobs, err = s.purgeJobs(ctx, age.Seconds()); err != nil {
		return 0, 0, fmt.Errorf("purge jobs: %w", err)
	}
	if messages, err = s.purgeOldMessages(ctx, age.Seconds()); err != nil {
		return jobs, 0, fmt.Errorf("purge messages: %w", err)
	}
	return jobs, messages, nil
}
