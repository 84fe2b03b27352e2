package target

import (
	"syscall"

	"github.com/clinker-io/clinker/target/iscsi"
	"github.com/clinker-io/clinker/target/scsi"
)

// What a unit is made of; package scsi has the contracts.
type (
	Device    = scsi.Device
	IO        = scsi.IO
	Op        = scsi.Op
	Completer = scsi.Completer
)

// What an IO does.
const (
	Read        = scsi.Read
	Write       = scsi.Write
	Flush       = scsi.Flush
	Discard     = scsi.Discard
	WriteZeroes = scsi.WriteZeroes
	Extent      = scsi.Extent
)

// ErrWouldBlock is what ReadAtNoWait says of bytes that are not at hand.
var ErrWouldBlock error = syscall.EAGAIN

// ErrQueueFull ends an IO for which a device has no room: the initiator tries
// again later.
var ErrQueueFull = scsi.ErrQueueFull

// Secret is a CHAP secret; it does not print itself.
type Secret = iscsi.Secret
