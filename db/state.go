package db

import "slices"

// Status values, as Cinder spells them.
const (
	Creating       = "creating"
	Available      = "available"
	Reserved       = "reserved"
	Attaching      = "attaching"
	InUse          = "in-use"
	Detaching      = "detaching"
	Downloading    = "downloading"
	Extending      = "extending"
	Maintenance    = "maintenance"
	Uploading      = "uploading"
	Deleting       = "deleting"
	Offered        = "awaiting-transfer"
	InError        = "error"
	ErrorDeleting  = "error_deleting"
	ErrorExtending = "error_extending"
	ErrorManaging  = "error_managing"
	ErrorRestoring = "error_restoring"
	Retyping       = "retyping"
)

// Attachment status values beyond those that a volume has too.
const (
	Attached       = "attached"
	Detached       = "detached"
	ErrorAttaching = "error_attaching"
	ErrorDetaching = "error_detaching"
)

// Outcomes that are not stored as a status.
const (
	Gone       = "(gone)"        // the row is removed
	Unchanged  = "(unchanged)"   // the status stays
	ByAttached = "(attachments)" // what the attachments make it: in-use or available
	Previous   = "(previous)"    // what it was before the operation
)

// S is a set of status values.
type S []string

// Op is one row of the transition table: the status values that an operation
// accepts, and the status of its object while it runs, after success and after
// failure. Every change of a status is a conditional UPDATE with Accepts;
// nothing else in the code compares a status and then writes it.
type Op struct {
	Name    string
	Accepts S // nil: the operation makes the object
	Running string
	Success string
	Failure string
}

// accepts is for words of refusals and for rows that the transaction has locked.
func (op Op) accepts(status string) bool { return slices.Contains(op.Accepts, status) }

// Volume status values, all of them.
var volumeStatuses = S{Creating, Available, Reserved, Attaching, InUse, Detaching, Downloading, Extending,
	Maintenance, Uploading, Deleting, InError, ErrorDeleting, ErrorExtending, ErrorManaging, ErrorRestoring,
	"managing", "unmanaging", "error_unmanaging", "error_managing_deleting", Retyping, "reverting",
	"backing-up", "error_backing-up", "restoring-backup", Offered}

// Snapshot status values, all of them.
var snapshotStatuses = S{Creating, Available, Deleting, InError, ErrorDeleting, "updating", "unmanaging",
	"backing-up", "restoring", "deleted"}

func (s S) without(drop ...string) S {
	return slices.DeleteFunc(slices.Clone(s), func(v string) bool { return slices.Contains(drop, v) })
}

