package db

import (
	"context"
	"fmt"
	"time"
)

// What is told of volume types, group types and QoS specs. Upstream's API
// tells of refusals too, at priority ERROR.

func pythonTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000") }

func pythonTimeOrNil(t *time.Time) any {
	if t == nil {
		return nil
	}
	return pythonTime(*t)
}

func typeEvent(action string, ty VolumeType) Event {
	return Event{Resource: "volume_type " + ty.ID, Publisher: "volumeType", Type: "volume_type." + action, Payload: map[string]any{
		"volume_types": map[string]any{"id": ty.ID, "name": ty.Name, "description": ty.Description, "is_public": ty.IsPublic,
			"extra_specs": ty.ExtraSpecs, "qos_specs_id": ty.QoSSpecsID, "created_at": pythonTime(ty.CreatedAt),
			"updated_at": pythonTimeOrNil(ty.UpdatedAt), "deleted_at": nil, "deleted": false}}}
}

func groupTypeEvent(action string, ty GroupType) Event {
	return Event{Resource: "group_type " + ty.ID, Publisher: "groupType", Type: "group_type." + action, Payload: map[string]any{
		"group_types": map[string]any{"id": ty.ID, "name": ty.Name, "description": ty.Description, "is_public": ty.IsPublic,
			"group_specs": ty.GroupSpecs, "created_at": pythonTime(ty.CreatedAt), "updated_at": pythonTimeOrNil(ty.UpdatedAt),
			"deleted_at": nil, "deleted": false}}}
}

// typeRefused is what is told of a change of a type that was refused; one of
// id and name is known.
func typeRefused(kind, publisher, action string, id, name *string) Event {
	return Event{Resource: kind, Publisher: publisher, Type: kind + "." + action, Payload: map[string]any{kind + "s": nil, "id": id, "name": name}}
}

func volumeTypeRefused(action string, id, name *string) Event {
	return typeRefused("volume_type", "volumeType", action, id, name)
}

func groupTypeRefused(action string, id, name *string) Event {
	return typeRefused("group_type", "groupType", action, id, name)
}

// noteSpecs tells of the extra specs of a type, as they are now.
func (t *txn) noteSpecs(ctx context.Context, action, id string, payload map[string]any) error {
	if !t.store.opts.Notify {
		return nil
	}
	ty, err := t.GetVolumeType(ctx, id)
	if err != nil {
		return fmt.Errorf("read type: %w", err)
	}
	payload["type_id"], payload["created_at"], payload["updated_at"] = id, pythonTime(ty.CreatedAt), pythonTimeOrNil(ty.UpdatedAt)
	t.note(ctx, Event{Resource: "volume_type " + id, Publisher: "volumeTypeExtraSpecs", Type: "volume_type_extra_specs." + action, Payload: payload})
	return nil
}

// noteGroupSpecs tells of the specs of a group type.
func (t *txn) noteGroupSpecs(ctx context.Context, action, id string, payload map[string]any) {
	payload["type_id"] = id
	t.note(ctx, Event{Resource: "group_type " + id, Publisher: "groupTypeSpecs", Type: "group_type_specs." + action, Payload: payload})
}

// noteEncryption tells of the encryption of a type.
func (t *txn) noteEncryption(ctx context.Context, action, id string, payload map[string]any) {
	payload["type_id"] = id
	t.note(ctx, Event{Resource: "volume_type " + id, Publisher: "volumeTypeEncryption", Type: "volume_type_encryption." + action, Payload: payload})
}

// noteAccess tells who may use a type.
func (t *txn) noteAccess(ctx context.Context, action, id, project string) {
	t.note(ctx, Event{Resource: "volume_type " + id, Publisher: "volume_type_project", Type: "volume_type_project.access." + action,
		Payload: map[string]any{"volume_type_id": id, "project_id": project}})
}

func qosEvent(action, id string, payload map[string]any) Event {
	if payload == nil {
		payload = map[string]any{}
	}
	if id != "" {
		payload["id"] = id
	}
	return Event{Resource: "qos_specs " + id, Publisher: "QoSSpecs", Type: "qos_specs." + action, Payload: payload}
}
