package db

import (
	"context"
	"encoding/json"
	"fmt"
)

// Binaries as Cinder names them in the services table.
const (
	BinaryScheduler = "cinder-scheduler"
	BinaryVolume    = "cinder-volume"
)

// LivePool is a pool with its last report and what the rows place on it.
type LivePool = livePoolsRow

// ServiceState is a service and whether it was heard of lately.
type ServiceState = listServicesRow

// HoldHost tells whether this process is the only live worker of host. The
// answer stands on a lock of a database session of its own, which dies with
// the process; release gives it up.
func (s *Store) HoldHost(ctx context.Context, host string) (only bool, release func(), err error) {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return false, nil, fmt.Errorf("hold %s: %w", host, err)
	}
	conn := c.Hijack()
	release = func() {
		ctx := context.WithoutCancel(ctx)
		_ = New(conn).unholdHost(ctx, host) // at once, while the end of the connection takes the server a moment
		_ = conn.Close(ctx)
	}
	only, err = New(conn).holdHost(ctx, host)
	if err != nil {
		release()
		return false, nil, fmt.Errorf("hold %s: %w", host, err)
	}
	return only, release, nil
}

// RegisterService makes or finds the row of a process role.
func (s *Store) RegisterService(ctx context.Context, host, binary, availabilityZone string) (Service, error) {
	v, err := s.upsertService(ctx, upsertServiceParams{Host: host, BinaryName: binary, AvailabilityZone: availabilityZone})
	if err != nil {
		return v, fmt.Errorf("register %s on %s: %w", binary, host, err)
	}
	return v, nil
}

// Alive is a service's heartbeat; backendUp says whether its backend answers.
func (s *Store) Alive(ctx context.Context, id int64, backendUp bool) error {
	n, err := s.heartbeatService(ctx, heartbeatServiceParams{BackendUp: backendUp, ID: id})
	if err == nil && n == 0 {
		return Errorf(NotFound, "service %d is not registered any more", id)
	}
	return err
}

// ReportPools replaces what is known of the pools of a service; stats is by
// host@backend#pool.
func (s *Store) ReportPools(ctx context.Context, serviceID int64, stats map[string]json.RawMessage) error {
	var hosts, texts []string
	for h, st := range stats {
		hosts, texts = append(hosts, h), append(texts, string(st))
	}
	return s.tx(ctx, func(t *txn) error {
		if err := t.reportPools(ctx, reportPoolsParams{Hosts: hosts, ServiceID: serviceID, Stats: texts}); err != nil {
			return fmt.Errorf("report pools: %w", err)
		}
		return t.dropPools(ctx, dropPoolsParams{ServiceID: serviceID, Hosts: hosts})
	})
}

// LivePools lists the pools that a volume may be placed on now.
func (s *Store) LivePools(ctx context.Context) ([]LivePool, error) {
	return s.livePools(ctx, s.opts.ServiceDown.Seconds())
}

// Services lists every service and whether it is up.
func (s *Store) Services(ctx context.Context) ([]ServiceState, error) {
	return s.listServices(ctx, s.opts.ServiceDown.Seconds())
}

// DisableService takes a service out of scheduling, or with disabled false
// back in. NotFound when there is none of that host and binary.
func (s *Store) DisableService(ctx context.Context, host, binary string, disabled bool, reason *string) error {
	n, err := s.setServiceDisabled(ctx, setServiceDisabledParams{Disabled: disabled, Reason: reason, Host: host, BinaryName: binary})
	if err == nil && n == 0 {
		return Errorf(NotFound, "Service %s could not be found on host %s.", binary, host)
	}
	return err
}

// notFrozen refuses to change what is on the backend of host while it is frozen.
func (t *txn) notFrozen(ctx context.Context, host string) error {
	frozen, err := t.isFrozen(ctx, isFrozenParams{Host: BackendOf(host), BinaryName: BinaryVolume})
	if err != nil {
		return fmt.Errorf("frozen backend: %w", err)
	}
	if frozen {
		return Errorf(Invalid, "Invalid input received: Modification operations are not allowed on frozen storage backends.")
	}
	return nil
}

// VolumeHosts tells where volumes live, for the scheduler's hints; volumes
// that are unknown or not placed are missing.
func (s *Store) VolumeHosts(ctx context.Context, ids []string) (map[string]string, error) {
	rows, err := s.volumeHosts(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("hosts of volumes: %w", err)
	}
	hosts := make(map[string]string, len(rows))
	for _, r := range rows {
		hosts[r.ID] = *r.Host
	}
	return hosts, nil
}