// Operations on a volume.
var (
	VolumeCreate       = Op{"create", nil, Creating, Available, InError}
	VolumeUpdate       = Op{"update", volumeStatuses.without(Maintenance), Unchanged, Unchanged, Unchanged}
	VolumeMetadata     = Op{"metadata", volumeStatuses.without(Maintenance, Uploading), Unchanged, Unchanged, Unchanged}
	VolumeReadonly     = Op{"update_readonly_flag", S{Available}, Unchanged, Unchanged, Unchanged}
	VolumeDelete       = Op{"delete", S{Available, InError, ErrorRestoring, ErrorExtending, ErrorManaging}, Deleting, Gone, ErrorDeleting}
	VolumeForceDelete  = Op{"force delete", volumeStatuses, Deleting, Gone, ErrorDeleting}
	VolumeExtend       = Op{"extend", S{Available}, Extending, ByAttached, ErrorExtending}
	VolumeExtendOnline = Op{"extend attached (3.42)", S{Available, InUse}, Extending, ByAttached, ErrorExtending}
	VolumeClone        = Op{"clone source", S{Available, InUse}, Unchanged, Unchanged, Unchanged}
	VolumeSnapshot     = Op{"snapshot source", S{Available}, Unchanged, Unchanged, Unchanged}
	VolumeSnapshotUsed = Op{"snapshot source (force, 3.66)", S{Available, InUse}, Unchanged, Unchanged, Unchanged}
	VolumeHold         = Op{"os-reserve", S{Available}, Attaching, Unchanged, Unchanged}
	VolumeHoldMulti    = Op{"os-reserve (multiattach)", S{Available, InUse}, Attaching, Unchanged, Unchanged}
	VolumeUnhold       = Op{"os-unreserve", S{Attaching}, Unchanged, ByAttached, Unchanged}
	VolumeBeginDetach  = Op{"os-begin_detaching", S{InUse}, Detaching, Unchanged, Unchanged}
	VolumeRollDetach   = Op{"os-roll_detaching", S{Detaching}, InUse, Unchanged, Unchanged}
	VolumeReserve      = Op{"attachment create", S{Available, Downloading}, Reserved, ByAttached, Unchanged}
	VolumeReserveMulti = Op{"attachment create (multiattach)", S{Available, InUse, Downloading}, Reserved, ByAttached, Unchanged}
	VolumeReserveSame  = Op{"attachment create (same instance)", S{InUse, Reserved}, Unchanged, ByAttached, Unchanged}
	VolumeConnect      = Op{"attachment update", volumeStatuses.without(InError, ErrorDeleting, ErrorExtending, ErrorManaging, ErrorRestoring, "error_unmanaging", "error_managing_deleting", "error_backing-up"), Unchanged, Attaching, Unchanged}
	VolumeAttach       = Op{"attachment complete", volumeStatuses, Unchanged, ByAttached, InError}
	VolumeDisconnect   = Op{"attachment delete", volumeStatuses, Unchanged, ByAttached, Unchanged}
	VolumeLegacyAttach = Op{"os-attach", S{Available, Attaching, Reserved, Detaching, Uploading, Extending, InError, ErrorExtending, ErrorRestoring, "error_backing-up"}, Unchanged, ByAttached, Unchanged}
	VolumeLegacyMulti  = Op{"os-attach (multiattach or migrating)", append(slices.Clone(VolumeLegacyAttach.Accepts), InUse), Unchanged, ByAttached, Unchanged}
	VolumeLegacyDetach = Op{"os-detach", volumeStatuses.without(Maintenance), Unchanged, ByAttached, Unchanged}
	VolumeDetachNone   = Op{"os-detach (no attachment)", S{Attaching, Detaching, Reserved, InUse}, Unchanged, Available, Unchanged}
	VolumeDetachError  = Op{"os-detach (after an error)", S{InError, ErrorExtending}, Detaching, ByAttached, Unchanged}
	VolumeInitialize   = Op{"os-initialize_connection", volumeStatuses.without(Maintenance), Unchanged, Unchanged, Unchanged}
	VolumeTerminate    = Op{"os-terminate_connection", volumeStatuses, Unchanged, ByAttached, Unchanged}
	VolumeManage       = Op{"manage", nil, "managing", Available, ErrorManaging}
	VolumeUnmanage     = Op{"unmanage", VolumeDelete.Accepts, "unmanaging", Gone, "error_unmanaging"}
	VolumeRevert       = Op{"revert to snapshot", S{Available}, "reverting", Available, InError}
	VolumeDownload     = Op{"create (data of its image)", S{Creating, Downloading}, Downloading, Available, InError}
	VolumeUpload       = Op{"upload to an image", S{Available}, Uploading, ByAttached, ByAttached}
	VolumeUploadForce  = Op{"upload to an image (force)", S{Available, InUse}, Uploading, ByAttached, ByAttached}
	VolumeReimage      = Op{"os-reimage", S{Available, InError}, Downloading, Previous, InError}
	VolumeReimageHeld  = Op{"os-reimage (reimage_reserved)", S{Available, InError, Reserved}, Downloading, Previous, InError}
	VolumeImageMeta    = Op{"image metadata", volumeStatuses.without(Maintenance, Uploading), Unchanged, Unchanged, Unchanged}
	VolumeOffer        = Op{"transfer create", S{Available}, Offered, Unchanged, Unchanged}
	VolumeWithdraw     = Op{"transfer delete", S{Offered}, Available, Unchanged, Unchanged}
	VolumeAccept       = Op{"transfer accept", S{Offered}, Unchanged, Available, Unchanged}
	VolumeRetype       = Op{"retype", S{Available, InUse}, Retyping, Previous, Previous}
	VolumeMigrate      = Op{"migrate", S{Available, InUse}, Unchanged, Unchanged, Unchanged}
	VolumeMigrateLock  = Op{"migrate (lock_volume, available)", S{Available, InUse}, Maintenance, Previous, Previous}
	// reset_status: deleting is refused, in-use needs an attachment (see ResetVolume).
	VolumeResetStatus = Op{"reset_status", volumeStatuses, Unchanged, Unchanged, Unchanged}
)

