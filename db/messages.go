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
	ActionSchedule         Action = "001"
	ActionAttach           Action = "002"
	ActionUploadImage      Action = "003"
	ActionUpdateAttach     Action = "004"
	ActionDownloadImage    Action = "005"
	ActionUnmanage         Action = "006"
	ActionExtend           Action = "007"
	ActionCreateVolume     Action = "008"
	ActionCreateSnapshot   Action = "009"
	ActionDeleteSnapshot   Action = "010"
	ActionUpdateSnapshot   Action = "011"
	ActionSnapshotMetadata Action = "012"
	ActionCreateBackup     Action = "013"
	ActionDeleteBackup     Action = "014"
	ActionRestoreBackup    Action = "015"
	ActionReimage          Action = "016"
)

// Details.
const (
	DetailUnknown           Detail = "001"
	DetailDriverNotReady    Detail = "002"
	DetailNoBackend         Detail = "003"
	DetailUploadFailed      Detail = "004"
	DetailAttachMode        Detail = "005"
	DetailQuota             Detail = "006"
	DetailImageTooBig       Detail = "007"
	DetailUnmanageEncrypted Detail = "008"
	DetailComputeExtend     Detail = "009"
	DetailExtendFailed      Detail = "010"
	DetailSignature         Detail = "011"
	DetailCreateFailed      Detail = "012"
	DetailSnapshotFailed    Detail = "013"
	DetailSnapshotMetadata  Detail = "014"
	DetailSnapshotBusy      Detail = "015"
	DetailSnapshotDelete    Detail = "016"
	DetailBackupStatus      Detail = "017"
	DetailBackupService     Detail = "018"
	DetailBackupDevice      Detail = "019"
	DetailBackupCreate      Detail = "020"
	DetailAttachFailed      Detail = "021"
	DetailDetachFailed      Detail = "022"
	DetailBackupCleanup     Detail = "023"
	DetailBackupSchedule    Detail = "024"
	DetailBackupDelete      Detail = "025"
	DetailBackupRestore     Detail = "026"
	DetailVolumeStatus      Detail = "027"
	DetailReimageFailed     Detail = "028"
	DetailImageFormat       Detail = "029"
	DetailFullBackup        Detail = "030"
)

var actionText = map[Action]string{
	ActionSchedule:         "schedule allocate volume",
	ActionAttach:           "attach volume",
	ActionUploadImage:      "copy volume to image",
	ActionUpdateAttach:     "update attachment",
	ActionDownloadImage:    "copy image to volume",
	ActionUnmanage:         "unmanage volume",
	ActionExtend:           "extend volume",
	ActionCreateVolume:     "create volume from backend storage",
	ActionCreateSnapshot:   "create snapshot",
	ActionDeleteSnapshot:   "delete snapshot",
	ActionUpdateSnapshot:   "update snapshot",
	ActionSnapshotMetadata: "update snapshot metadata",
	ActionCreateBackup:     "create backup",
	ActionDeleteBackup:     "delete backup",
	ActionRestoreBackup:    "restore backup",
	ActionReimage:          "reimage volume",
}

var detailText = map[Detail]string{
	DetailUnknown:           "An unknown error occurred.",
	DetailDriverNotReady:    "Driver is not initialized at present.",
	DetailNoBackend:         "Could not find any available weighted backend.",
	DetailUploadFailed:      "Failed to upload volume to image at backend.",
	DetailAttachMode:        "Volume's attach mode is invalid.",
	DetailQuota:             "Not enough quota resource for operation.",
	DetailImageTooBig:       "Image used for creating volume exceeds available space.",
	DetailUnmanageEncrypted: "Unmanaging encrypted volumes is not supported.",
	DetailComputeExtend:     "Compute service failed to extend volume.",
	DetailExtendFailed:      "Volume Driver failed to extend volume.",
	DetailSignature:         "Image signature verification failed.",
	DetailCreateFailed:      "Driver failed to create the volume.",
	DetailSnapshotFailed:    "Snapshot failed to create.",
	DetailSnapshotMetadata:  "Volume snapshot update metadata failed.",
	DetailSnapshotBusy:      "Snapshot is busy.",
	DetailSnapshotDelete:    "Snapshot failed to delete.",
	DetailBackupStatus:      "Backup status is invalid.",
	DetailBackupService:     "Backup service is down.",
	DetailBackupDevice:      "Failed to get backup device from the volume service.",
	DetailBackupCreate:      "Backup driver failed to create backup.",
	DetailAttachFailed:      "Failed to attach volume.",
	DetailDetachFailed:      "Failed to detach volume.",
	DetailBackupCleanup:     "Cleanup of temporary volume/snapshot failed.",
	DetailBackupSchedule:    "Backup failed to schedule. Service not found for creating backup.",
	DetailBackupDelete:      "Backup driver failed to delete backup.",
	DetailBackupRestore:     "Backup driver failed to restore backup.",
	DetailVolumeStatus:      "Volume status is invalid.",
	DetailReimageFailed:     "Compute service failed to reimage volume.",
	DetailImageFormat:       "The image disk format must be the same as the volume format for the volume type you are requesting.",
	DetailFullBackup:        "Incremental backup not possible, forcing full backup.",
}

// Resource types of user messages.
const (
	ResourceVolume   = "VOLUME"
	ResourceSnapshot = "VOLUME_SNAPSHOT"
	ResourceBackup   = "VOLUME_BACKUP"
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
