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

// Volume status values, all of them.
var volumeStatuses = S{Creating, Available, Reserved, Attaching, InUse, Detaching, Downloading, Extending,
	Maintenance, Uploading, Deleting, InError, ErrorDeleting, ErrorExtending, ErrorManaging, ErrorRestoring,
	"managing", "unmanaging", "error_unmanaging", "error_managing_deleting", Retyping, "reverting",
	"backing-up", "error_backing-up", "restoring-backup", "awaiting-transfer"}

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
	SnapshotResetStatus = Op{"reset_status", snapshotStatuses, Unchanged, Unchanged, Unchanged}
)

// Operations on an attachment.
var (
	AttachmentCreate     = Op{"create", nil, Reserved, Reserved, Reserved}
	AttachmentConnect    = Op{"update", S{Reserved, Attaching, Attached, ErrorAttaching}, Unchanged, Attaching, ErrorAttaching}
	AttachmentComplete   = Op{"complete", S{Reserved, Attaching, Attached, Detaching, ErrorAttaching}, Unchanged, Attached, Unchanged}
	AttachmentDisconnect = Op{"delete", S{Reserved, Attaching, Attached, Detaching, ErrorAttaching, "error_detaching"}, Unchanged, Gone, Unchanged}
)

// Table lists every operation by the object it works on, for the states page
// and for tests.
var Table = map[string][]Op{
	"volume": {VolumeCreate, VolumeUpdate, VolumeMetadata, VolumeReadonly, VolumeDelete, VolumeForceDelete, VolumeExtend,
		VolumeExtendOnline, VolumeClone, VolumeSnapshot, VolumeSnapshotUsed, VolumeHold, VolumeHoldMulti,
		VolumeUnhold, VolumeBeginDetach, VolumeRollDetach, VolumeReserve, VolumeReserveMulti,
		VolumeReserveSame, VolumeConnect, VolumeAttach, VolumeDisconnect,
		VolumeRetype, VolumeMigrate, VolumeMigrateLock, VolumeResetStatus},
	"snapshot":   {SnapshotCreate, SnapshotUpdate, SnapshotDelete, SnapshotForceDelete, SnapshotClone, SnapshotResetStatus},
	"attachment": {AttachmentCreate, AttachmentConnect, AttachmentComplete, AttachmentDisconnect},
}
