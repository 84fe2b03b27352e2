package api

import (
	"slices"
	"strings"

	"github.com/clinker-io/clinker/db"
)

func snapshotProject(s *db.Snapshot) string { return s.ProjectID }

var snapshotSummaryFields = []Field[db.Snapshot]{
	{"id", 0, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendString(b, s.ID) }},
	{"created_at", 0, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendTime(b, s.CreatedAt) }},
	{"updated_at", 0, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendTimeOrNull(b, s.UpdatedAt) }},
	{"name", 0, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendStringOrNull(b, s.Name) }},
	{"description", 0, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendStringOrNull(b, s.Description) }},
	{"volume_id", 0, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendString(b, s.VolumeID) }},
	{"status", 0, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendString(b, s.Status) }},
	{"size", 0, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendInt(b, int64(s.VolumeSize)) }},
	{"metadata", 0, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendMap(b, s.Metadata) }},
}

var snapshotFields = append(snapshotSummaryFields[:len(snapshotSummaryFields):len(snapshotSummaryFields)], []Field[db.Snapshot]{
	{"os-extended-snapshot-attributes:project_id", 0, "volume_extension:extended_snapshot_attributes", func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendString(b, s.ProjectID) }},
	{"os-extended-snapshot-attributes:progress", 0, "volume_extension:extended_snapshot_attributes", func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendString(b, s.Progress) }},
	{"group_snapshot_id", 14, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendStringOrNull(b, s.GroupSnapshotID) }},
	{"user_id", 41, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendString(b, s.UserID) }},
	{"consumes_quota", 65, anyone, func(b []byte, _ *Request, s *db.Snapshot) []byte { return appendBool(b, s.ConsumesQuota) }},
}...)

// snapshotAnswerFields are those of the answers to create and update, which
// the extended attributes never joined.
var snapshotAnswerFields = slices.DeleteFunc(slices.Clone(snapshotFields), func(f Field[db.Snapshot]) bool {
	return strings.HasPrefix(f.Name, "os-extended-")
})
