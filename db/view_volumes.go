package db

import (
	"context"
	"fmt"
	"time"
)

// VolumeView is a volume with all that an answer shows of it.
type VolumeView struct {
	Volume
	TypeName    string
	Attachments []VolumeAttachment // complete ones alone
}

// VolumeAttachment is a complete attachment as a volume shows it.
type VolumeAttachment struct {
	ID         string     `json:"id"`
	ServerID   *string    `json:"server"`
	HostName   *string    `json:"host"`
	Device     *string    `json:"device"`
	AttachedAt *time.Time `json:"at"`
}

var volumeList = &listing[VolumeView]{
	what: "Volume",
	columns: `v.id, v.project_id, v.user_id, v.created_at, v.updated_at, v.launched_at, v.size, v.status, v.previous_status,
v.attach_status, v.migration_status, v.replication_status, v.name, v.description, v.bootable, v.multiattach, v.encryption_key_id,
v.availability_zone, v.host, v.cluster_name, v.volume_type_id, v.snapshot_id, v.source_volid, v.metadata, v.admin_metadata,
v.image_metadata, v.group_id, v.consistencygroup_id, v.provider_id, v.service_uuid, v.shared_targets, v.consumes_quota, v.name_id, t.name,
CASE WHEN v.attach_status = 'detached' THEN NULL ELSE
(SELECT jsonb_agg(jsonb_build_object('id', a.id, 'server', a.instance_uuid, 'host', a.attached_host, 'device', a.mountpoint, 'at', a.attach_time) ORDER BY a.created_at, a.id)
 FROM attachments a WHERE a.volume_id = v.id AND a.attach_status = 'attached') END`,
	from:    "volumes v JOIN volume_types t ON t.id = v.volume_type_id",
	project: "v.project_id",
	id:      "v.id",
	keys: map[string]column{
		"id":                  {sql: "v.id", kind: uuidColumn},
		"name":                {sql: "v.name", nullable: true, byOrder: true},
		"display_name":        {sql: "v.name", nullable: true, byOrder: true}, // what the older client sorts by
		"description":         {sql: "v.description", nullable: true},
		"status":              {sql: "v.status"},
		"attach_status":       {sql: "v.attach_status"},
		"migration_status":    {sql: "v.migration_status", nullable: true},
		"size":                {sql: "v.size", kind: intColumn},
		"bootable":            {sql: "v.bootable", kind: boolColumn},
		"multiattach":         {sql: "v.multiattach", kind: boolColumn},
		"availability_zone":   {sql: "v.availability_zone"},
		"host":                {sql: "v.host", nullable: true},
		"volume_type_id":      {sql: "v.volume_type_id", kind: uuidColumn},
		"snapshot_id":         {sql: "v.snapshot_id", kind: uuidColumn, nullable: true},
		"source_volid":        {sql: "v.source_volid", kind: uuidColumn, nullable: true},
		"group_id":            {sql: "v.group_id", kind: uuidColumn, nullable: true},
		"consistencygroup_id": {sql: "v.consistencygroup_id", kind: uuidColumn, nullable: true},
		"user_id":             {sql: "v.user_id"},
		"project_id":          {sql: "v.project_id"},
		"created_at":          {sql: "v.created_at", kind: timeColumn},
		"updated_at":          {sql: "v.updated_at", kind: timeColumn, nullable: true},
		"launched_at":         {sql: "v.launched_at", kind: timeColumn, nullable: true},
		"consumes_quota":      {sql: "v.consumes_quota", kind: boolColumn},
		"metadata":            {sql: "v.metadata", kind: jsonColumn},
		"glance_metadata":     {sql: "v.image_metadata", kind: jsonColumn, nullable: true},
	},
	read: readVolumeView,
}

func readVolumeView(r *row) VolumeView {
	v := VolumeView{Volume: Volume{ID: r.uuid(), ProjectID: r.text(), UserID: r.text(), CreatedAt: r.time(), UpdatedAt: r.timeOrNil(),
		LaunchedAt: r.timeOrNil(), Size: r.int4(), Status: r.text(), PreviousStatus: r.textOrNil(), AttachStatus: r.text(),
		MigrationStatus: r.textOrNil(), ReplicationStatus: r.textOrNil(), Name: r.textOrNil(), Description: r.textOrNil(),
		Bootable: r.bool(), Multiattach: r.bool(), EncryptionKeyID: r.uuidOrNil(), AvailabilityZone: r.text(), Host: r.textOrNil(),
		ClusterName: r.textOrNil(), VolumeTypeID: r.uuid(), SnapshotID: r.uuidOrNil(), SourceVolid: r.uuidOrNil()}}
	r.json(&v.Metadata)
	r.json(&v.AdminMetadata)
	r.json(&v.ImageMetadata)
	v.GroupID, v.ConsistencygroupID, v.ProviderID, v.ServiceUuid = r.uuidOrNil(), r.uuidOrNil(), r.textOrNil(), r.uuidOrNil()
	v.SharedTargets, v.ConsumesQuota, v.NameID, v.TypeName = r.bool(), r.bool(), r.uuidOrNil(), r.text()
	r.json(&v.Attachments)
	return v
}

// EachVolume shows a page's volumes one after the other, each until show
// returns, and returns the count of all that match, when asked for.
func (s *Store) EachVolume(ctx context.Context, q ListQuery, show func(*VolumeView)) (count int, err error) {
	return volumeList.each(ctx, s, q, show)
}

// ViewVolume returns one volume; project "" sees all.
func (s *Store) ViewVolume(ctx context.Context, id, project string) (VolumeView, error) {
	return volumeList.get(ctx, s, id, project)
}

// VolumeSummary counts a project's volumes, "" all projects', and lists the
// values of each metadata key.
func (s *Store) VolumeSummary(ctx context.Context, project string) (count, sizeGiB int64, metadata map[string][]string, err error) {
	err = s.pool.QueryRow(ctx, `SELECT count(*), coalesce(sum(size), 0) FROM volumes WHERE $1 = '' OR project_id = $1`, project).Scan(&count, &sizeGiB)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("summary: %w", err)
	}
	rows, err := s.pool.Query(ctx, `SELECT m.key, array_agg(DISTINCT m.value) FROM volumes v, jsonb_each_text(v.metadata) m
WHERE $1 = '' OR v.project_id = $1 GROUP BY m.key`, project)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("summary: %w", err)
	}
	defer rows.Close()
	metadata = make(map[string][]string)
	for rows.Next() {
		var key string
		var values []string
		if err := rows.Scan(&key, &values); err != nil {
			return 0, 0, nil, fmt.Errorf("summary: %w", err)
		}
		metadata[key] = values
	}
	return count, sizeGiB, metadata, rows.Err()
}
