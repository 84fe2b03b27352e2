package db

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// ReplicationChange is one of the calls about the replication of a group.
type ReplicationChange struct {
	op       Op
	accepts  S      // replication status of the group
	failure  string // replication status when the backend cannot
	sentence string
	event    string // without .start and .end
}

// The calls.
var (
	EnableReplication   = ReplicationChange{GroupEnableReplication, S{"disabled", "enabled"}, InError, "Cannot enable replication.", "enable_replication"}
	DisableReplication  = ReplicationChange{GroupDisableReplication, S{"enabled", InError}, InError, "Cannot disable replication.", "disable_replication"}
	FailoverReplication = ReplicationChange{GroupFailoverReplication, S{"enabled", "failed-over"}, "failover-error", "Cannot failover replication.", "failover_replication"}
)

// ChangeReplication checks what Cinder checks. No backend replicates yet, so
// what passes ends in the status of failure; attached says that a failover may
// take volumes that are in use.
func (s *Store) ChangeReplication(ctx context.Context, id string, c ReplicationChange, attached bool) error {
	return s.tx(ctx, func(t *txn) error {
		g, err := t.lockGroup(ctx, id)
		if none(err) {
			return groupGone(id)
		}
		if err != nil {
			return fmt.Errorf("read group: %w", err)
		}
		if !c.op.accepts(g.Status) {
			return c.refuse("Invalid Group: Group %s status must be %s, but current status is: %s. %s", id, c.op.Accepts, g.Status)
		}
		if !slices.Contains(c.accepts, g.ReplicationStatus) {
			return c.refuse("Invalid Group: Group %s replication status must be %s, but current status is: %s. %s", id, c.accepts, g.ReplicationStatus)
		}
		volumes, err := t.GroupVolumes(ctx, id)
		if err != nil {
			return fmt.Errorf("volumes of the group: %w", err)
		}
		for _, v := range volumes {
			if err := c.mayReplicate(v, attached); err != nil {
				return err
			}
		}
		if err := t.noteNow(ctx, groupEvent{id: id, suffix: c.event + ".start"}, volumesEvent{group: &id, suffix: c.event + ".start", by: byBackend}); err != nil {
			return err
		}
		t.noteGroupAndVolumes(ctx, id, c.event+".end")
		_, err = t.setGroupReplication(ctx, setGroupReplicationParams{ReplicationStatus: c.failure, ID: id, Accepts: c.op.Accepts})
		return err
	})
}

func (c ReplicationChange) mayReplicate(v Volume, attached bool) error {
	status := "None"
	if v.ReplicationStatus != nil {
		status = *v.ReplicationStatus
	}
	switch {
	case c.op.Name != GroupDisableReplication.Name && !VolumeJoinGroup.accepts(v.Status):
		return c.refuse("Invalid volume: Volume %s status must be %s, but current status is: %s. %s", v.ID, VolumeJoinGroup.Accepts, v.Status)
	case v.Status == InUse && !attached:
		return Errorf(Invalid, "Invalid volume: Volume %s is attached but allow_attached_volume flag is False. Cannot failover replication.", v.ID)
	case !slices.Contains(c.accepts, status):
		return c.refuse("Invalid volume: Volume %s replication status must be %s, but current status is: %s. %s", v.ID, c.accepts, status)
	}
	return nil
}

// refuse prints what is accepted as Python prints a list: clients see that.
func (c ReplicationChange) refuse(format, id string, accepts S, is string) error {
	return Errorf(Invalid, format, id, "['"+strings.Join(accepts, "', '")+"']", is, c.sentence)
}
