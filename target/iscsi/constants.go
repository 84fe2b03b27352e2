package iscsi

import "time"

// What RFC 7143 fixes.
const (
	bhsLength    = 48
	digestLength = 4
	noTag        = 0xffffffff // the reserved initiator and target task tag

	immediateBit = 0x40 // of byte 0 of requests
	finalBit     = 0x80 // of byte 1
	continueBit  = 0x40 // of byte 1 of text and login PDUs
	transitBit   = 0x80 // of byte 1 of login PDUs

	maxNameLength  = 223 // bytes of an iSCSI name (4.2.7.1)
	maxKeyLength   = 63
	maxValueLength = 8192 // of a text value as large as a binary one may be

	defaultMaxRecv     = 8192 // MaxRecvDataSegmentLength until it is declared
	defaultMaxBurst    = 262144
	defaultFirstBurst  = 65536
	minSegment         = 512
	maxSegment         = 1<<24 - 1
	portalGroup        = "1"
	securityStage      = 0
	operationalStage   = 1
	fullFeaturePhase   = 3
	sequenceComparison = 1 << 31 // serial number arithmetic of RFC 1982
)

// What this implementation chooses.
const (
	ourMaxRecv        = 256 << 10 // longest data segment that we take
	ourMaxBurst       = 1 << 20
	ourFirstBurst     = 64 << 10 // also bounds what is taken without asking for it
	ourOutstandingR2T = 16

	readBuffer      = 64 << 10
	maxLoginText    = 16 << 10 // keys of one negotiation, all PDUs together
	maxLoginPDUs    = 32       // PDUs of one login
	maxImmediate    = 32       // immediate commands under way at once
	maxControl      = 256      // answers other than to commands that wait to be sent
	maxControlBytes = 512 << 10
	maxPingData     = 64 << 10 // echoed of a NOP-Out
	sendChunk       = 1 << 20  // bytes of one writev, about
	sendVectors     = 512
	largeRead       = 128 << 10 // is sent without waiting for the rest of a batch
	sendArena       = 16 << 10  // headers of one writev
	senseSegment    = 20        // data segment of a SCSI Response with sense
)

// Limits are what a connection is allowed. Zero values are replaced by the
// defaults.
type Limits struct {
	QueueDepth   int           // commands under way on one session; default 128
	Memory       int64         // bytes of data buffers of one connection; default 32 MiB
	LoginTimeout time.Duration // from accept to full feature phase; default 15 s
	PingAfter    time.Duration // silence before a NOP-In is sent; default 15 s
	PingTimeout  time.Duration // silence after that before the connection ends; default 15 s
}

// withDefaults also makes Memory large enough that no command can wait for ever.
func (l Limits) withDefaults() Limits {
	if l.QueueDepth <= 0 {
		l.QueueDepth = 128
	}
	l.QueueDepth = min(l.QueueDepth, 1024)
	if l.Memory <= 0 {
		l.Memory = 32 << 20
	}
	l.Memory = max(l.Memory, int64(l.QueueDepth+maxImmediate)*ourFirstBurst+maxTaskBuffer)
	if l.LoginTimeout <= 0 {
		l.LoginTimeout = 15 * time.Second
	}
	if l.PingAfter <= 0 {
		l.PingAfter = 15 * time.Second
	}
	if l.PingTimeout <= 0 {
		l.PingTimeout = 15 * time.Second
	}
	return l
}
