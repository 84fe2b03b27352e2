package scsi

// direction says where a command's data go and who brings the buffer.
type direction uint8

const (
	dirNone     direction = iota
	dirRead               // medium to initiator, into the transport's buffer
	dirWrite              // initiator to medium, from the transport's buffer
	dirParamIn            // parameter data that the command builds
	dirParamOut           // parameter list, from the transport's buffer
)

// What else holds for a command.
const (
	passAttention = 1 << iota // runs although a unit attention waits (SAM-5, 5.14)
	withoutUnit               // is answered for a LUN that is not there
	writesMedium              // is refused when read-only, waits at the gate
	exclusive                 // runs when no other command changes the medium
	exactData                 // is refused when the initiator sends more or less than the CDB says
)

// command is a row: everything that is known of a command beside its work.
type command struct {
	op      byte
	action  int16  // service action, or noAction
	name    string // as the standard has it
	dir     direction
	flags   uint8
	usage   []byte      // CDB usage data (SPC-4, 6.35.3), as long as the CDB
	prepare func(*Task) // checks the CDB, sets Want; may fail the task
	run     step
}

const noAction = -1

// commands is what this device server knows. REPORT SUPPORTED OPERATION CODES
// prints it; nothing else lists commands.
//
// PERSISTENT RESERVE IN and OUT, RESERVE and RELEASE are not here: they are
// refused as INVALID COMMAND OPERATION CODE.
var commands []command

