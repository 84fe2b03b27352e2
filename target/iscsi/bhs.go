package iscsi

import (
	"encoding/binary"
	"fmt"
)

// Opcode is the type of a PDU (RFC 7143, 11.2.1.2).
type Opcode byte

// Requests, then responses.
const (
	OpNopOut         Opcode = 0x00
	OpSCSICommand    Opcode = 0x01
	OpTaskRequest    Opcode = 0x02
	OpLoginRequest   Opcode = 0x03
	OpTextRequest    Opcode = 0x04
	OpDataOut        Opcode = 0x05
	OpLogoutRequest  Opcode = 0x06
	OpSNACK          Opcode = 0x10
	OpNopIn          Opcode = 0x20
	OpSCSIResponse   Opcode = 0x21
	OpTaskResponse   Opcode = 0x22
	OpLoginResponse  Opcode = 0x23
	OpTextResponse   Opcode = 0x24
	OpDataIn         Opcode = 0x25
	OpLogoutResponse Opcode = 0x26
	OpR2T            Opcode = 0x31
	OpAsyncMessage   Opcode = 0x32
	OpReject         Opcode = 0x3f
)

const opcodeMask = 0x3f

var be = binary.BigEndian

// PDUError says which PDU is malformed, and how.
type PDUError struct {
	PDU    string
	Reason string
}

func (e *PDUError) Error() string { return fmt.Sprintf("iscsi: %s: %s", e.PDU, e.Reason) }

// checkBHS sees that b begins with a basic header segment of that type.
func checkBHS(b []byte, op Opcode, name string) error {
	if len(b) < bhsLength {
		return &PDUError{name, fmt.Sprintf("header of %d bytes", len(b))}
	}
	if Opcode(b[0]&opcodeMask) != op {
		return &PDUError{name, fmt.Sprintf("opcode %#02x", b[0]&opcodeMask)}
	}
	return nil
}

// opcodeOf, ahsLength and dataLength read the parts that all headers share.
func opcodeOf(b []byte) Opcode { return Opcode(b[0] & opcodeMask) }
func ahsLength(b []byte) int   { return int(b[4]) * 4 }
func dataLength(b []byte) int  { return int(b[5])<<16 | int(b[6])<<8 | int(b[7]) }

func putDataLength(b []byte, n int) { b[5], b[6], b[7] = byte(n>>16), byte(n>>8), byte(n) }

// padding is what follows a segment of n bytes to fill a word.
func padding(n int) int { return -n & 3 }

// Sequence is what every PDU of a target says about sequence numbers.
type Sequence struct {
	StatSN, ExpCmdSN, MaxCmdSN uint32
}

func (s *Sequence) decode(b []byte) {
	s.StatSN, s.ExpCmdSN, s.MaxCmdSN = be.Uint32(b[24:]), be.Uint32(b[28:]), be.Uint32(b[32:])
}

func (s Sequence) encode(b []byte) {
	be.PutUint32(b[24:], s.StatSN)
	be.PutUint32(b[28:], s.ExpCmdSN)
	be.PutUint32(b[32:], s.MaxCmdSN)
}

// extend appends an empty header of that type and gives it to be filled in.
func extend(dst []byte, op Opcode, flags byte, data int) (whole, header []byte) {
	var empty [bhsLength]byte
	dst = append(dst, empty[:]...)
	header = dst[len(dst)-bhsLength:]
	header[0], header[1] = byte(op), flags
	putDataLength(header, data)
	return dst, header
}

func immediate(yes bool) byte { return when(yes, immediateBit) }

func when(yes bool, bit byte) byte {
	if yes {
		return bit
	}
	return 0
}

// LUN addresses a logical unit (SAM-5, 4.7).
type LUN [8]byte

// MakeLUN is peripheral addressing up to 255 and flat space addressing above.
func MakeLUN(n uint64) LUN {
	l := LUN{byte(n>>8) & 0x3f, byte(n)}
	if n > 0xff {
		l[0] |= 0x40
	}
	return l
}

// Number is false for addressing methods that no unit of ours has.
func (l LUN) Number() (uint64, bool) {
	if l[0]>>6 > 1 || l[2]|l[3]|l[4]|l[5]|l[6]|l[7] != 0 || (l[0]>>6 == 0 && l[0] != 0) {
		return 0, false
	}
	return uint64(l[0]&0x3f)<<8 | uint64(l[1]), true
}

// before compares serial numbers (RFC 7143, 4.2.2.1).
func before(a, b uint32) bool { return a != b && b-a < sequenceComparison }