// Operations on a snapshot.
var (
	SnapshotCreate      = Op{"create", nil, Creating, Available, InError}
	SnapshotUpdate      = Op{"update", snapshotStatuses, Unchanged, Unchanged, Unchanged}
	SnapshotDelete      = Op{"delete", S{Available, InError}, Deleting, Gone, ErrorDeleting}
	SnapshotForceDelete = Op{"force delete", snapshotStatuses, Deleting, Gone, ErrorDeleting}
	SnapshotClone       = Op{"clone source", S{Available}, Unchanged, Unchanged, Unchanged}
	SnapshotManage      = Op{"manage", nil, Creating, Available, InError}
	SnapshotUnmanage    = Op{"unmanage", S{Available, InError}, "unmanaging", Gone, ErrorDeleting}
	SnapshotRevert      = Op{"revert to it", S{Available}, "restoring", Available, Available}
	// os-update_snapshot_status: whoever makes or removes the snapshot outside says how far that is.
	SnapshotReportMade  = Op{"update_snapshot_status (creating)", S{Creating}, Unchanged, Available, InError}
	SnapshotReportGone  = Op{"update_snapshot_status (deleting)", S{Deleting}, Unchanged, Unchanged, ErrorDeleting}
	SnapshotTransfer    = Op{"transfer with its volume", S{Available}, Unchanged, Unchanged, Unchanged}
	SnapshotResetStatus = Op{"reset_status", snapshotStatuses, Unchanged, Unchanged, Unchanged}
)

// Group and group snapshot status values, all of them.
var (
	groupStatuses         = S{InError, Available, Creating, Deleting, "deleted", "updating", InUse, ErrorDeleting}
	groupSnapshotStatuses = groupStatuses.without(InUse)
)

// Operations on a group, and what they ask of its volumes.
var (
	GroupCreate        = Op{"create", nil, Creating, Available, InError}
	GroupUpdate        = Op{"update", groupStatuses, Unchanged, Available, Unchanged}
	GroupUpdateMembers = Op{"update of its volumes", S{Available}, Unchanged, Available, Unchanged}
	GroupAddVolume     = Op{"create of a volume", S{Available, Creating}, Unchanged, Unchanged, Unchanged}
	GroupSnapshotOf    = Op{"snapshot", groupStatuses.without(Creating, "updating"), Unchanged, Unchanged, Unchanged}
	GroupDelete        = Op{"delete", S{Available, InError}, Deleting, Gone, InError}
	GroupDeleteVolumes = Op{"delete with its volumes", groupStatuses, Deleting, Gone, InError}
	GroupResetStatus   = Op{"reset_status", groupStatuses, Unchanged, Unchanged, Unchanged}

	GroupEnableReplication   = Op{"enable_replication", S{Available}, Unchanged, Unchanged, Unchanged}
	GroupDisableReplication  = Op{"disable_replication", S{Available, InError}, Unchanged, Unchanged, Unchanged}
	GroupFailoverReplication = Op{"failover_replication", S{Available}, Unchanged, Unchanged, Unchanged}

	VolumeJoinGroup     = Op{"add to a group", S{Available, InUse}, Unchanged, Unchanged, Unchanged}
	VolumeLeaveGroup    = Op{"remove from a group", S{Available, InUse, InError, ErrorDeleting}, Unchanged, Unchanged, Unchanged}
	VolumeGroupSnapshot = Op{"group snapshot source", S{Available, InUse, Reserved, Attaching, Detaching, Uploading,
		"backing-up", "awaiting-transfer"}, Unchanged, Unchanged, Unchanged}
)

