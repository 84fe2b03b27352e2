package db

import (
	"context"
	"fmt"
)

// Action and Detail are the numbers of Cinder's user messages; a client sees
// them in the event id, and their words in the message.
type (
	Action string
	Detail string
)

// Actions.
const (
	ActionSchedule       Action = "001"
	ActionAttach         Action = "002"
	ActionUpdateAttach   Action = "004"
	ActionExtend         Action = "007"
	ActionCreateVolume   Action = "008"
	ActionCreateSnapshot Action = "009"
	ActionDeleteSnapshot Action = "010"
)

// Details.
const (
	DetailUnknown        Detail = "001"
	DetailNoBackend      Detail = "003"
	DetailExtendFailed   Detail = "010"
	DetailCreateFailed   Detail = "012"
	DetailSnapshotFailed Detail = "013"
	DetailSnapshotBusy   Detail = "015"
	DetailSnapshotDelete Detail = "016"
	DetailAttachFailed   Detail = "021"
	DetailDetachFailed   Detail = "022"
	DetailVolumeState    Detail = "027"
)

var actionText = map[Action]string{
	ActionSchedule:       "schedule allocate volume",
	ActionAttach:         "attach volume",
	ActionUpdateAttach:   "update attachment",
	ActionExtend:         "extend volume",
	ActionCreateVolume:   "create volume from backend storage",
	ActionCreateSnapshot: "create snapshot",
	ActionDeleteSnapshot: "delete snapshot",
}

var detailText = map[Detail]string{
	DetailUnknown:        "An unknown error occurred.",
	DetailNoBackend:      "Could not find any available weighted backend.",
	DetailExtendFailed:   "Volume Driver failed to extend volume.",
	DetailCreateFailed:   "Driver failed to create the volume.",
	DetailSnapshotFailed: "Snapshot failed to create.",
	DetailSnapshotBusy:   "Snapshot is busy.",
	DetailSnapshotDelete: "Snapshot failed to delete.",
	DetailAttachFailed:   "Failed to attach volume.",
	DetailDetachFailed:   "Failed to detach volume.",
	DetailVolumeState:    "Volume status is invalid.",
}

// Resource types of user messages.
const (
	ResourceVolume   = "VOLUME"
	ResourceSnapshot = "VOLUME_SNAPSHOT"
)

// Text is what the user reads.
func (m Message) Text() string {
	action, ok := actionText[Action(m.ActionID)]
	if !ok {
		action = "unknown action"
	}
	detail, ok := detailText[Detail(m.DetailID)]
	if !ok {
		detail = detailText[DetailUnknown]
	}
	return action + ":" + detail
}

// EventID is the machine's name of the event.
func (m Message) EventID() string {
	return fmt.Sprintf("VOLUME_%s_%s_%s", m.ResourceType, m.ActionID, m.DetailID)
}

// tell leaves a message for the owner of what job j works on.
func (t *txn) tell(ctx context.Context, j *Job, resource, id string, a Action, d Detail) error {
	err := t.insertMessage(ctx, insertMessageParams{ProjectID: j.ProjectID, RequestID: &j.RequestID, ResourceType: resource,
		ResourceUuid: &id, ActionID: string(a), DetailID: string(d), MessageLevel: "ERROR", TtlSeconds: t.store.opts.MessageTTL.Seconds()})
	if err != nil {
		return fmt.Errorf("user message: %w", err)
	}
	return nil
}

// DeleteMessage removes a message.
func (s *Store) DeleteMessage(ctx context.Context, id string) error {
	_, err := s.deleteMessage(ctx, id)
	return err
}
