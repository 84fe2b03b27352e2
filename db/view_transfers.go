package db

import (
	"context"
)

// transferList is of the offers that stand; they belong to the owner of the volume.
var transferList = &listing[Transfer]{
	what: "Transfer",
	columns: `t.id, t.volume_id, t.name, t.no_snapshots, t.source_project_id, t.destination_project_id, t.accepted,
t.created_at, t.updated_at`,
	from:    "(SELECT * FROM transfers WHERE NOT accepted) t JOIN volumes v ON v.id = t.volume_id",
	project: "v.project_id",
	id:      "t.id",
	keys: map[string]column{
		"id":                     {sql: "t.id", kind: uuidColumn},
		"name":                   {sql: "t.name", nullable: true},
		"display_name":           {sql: "t.name", nullable: true},
		"volume_id":              {sql: "t.volume_id", kind: uuidColumn},
		"no_snapshots":           {sql: "t.no_snapshots", kind: boolColumn},
		"source_project_id":      {sql: "t.source_project_id"},
		"destination_project_id": {sql: "t.destination_project_id", nullable: true},
		"accepted":               {sql: "t.accepted", kind: boolColumn},
		"project_id":             {sql: "v.project_id"},
		"created_at":             {sql: "t.created_at", kind: timeColumn},
		"updated_at":             {sql: "t.updated_at", kind: timeColumn, nullable: true},
	},
	read: func(r *row) (t Transfer) {
		t.ID, t.VolumeID, t.Name, t.NoSnapshots, t.SourceProjectID = r.uuid(), r.uuid(), r.textOrNil(), r.bool(), r.text()
		t.DestinationProjectID, t.Accepted, t.CreatedAt, t.UpdatedAt = r.textOrNil(), r.bool(), r.time(), r.timeOrNil()
		return t
	},
}

// ListTransfers returns a page of the offers that stand.
func (s *Store) ListTransfers(ctx context.Context, q ListQuery) (Page[Transfer], error) {
	return transferList.list(ctx, s, q)
}

// ViewTransfer returns one offer that stands; project "" sees all.
func (s *Store) ViewTransfer(ctx context.Context, id, project string) (Transfer, error) {
	return transferList.get(ctx, s, id, project)
}
