package api

import (
	"slices"

	"github.com/clinker-io/clinker/db"
)

func groupProject(g *db.GroupView) string { return g.ProjectID }

var groupSummaryFields = []Field[db.GroupView]{
	{"id", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendString(b, g.ID) }},
	{"name", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendStringOrNull(b, g.Name) }},
}

var (
	groupCommonFields = []Field[db.GroupView]{
		{"id", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendString(b, g.ID) }},
		{"status", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendString(b, g.Status) }},
		{"availability_zone", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendString(b, g.AvailabilityZone) }},
		{"created_at", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendTime(b, g.CreatedAt) }},
		{"name", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendStringOrNull(b, g.Name) }},
		{"description", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendStringOrNull(b, g.Description) }},
		{"volume_types", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendStrings(b, g.VolumeTypes) }},
	}
	groupDetailFields = slices.Concat(groupCommonFields, []Field[db.GroupView]{
		{"group_type", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendString(b, g.GroupTypeID) }},
		{"group_snapshot_id", groupSnapshotsSince, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendStringOrNull(b, g.GroupSnapshotID) }},
		{"source_group_id", groupSnapshotsSince, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendStringOrNull(b, g.SourceGroupID) }},
		{"replication_status", groupReplicationSince, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendString(b, g.ReplicationStatus) }},
		{"project_id", 58, "group:group_project_attribute", func(b []byte, _ *Request, g *db.GroupView) []byte { return appendString(b, g.ProjectID) }},
	})
	groupVolumesField = Field[db.GroupView]{"volumes", 0, anyone, func(b []byte, _ *Request, g *db.GroupView) []byte { return appendStrings(b, g.Volumes) }}
)

// ListsGroupVolumes: from 3.25 list_volume=true shows the volumes of a group.
func (m Microversion) ListsGroupVolumes() bool { return m >= 25 }

// groupFields are those of a detailed view.
func (r *Request) groupFields() ([]Field[db.GroupView], error) {
	if !r.Microversion.ListsGroupVolumes() {
		return groupDetailFields, nil
	}
	volumes, err := boolArg(r, "list_volume")
	if err != nil || !volumes {
		return groupDetailFields, err
	}
	return append(slices.Clone(groupDetailFields), groupVolumesField), nil
}
