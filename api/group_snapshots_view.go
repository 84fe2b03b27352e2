package api

import (
	"slices"

	"github.com/clinker-io/clinker/db"
)

func groupSnapshotProject(s *db.GroupSnapshotView) string { return s.ProjectID }

var groupSnapshotSummaryFields = []Field[db.GroupSnapshotView]{
	{"id", 0, anyone, func(b []byte, _ *Request, s *db.GroupSnapshotView) []byte { return appendString(b, s.ID) }},
	{"name", 0, anyone, func(b []byte, _ *Request, s *db.GroupSnapshotView) []byte { return appendStringOrNull(b, s.Name) }},
}

var (
	groupSnapshotType = Field[db.GroupSnapshotView]{"group_type_id", 0, anyone,
		func(b []byte, _ *Request, s *db.GroupSnapshotView) []byte { return appendString(b, s.GroupTypeID) }}
	groupSnapshotCreatedFields = append(slices.Clone(groupSnapshotSummaryFields), groupSnapshotType)
	groupSnapshotStateFields   = append(slices.Clone(groupSnapshotSummaryFields), []Field[db.GroupSnapshotView]{
		{"status", 0, anyone, func(b []byte, _ *Request, s *db.GroupSnapshotView) []byte { return appendString(b, s.Status) }},
		{"created_at", 0, anyone, func(b []byte, _ *Request, s *db.GroupSnapshotView) []byte { return appendTime(b, s.CreatedAt) }},
		{"description", 0, anyone, func(b []byte, _ *Request, s *db.GroupSnapshotView) []byte {
			return appendStringOrNull(b, s.Description)
		}},
	}...)
	groupSnapshotFields = append(slices.Clone(groupSnapshotStateFields), groupSnapshotType,
		Field[db.GroupSnapshotView]{"group_id", 0, anyone, appendGroupID},
		Field[db.GroupSnapshotView]{"project_id", 58, "group:group_snapshot_project_attribute",
			func(b []byte, _ *Request, s *db.GroupSnapshotView) []byte { return appendString(b, s.ProjectID) }})
)

func appendGroupID(b []byte, _ *Request, s *db.GroupSnapshotView) []byte {
	return appendString(b, s.GroupID)
}
