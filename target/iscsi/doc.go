// Package iscsi is the target's side of RFC 7143: PDUs, login, negotiation,
// digests, CHAP, and the full feature phase of a session with one connection
// and error recovery level 0. It knows targets and initiators only through a
// [Directory], and hands commands to the device server of package scsi.
//
// Each PDU is a file of its own with Decode and Encode. A connection's life is
// in conn.go; receive.go and send.go read in the order in which PDUs travel;
// command.go has the states of a task.
package iscsi
