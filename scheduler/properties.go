package scheduler

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/scheduler/expr"
)

// typeZones are the zones that a type may use.
func typeZones(spec string) []string {
	zones := []string{}
	for z := range strings.SplitSeq(spec, ",") {
		if z != "" {
			zones = append(zones, strings.TrimSpace(z))
		}
	}
	return zones
}

// properties are the volume as Cinder's functions know it.
func properties(v *db.Volume) map[string]any {
	p := map[string]any{
		"id": v.ID, "size": v.Size, "user_id": v.UserID, "project_id": v.ProjectID, "status": v.Status, "attach_status": v.AttachStatus,
		"multiattach": v.Multiattach, "bootable": v.Bootable, "availability_zone": v.AvailabilityZone, "volume_type_id": v.VolumeTypeID,
	}
	for key, s := range map[string]*string{"display_name": v.Name, "display_description": v.Description, "snapshot_id": v.SnapshotID,
		"source_volid": v.SourceVolid, "encryption_key_id": v.EncryptionKeyID, "group_id": v.GroupID} {
		p[key] = nil
		if s != nil {
			p[key] = *s
		}
	}
	return p
}

// locate asks where the instance of the hint local_to_instance runs. Without an
// answer the filter refuses every pool.
func (s *Scheduler) locate(ctx context.Context, r *Request, hint any) {
	if !expr.Truth(hint) {
		return
	}
	r.LocalToInstance, _ = hint.(string)
	if uuid.Validate(r.LocalToInstance) != nil {
		r.LocalToInstance = "(no UUID)"
		return
	}
	if s.Instances == nil || !s.Config.uses("InstanceLocalityFilter") {
		return
	}
	host, err := s.Instances.InstanceHost(ctx, r.LocalToInstance)
	if err != nil {
		s.Log.Warn("cannot tell where an instance runs", "instance", r.LocalToInstance, "err", err)
	}
	r.InstanceHost = host
}

// trouble warns of a pool's function that fails.
func (s *Scheduler) trouble(pool, function string, err error) {
	s.Log.Warn("a function of a pool fails", "pool", pool, "function", function, "err", err)
}

// LivePool is a pool of the database, with what the rows place on it. They are
// newer than any report: they hold what was placed since.
func LivePool(row *db.LivePool, stats map[string]any, fallback Ratio) Pool {
	p := NewPool(row.Host, row.AvailabilityZone, stats, fallback)
	if row.ClusterName != nil {
		p.Cluster = *row.ClusterName + "#" + db.PoolOf(row.Host)
	}
	p.AllocatedGiB, p.VolumeCount = float64(row.AllocatedGib), int(row.Volumes)
	p.ProvisionedGiB = max(p.ProvisionedGiB, p.AllocatedGiB)
	return p
}
