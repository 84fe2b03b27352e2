package db

import (
	"context"
	"encoding/json"
	"fmt"
)

// The connections of os-initialize_connection: exports to an initiator for
// which no attachment answers.

// InitializeConnection begins exporting a volume to the connector and returns
// the job; when that is done, ConnectionOf has what was made.
func (s *Store) InitializeConnection(ctx context.Context, a Actor, volumeID, initiator string, connector json.RawMessage,
	replyTo string) (job string, err error) {
	err = s.tx(ctx, func(t *txn) error {
		v, err := t.shareVolume(ctx, shareVolumeParams{ID: volumeID, Accepts: VolumeInitialize.Accepts})
		if none(err) {
			return Errorf(Invalid, "Invalid volume: The volume connection cannot be initialized in maintenance mode.")
		}
		if err != nil {
			return fmt.Errorf("read volume: %w", err)
		}
		if v.Host == nil {
			return Errorf(Invalid, "Invalid volume: Volume %s has no host yet.", v.ID)
		}
		job, err = t.addJob(ctx, a, newJob{kind: JobInitialize, queue: VolumeQueue(*v.Host), volume: v.ID,
			args: InitializeArgs{Initiator: initiator, Connector: connector}, replyTo: replyTo})
		return err
	})
	return job, err
}

// ConnectionInitialized ends that. An initiator that asks again gets what it
// has, or what the worker made in its stead.
func (s *Store) ConnectionInitialized(ctx context.Context, j *Job, c VolumeConnection) error {
	return s.end(ctx, j, "", func(t *txn) error {
		n, err := t.storeConnection(ctx, storeConnectionParams{ID: c.ID, Initiator: c.Initiator, Connector: c.Connector,
			ConnectionInfo: c.ConnectionInfo, VolumeID: c.VolumeID})
		if err == nil && n == 0 {
			return Errorf(NotFound, "Volume %s could not be found.", c.VolumeID)
		}
		return err
	})
}

// TerminateConnection begins the end of the connections of an initiator, "" of
// all; afterwards the volume is as after os-unreserve. Job is "" when it is
// done already.
func (s *Store) TerminateConnection(ctx context.Context, a Actor, volumeID, initiator, replyTo string) (job string, err error) {
	err = s.tx(ctx, func(t *txn) error {
		v, err := t.lockVolumeRow(ctx, volumeID)
		if none(err) {
			return Errorf(NotFound, "Volume %s could not be found.", volumeID)
		}
		if err != nil {
			return fmt.Errorf("read volume: %w", err)
		}
		worker, err := t.maybeExported(ctx, v)
		if err != nil {
			return err
		}
		if !worker {
			return t.unholdVolume(ctx, unholdVolumeParams{ID: v.ID, Accepts: VolumeUnhold.Accepts})
		}
		job, err = t.addJob(ctx, a, newJob{kind: JobTerminate, queue: VolumeQueue(*v.Host), volume: v.ID,
			args: TerminateArgs{Initiator: initiator}, replyTo: replyTo})
		return err
	})
	return job, err
}

// maybeExported reports whether a volume has connections or jobs that may make
// them, so that its worker has to be asked.
func (t *txn) maybeExported(ctx context.Context, v Volume) (bool, error) {
	if v.Host == nil {
		return false, nil
	}
	has, err := t.hasConnections(ctx, v.ID)
	if err != nil || has {
		return has, err
	}
	return t.volumeHasJobs(ctx, v.ID)
}

// ConnectionsTerminated ends a terminate, for connections that are revoked.
func (s *Store) ConnectionsTerminated(ctx context.Context, j *Job, args TerminateArgs, ids []string) error {
	return s.end(ctx, j, "", func(t *txn) error {
		if err := t.deleteConnections(ctx, ids); err != nil {
			return fmt.Errorf("delete connections: %w", err)
		}
		switch {
		case args.Dropped != nil:
			return nil
		case args.Settle:
			return t.settleVolume(ctx, settleVolumeParams{ID: j.VolumeID, Accepts: VolumeDetachNone.Accepts})
		}
		return t.unholdVolume(ctx, unholdVolumeParams{ID: j.VolumeID, Accepts: VolumeUnhold.Accepts})
	})
}

// dropConnections removes the connections of a volume that an administrator
// declared detached, and lets the worker end them.
func (t *txn) dropConnections(ctx context.Context, a Actor, v Volume) error {
	ids, err := t.deleteConnectionsOf(ctx, v.ID)
	if err != nil {
		return fmt.Errorf("delete connections: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	_, err = t.addJob(ctx, a, newJob{kind: JobTerminate, queue: VolumeQueue(*v.Host), volume: v.ID, args: TerminateArgs{Dropped: ids}})
	return err
}