func init() {
	commands = []command{
		{0x00, noAction, "TEST UNIT READY", dirNone, 0, []byte{0x00, 0, 0, 0, 0, 0x07}, nil, finish},
		{0x03, noAction, "REQUEST SENSE", dirParamIn, passAttention | withoutUnit, []byte{0x03, 0x01, 0, 0, 0xff, 0x07}, nil, requestSense},
		{0x08, noAction, "READ (6)", dirRead, 0, []byte{0x08, 0x1f, 0xff, 0xff, 0xff, 0x07}, prepareRead, read},
		{0x0a, noAction, "WRITE (6)", dirWrite, writesMedium, []byte{0x0a, 0x1f, 0xff, 0xff, 0xff, 0x07}, prepareWrite, write},
		{0x12, noAction, "INQUIRY", dirParamIn, passAttention | withoutUnit, []byte{0x12, 0x01, 0xff, 0xff, 0xff, 0x07}, nil, inquiry},
		{0x15, noAction, "MODE SELECT (6)", dirParamOut, 0, []byte{0x15, 0x11, 0, 0, 0xff, 0x07}, prepareModeSelect, modeSelect},
		{0x1a, noAction, "MODE SENSE (6)", dirParamIn, 0, []byte{0x1a, 0x08, 0xff, 0xff, 0xff, 0x07}, nil, modeSense},
		{0x1b, noAction, "START STOP UNIT", dirNone, 0, []byte{0x1b, 0x01, 0, 0x0f, 0xf7, 0x07}, prepareStartStop, startStop},
		{0x1e, noAction, "PREVENT ALLOW MEDIUM REMOVAL", dirNone, 0, []byte{0x1e, 0, 0, 0, 0x03, 0x07}, nil, finish},
		{0x25, noAction, "READ CAPACITY (10)", dirParamIn, 0, []byte{0x25, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x01, 0x07}, nil, readCapacity10},
		{0x28, noAction, "READ (10)", dirRead, 0, cdb10(0x28, 0xf8), prepareRead, read},
		{0x2a, noAction, "WRITE (10)", dirWrite, writesMedium, cdb10(0x2a, 0xf8), prepareWrite, write},
		{0x2e, noAction, "WRITE AND VERIFY (10)", dirWrite, writesMedium, cdb10(0x2e, 0xf6), prepareWriteVerify, writeVerify},
		{0x2f, noAction, "VERIFY (10)", dirWrite, 0, cdb10(0x2f, 0xf6), prepareVerify, verify},
		{0x34, noAction, "PRE-FETCH (10)", dirNone, 0, cdb10(0x34, 0x02), preparePrefetch, finish},
		{0x35, noAction, "SYNCHRONIZE CACHE (10)", dirNone, 0, cdb10(0x35, 0x02), prepareSync, synchronize},
		{0x41, noAction, "WRITE SAME (10)", dirWrite, writesMedium | exactData, cdb10(0x41, 0xf8), prepareWriteSame, writeSame},
		{0x42, noAction, "UNMAP", dirParamOut, writesMedium, []byte{0x42, 0x01, 0, 0, 0, 0, 0x3f, 0xff, 0xff, 0x07}, prepareUnmap, unmap},
		{0x55, noAction, "MODE SELECT (10)", dirParamOut, 0, []byte{0x55, 0x11, 0, 0, 0, 0, 0, 0xff, 0xff, 0x07}, prepareModeSelect, modeSelect},
		{0x5a, noAction, "MODE SENSE (10)", dirParamIn, 0, []byte{0x5a, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0x07}, nil, modeSense},
		{0x88, noAction, "READ (16)", dirRead, 0, cdb16(0x88, 0xf8), prepareRead, read},
		{0x89, noAction, "COMPARE AND WRITE", dirWrite, writesMedium | exclusive | exactData, []byte{0x89, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0xff, 0x3f, 0x07}, prepareCompareAndWrite, compareAndWrite},
		{0x8a, noAction, "WRITE (16)", dirWrite, writesMedium, cdb16(0x8a, 0xf8), prepareWrite, write},
		{0x8e, noAction, "WRITE AND VERIFY (16)", dirWrite, writesMedium, cdb16(0x8e, 0xf6), prepareWriteVerify, writeVerify},
		{0x8f, noAction, "VERIFY (16)", dirWrite, 0, cdb16(0x8f, 0xf6), prepareVerify, verify},
		{0x90, noAction, "PRE-FETCH (16)", dirNone, 0, cdb16(0x90, 0x02), preparePrefetch, finish},
		{0x91, noAction, "SYNCHRONIZE CACHE (16)", dirNone, 0, cdb16(0x91, 0x02), prepareSync, synchronize},
		{0x93, noAction, "WRITE SAME (16)", dirWrite, writesMedium | exactData, cdb16(0x93, 0xf9), prepareWriteSame, writeSame},
		{0x9e, 0x10, "READ CAPACITY (16)", dirParamIn, 0, []byte{0x9e, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x07}, nil, readCapacity16},
		{0x9e, 0x12, "GET LBA STATUS", dirParamIn, 0, []byte{0x9e, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x07}, nil, getLBAStatus},
		{0xa0, noAction, "REPORT LUNS", dirParamIn, passAttention | withoutUnit, []byte{0xa0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x07}, nil, reportLUNs},
		{0xa3, 0x0c, "REPORT SUPPORTED OPERATION CODES", dirParamIn, 0, []byte{0xa3, 0x0c, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x07}, nil, reportOpcodes},
		{0xa8, noAction, "READ (12)", dirRead, 0, cdb12(0xa8, 0xf8), prepareRead, read},
		{0xaa, noAction, "WRITE (12)", dirWrite, writesMedium, cdb12(0xaa, 0xf8), prepareWrite, write},
		{0xae, noAction, "WRITE AND VERIFY (12)", dirWrite, writesMedium, cdb12(0xae, 0xf6), prepareWriteVerify, writeVerify},
		{0xaf, noAction, "VERIFY (12)", dirWrite, 0, cdb12(0xaf, 0xf6), prepareVerify, verify},
	}
	for i := range commands {
		c := &commands[i]
		byOpcode[c.op] = append(byOpcode[c.op], c)
	}
}

// byOpcode has the rows of each operation code, one per service action.
var byOpcode [256][]*command

// find is nil for a command that is not known.
func find(cdb *[16]byte) *command {
	for _, c := range byOpcode[cdb[0]] {
		if c.action == noAction || byte(c.action) == cdb[1]&0x1f {
			return c
		}
	}
	return nil
}

func cdb10(op, flags byte) []byte {
	return []byte{op, flags, 0xff, 0xff, 0xff, 0xff, 0x3f, 0xff, 0xff, 0x07}
}

func cdb12(op, flags byte) []byte {
	return []byte{op, flags, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0x07}
}

func cdb16(op, flags byte) []byte {
	return []byte{op, flags, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0x07}
}
