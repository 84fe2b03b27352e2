// Package scsi is the device server of a disk: it decodes CDBs, checks them
// against the capacity, moves bytes between a [Task] and a [Device] and says how
// it went with a status and sense data. It follows SPC-4 and SBC-3 and knows
// nothing of the transport that carries its tasks.
//
// Start in dispatch.go: [Task.Prepare] finds the command's row in commands.go,
// [Task.Run] executes it. Each command has a file of its own.
package scsi
