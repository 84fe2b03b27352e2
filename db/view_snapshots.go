package db

import (
	"context"
)

var snapshotList = &listing[Snapshot]{
	what: "Snapshot",
	columns: `s.id, s.volume_id, s.project_id, s.user_id, s.created_at, s.updated_at, s.status, s.progress, s.volume_size,
s.volume_type_id, s.name, s.description, s.metadata, s.group_snapshot_id, s.provider_id, s.consumes_quota`,
	from:    "snapshots s",
	project: "s.project_id",
	id:      "s.id",
	keys: map[string]column{
		"id":                {sql: "s.id", kind: uuidColumn},
		"name":              {sql: "s.name", nullable: true},
		"display_name":      {sql: "s.name", nullable: true}, // what the older client sorts by
		"description":       {sql: "s.description", nullable: true},
		"status":            {sql: "s.status"},
		"volume_id":         {sql: "s.volume_id", kind: uuidColumn},
		"volume_size":       {sql: "s.volume_size", kind: intColumn},
		"user_id":           {sql: "s.user_id"},
		"project_id":        {sql: "s.project_id"},
		"created_at":        {sql: "s.created_at", kind: timeColumn},
		"updated_at":        {sql: "s.updated_at", kind: timeColumn, nullable: true},
		"progress":          {sql: "s.progress"},
		"group_snapshot_id": {sql: "s.group_snapshot_id", kind: uuidColumn, nullable: true},
		"consumes_quota":    {sql: "s.consumes_quota", kind: boolColumn},
		"metadata":          {sql: "s.metadata", kind: jsonColumn},
		"availability_zone": {sql: "(SELECT v.availability_zone FROM volumes v WHERE v.id = s.volume_id)"},
	},
	read: func(r *row) (s Snapshot) {
		s.ID, s.VolumeID, s.ProjectID, s.UserID, s.CreatedAt = r.uuid(), r.uuid(), r.text(), r.text(), r.time()
		s.UpdatedAt, s.Status, s.Progress, s.VolumeSize, s.VolumeTypeID = r.timeOrNil(), r.text(), r.text(), r.int4(), r.uuid()
		s.Name, s.Description = r.textOrNil(), r.textOrNil()
		r.json(&s.Metadata)
		s.GroupSnapshotID, s.ProviderID, s.ConsumesQuota = r.uuidOrNil(), r.textOrNil(), r.bool()
		return s
	},
}

// ListSnapshots returns a page of snapshots.
func (s *Store) ListSnapshots(ctx context.Context, q ListQuery) (Page[Snapshot], error) {
	return snapshotList.list(ctx, s, q)
}

// ViewSnapshot returns one snapshot; project "" sees all.
func (s *Store) ViewSnapshot(ctx context.Context, id, project string) (Snapshot, error) {
	return snapshotList.get(ctx, s, id, project)
}