// Operations on a group snapshot.
var (
	GroupSnapshotCreate      = Op{"create", nil, Creating, Available, InError}
	GroupSnapshotClone       = Op{"create of a group", groupSnapshotStatuses, Unchanged, Unchanged, Unchanged}
	GroupSnapshotDelete      = Op{"delete", S{Available, InError}, Deleting, Gone, InError}
	GroupSnapshotResetStatus = Op{"reset_status", groupSnapshotStatuses, Unchanged, Unchanged, Unchanged}
)

// Operations on an attachment.
var (
	AttachmentCreate     = Op{"create", nil, Reserved, Reserved, Reserved}
	AttachmentConnect    = Op{"update", S{Reserved, Attaching, Attached, ErrorAttaching}, Unchanged, Attaching, ErrorAttaching}
	AttachmentComplete   = Op{"complete", S{Reserved, Attaching, Attached, Detaching, ErrorAttaching}, Unchanged, Attached, Unchanged}
	AttachmentAttach     = Op{"os-attach", nil, Attached, Attached, Unchanged}
	AttachmentDetach     = Op{"os-detach", S{Reserved, Attaching, Attached, Detaching, ErrorAttaching, ErrorDetaching}, Unchanged, Gone, ErrorDetaching}
	AttachmentDisconnect = Op{"delete", S{Reserved, Attaching, Attached, Detaching, ErrorAttaching, ErrorDetaching}, Unchanged, Gone, Unchanged}
)

// Table lists every operation by the object it works on, for the states page
// and for tests.
var Table = map[string][]Op{
	"volume": {VolumeCreate, VolumeUpdate, VolumeMetadata, VolumeReadonly, VolumeDelete, VolumeForceDelete, VolumeExtend,
		VolumeExtendOnline, VolumeClone, VolumeSnapshot, VolumeSnapshotUsed, VolumeHold, VolumeHoldMulti,
		VolumeUnhold, VolumeBeginDetach, VolumeRollDetach, VolumeReserve, VolumeReserveMulti,
		VolumeReserveSame, VolumeConnect, VolumeAttach, VolumeDisconnect,
		VolumeLegacyAttach, VolumeLegacyMulti, VolumeLegacyDetach, VolumeDetachNone, VolumeDetachError, VolumeInitialize, VolumeTerminate,
		VolumeManage, VolumeUnmanage, VolumeRevert,
		VolumeJoinGroup, VolumeLeaveGroup, VolumeGroupSnapshot,
		VolumeRetype, VolumeMigrate, VolumeMigrateLock,
		VolumeDownload, VolumeUpload, VolumeUploadForce, VolumeReimage, VolumeReimageHeld, VolumeImageMeta, VolumeOffer, VolumeWithdraw, VolumeAccept,
		VolumeResetStatus},
	"snapshot": {SnapshotCreate, SnapshotUpdate, SnapshotDelete, SnapshotForceDelete, SnapshotClone,
		SnapshotManage, SnapshotUnmanage, SnapshotRevert, SnapshotReportMade, SnapshotReportGone,
		SnapshotTransfer,
		SnapshotResetStatus},
	"attachment": {AttachmentCreate, AttachmentConnect, AttachmentComplete, AttachmentDisconnect, AttachmentAttach, AttachmentDetach},
	"group": {GroupCreate, GroupUpdate, GroupUpdateMembers, GroupAddVolume, GroupSnapshotOf, GroupDelete, GroupDeleteVolumes,
		GroupEnableReplication, GroupDisableReplication, GroupFailoverReplication, GroupResetStatus},
	"group_snapshot": {GroupSnapshotCreate, GroupSnapshotClone, GroupSnapshotDelete, GroupSnapshotResetStatus},
}
