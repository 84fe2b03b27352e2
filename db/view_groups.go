package db

import (
	"context"
)

// GroupView is a group with all that an answer shows of it.
type GroupView struct {
	Group
	TypeName    string
	VolumeTypes []string // ids
	Volumes     []string // ids
}

// Legacy groups were made by the older calls and are theirs alone.
func (g *GroupView) Legacy() bool { return g.TypeName == CGSnapshotType }

// FilterLegacy is the key of the filter by who made a group or group snapshot.
const FilterLegacy = "is_legacy"

var groupList = &listing[GroupView]{
	what: "Group",
	columns: `g.id, g.project_id, g.user_id, g.created_at, g.updated_at, g.status, g.name, g.description, g.availability_zone, g.host,
g.group_type_id, g.group_snapshot_id, g.source_group_id, g.replication_status, t.name,
to_jsonb(ARRAY(SELECT y.volume_type_id::text FROM group_volume_types y WHERE y.group_id = g.id ORDER BY 1)),
to_jsonb(ARRAY(SELECT v.id::text FROM volumes v WHERE v.group_id = g.id ORDER BY v.created_at, v.id))`,
	from:    "groups g JOIN group_types t ON t.id = g.group_type_id",
	project: "g.project_id",
	id:      "g.id",
	keys: map[string]column{
		"id":                 {sql: "g.id", kind: uuidColumn},
		"name":               {sql: "g.name", nullable: true},
		"description":        {sql: "g.description", nullable: true},
		"status":             {sql: "g.status"},
		"availability_zone":  {sql: "g.availability_zone"},
		"host":               {sql: "g.host", nullable: true},
		"group_type_id":      {sql: "g.group_type_id", kind: uuidColumn},
		"group_snapshot_id":  {sql: "g.group_snapshot_id", kind: uuidColumn, nullable: true},
		"source_group_id":    {sql: "g.source_group_id", kind: uuidColumn, nullable: true},
		"replication_status": {sql: "g.replication_status"},
		"user_id":            {sql: "g.user_id"},
		"project_id":         {sql: "g.project_id"},
		"created_at":         {sql: "g.created_at", kind: timeColumn},
		"updated_at":         {sql: "g.updated_at", kind: timeColumn, nullable: true},
		FilterLegacy:         {sql: "(t.name = '" + CGSnapshotType + "')", kind: boolColumn},
	},
	read: func(r *row) (g GroupView) {
		g.ID, g.ProjectID, g.UserID, g.CreatedAt, g.UpdatedAt = r.uuid(), r.text(), r.text(), r.time(), r.timeOrNil()
		g.Status, g.Name, g.Description, g.AvailabilityZone, g.Host = r.text(), r.textOrNil(), r.textOrNil(), r.text(), r.textOrNil()
		g.GroupTypeID, g.GroupSnapshotID, g.SourceGroupID, g.ReplicationStatus, g.TypeName = r.uuid(), r.uuidOrNil(), r.uuidOrNil(), r.text(), r.text()
		r.json(&g.VolumeTypes)
		r.json(&g.Volumes)
		return g
	},
}

// ListGroups returns a page of groups.
func (s *Store) ListGroups(ctx context.Context, q ListQuery) (Page[GroupView], error) {
	return groupList.list(ctx, s, q)
}

// ViewGroup returns one group; project "" sees all.
func (s *Store) ViewGroup(ctx context.Context, id, project string) (GroupView, error) {
	return groupList.get(ctx, s, id, project)
}

// GroupSnapshotView is a group snapshot with all that an answer shows of it.
type GroupSnapshotView struct {
	GroupSnapshot
	TypeName string
}

// Legacy group snapshots were made by the older calls and are theirs alone.
func (g *GroupSnapshotView) Legacy() bool { return g.TypeName == CGSnapshotType }

var groupSnapshotList = &listing[GroupSnapshotView]{
	what:    "GroupSnapshot",
	columns: "g.id, g.group_id, g.group_type_id, g.project_id, g.user_id, g.created_at, g.updated_at, g.status, g.name, g.description, t.name",
	from:    "group_snapshots g JOIN group_types t ON t.id = g.group_type_id",
	project: "g.project_id",
	id:      "g.id",
	keys: map[string]column{
		"id":            {sql: "g.id", kind: uuidColumn},
		"name":          {sql: "g.name", nullable: true},
		"description":   {sql: "g.description", nullable: true},
		"status":        {sql: "g.status"},
		"group_id":      {sql: "g.group_id", kind: uuidColumn},
		"group_type_id": {sql: "g.group_type_id", kind: uuidColumn},
		"user_id":       {sql: "g.user_id"},
		"project_id":    {sql: "g.project_id"},
		"created_at":    {sql: "g.created_at", kind: timeColumn},
		"updated_at":    {sql: "g.updated_at", kind: timeColumn, nullable: true},
		FilterLegacy:    {sql: "(t.name = '" + CGSnapshotType + "')", kind: boolColumn},
	},
	read: func(r *row) (g GroupSnapshotView) {
		g.ID, g.GroupID, g.GroupTypeID, g.ProjectID, g.UserID = r.uuid(), r.uuid(), r.uuid(), r.text(), r.text()
		g.CreatedAt, g.UpdatedAt, g.Status, g.Name, g.Description = r.time(), r.timeOrNil(), r.text(), r.textOrNil(), r.textOrNil()
		g.TypeName = r.text()
		return g
	},
}

// ListGroupSnapshots returns a page of group snapshots.
func (s *Store) ListGroupSnapshots(ctx context.Context, q ListQuery) (Page[GroupSnapshotView], error) {
	return groupSnapshotList.list(ctx, s, q)
}

// ViewGroupSnapshot returns one group snapshot; project "" sees all.
func (s *Store) ViewGroupSnapshot(ctx context.Context, id, project string) (GroupSnapshotView, error) {
	return groupSnapshotList.get(ctx, s, id, project)
}
