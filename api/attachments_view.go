package api

import (
	"time"

	"github.com/clinker-io/clinker/db"
)

func attachmentProject(at *db.Attachment) string { return at.ProjectID }

var attachmentSummaryFields = []Field[db.Attachment]{
	{"id", 0, anyone, func(b []byte, _ *Request, at *db.Attachment) []byte { return appendString(b, at.ID) }},
	{"status", 0, anyone, func(b []byte, _ *Request, at *db.Attachment) []byte { return appendString(b, at.AttachStatus) }},
	{"instance", 0, anyone, func(b []byte, _ *Request, at *db.Attachment) []byte { return appendStringOrNull(b, at.InstanceUuid) }},
	{"volume_id", 0, anyone, func(b []byte, _ *Request, at *db.Attachment) []byte { return appendString(b, at.VolumeID) }},
}

var attachmentFields = append(attachmentSummaryFields[:len(attachmentSummaryFields):len(attachmentSummaryFields)], []Field[db.Attachment]{
	{"attached_at", 0, anyone, func(b []byte, _ *Request, at *db.Attachment) []byte { return appendTimeOrEmpty(b, at.AttachTime) }},
	{"detached_at", 0, anyone, func(b []byte, _ *Request, at *db.Attachment) []byte { return appendTimeOrEmpty(b, at.DetachTime) }},
	{"attach_mode", 0, anyone, func(b []byte, _ *Request, at *db.Attachment) []byte { return appendStringOrNull(b, at.AttachMode) }},
	{"connection_info", 0, anyone, func(b []byte, _ *Request, at *db.Attachment) []byte {
		if at.ConnectionInfo == nil {
			return append(b, "{}"...)
		}
		return append(b, at.ConnectionInfo...)
	}},
}...)

// appendTimeOrEmpty: times of attachments that are unset are "", not null.
func appendTimeOrEmpty(b []byte, t *time.Time) []byte {
	if t == nil {
		return append(b, `""`...)
	}
	return appendTime(b, *t)
}
