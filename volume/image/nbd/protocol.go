package nbd

import "errors"

// What the protocol fixes.
const (
	magicServer = 0x4e42444d41474943 // NBDMAGIC
	magicOption = 0x49484156454f5054 // IHAVEOPT
	magicReply  = 0x0003e889045565a9

	fixedNewstyle = 1 << 0
	noZeroes      = 1 << 1

	optExportName = 1
	optAbort      = 2
	optInfo       = 6
	optGo         = 7
	optStructured = 8
	optSetMeta    = 10

	repAck      = 1
	repInfo     = 3
	repMeta     = 4
	repUnsup    = 1<<31 | 1
	repInvalid  = 1<<31 | 3
	infoExport  = 0
	infoSize    = 3
	maxOption   = 4096 // bytes of an option; the protocol's own strings end there
	maxOptions  = 64
	metaContext = "base:allocation"
	metaID      = 1

	hasFlags   = 1 << 0
	readOnly   = 1 << 1
	sendFlush  = 1 << 2
	sendTrim   = 1 << 5
	sendZeroes = 1 << 6

	magicRequest    = 0x25609513
	magicSimple     = 0x67446698
	magicStructured = 0x668e33ef

	cmdRead        = 0
	cmdWrite       = 1
	cmdDisconnect  = 2
	cmdFlush       = 3
	cmdTrim        = 4
	cmdWriteZeroes = 6
	cmdBlockStatus = 7

	chunkDone       = 1 << 0
	chunkNone       = 0
	chunkOffsetData = 1
	chunkStatus     = 5
	chunkError      = 1<<15 | 1

	stateHoleZero = 1<<0 | 1<<1

	ePerm  = 1
	eIO    = 5
	eInval = 22
	eNoSpc = 28
)

// What this server chooses.
const (
	pieceSize  = 1 << 20  // bytes that are moved at once
	maxRequest = 32 << 20 // bytes of one request, as qemu has it too
)

// errProtocol is a peer that does not speak as it should.
var errProtocol = errors.New("nbd: the peer broke the protocol")
