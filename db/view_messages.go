package db

import (
	"context"
)

var messageList = &listing[Message]{
	what:    "Message",
	columns: "m.id, m.project_id, m.request_id, m.resource_type, m.resource_uuid, m.action_id, m.detail_id, m.message_level, m.created_at, m.expires_at",
	from:    "messages m",
	project: "m.project_id",
	id:      "m.id",
	keys: map[string]column{
		"id":               {sql: "m.id", kind: uuidColumn},
		"event_id":         {sql: "('VOLUME_' || m.resource_type || '_' || m.action_id || '_' || m.detail_id)"},
		"request_id":       {sql: "m.request_id", nullable: true},
		"resource_type":    {sql: "m.resource_type"},
		"resource_uuid":    {sql: "m.resource_uuid", kind: uuidColumn, nullable: true},
		"message_level":    {sql: "m.message_level"},
		"action_id":        {sql: "m.action_id"},
		"detail_id":        {sql: "m.detail_id"},
		"project_id":       {sql: "m.project_id"},
		"expires_at":       {sql: "m.expires_at", kind: timeColumn},
		"created_at":       {sql: "m.created_at", kind: timeColumn},
		"guaranteed_until": {sql: "m.expires_at", kind: timeColumn},
	},
	read: func(r *row) (m Message) {
		m.ID, m.ProjectID, m.RequestID, m.ResourceType, m.ResourceUuid = r.uuid(), r.text(), r.textOrNil(), r.text(), r.uuidOrNil()
		m.ActionID, m.DetailID, m.MessageLevel, m.CreatedAt, m.ExpiresAt = r.text(), r.text(), r.text(), r.time(), r.time()
		return m
	},
}

// ListMessages returns a page of user messages.
func (s *Store) ListMessages(ctx context.Context, q ListQuery) (Page[Message], error) {
	return messageList.list(ctx, s, q)
}

// ViewMessage returns one message; project "" sees all.
func (s *Store) ViewMessage(ctx context.Context, id, project string) (Message, error) {
	return messageList.get(ctx, s, id, project)
}
