package db

import (
	"context"
)

var attachmentList = &listing[Attachment]{
	what: "Volume attachment",
	columns: `a.id, a.volume_id, a.project_id, a.created_at, a.updated_at, a.attach_status, a.attach_mode, a.attach_time, a.detach_time,
a.instance_uuid, a.attached_host, a.mountpoint, a.connector, a.connection_info`,
	from:    "attachments a",
	project: "a.project_id",
	id:      "a.id",
	keys: map[string]column{
		"id":            {sql: "a.id", kind: uuidColumn},
		"volume_id":     {sql: "a.volume_id", kind: uuidColumn},
		"instance_id":   {sql: "a.instance_uuid", kind: uuidColumn, nullable: true},
		"status":        {sql: "a.attach_status"},
		"attach_status": {sql: "a.attach_status"},
		"attach_mode":   {sql: "a.attach_mode", nullable: true},
		"attached_host": {sql: "a.attached_host", nullable: true},
		"mountpoint":    {sql: "a.mountpoint", nullable: true},
		"created_at":    {sql: "a.created_at", kind: timeColumn},
		"updated_at":    {sql: "a.updated_at", kind: timeColumn, nullable: true},
		"project_id":    {sql: "a.project_id"},
	},
	read: func(r *row) (a Attachment) {
		a.ID, a.VolumeID, a.ProjectID, a.CreatedAt, a.UpdatedAt = r.uuid(), r.uuid(), r.text(), r.time(), r.timeOrNil()
		a.AttachStatus, a.AttachMode, a.AttachTime, a.DetachTime, a.InstanceUuid = r.text(), r.textOrNil(), r.timeOrNil(), r.timeOrNil(), r.uuidOrNil()
		a.AttachedHost, a.Mountpoint = r.textOrNil(), r.textOrNil()
		r.json(&a.Connector)
		r.json(&a.ConnectionInfo)
		return a
	},
}

// ListAttachments returns a page of attachments.
func (s *Store) ListAttachments(ctx context.Context, q ListQuery) (Page[Attachment], error) {
	return attachmentList.list(ctx, s, q)
}

// ViewAttachment returns one attachment; project "" sees all.
func (s *Store) ViewAttachment(ctx context.Context, id, project string) (Attachment, error) {
	a, err := attachmentList.get(ctx, s, id, project)
	if IsKind(err, NotFound) {
		return a, attachmentGone(id)
	}
	return a, err
}
