package main

import "encoding/binary"

var be = binary.BigEndian

const bhsLength = 48

// Opcodes, RFC 7143 §11.2.1.2; those of a target have bit 5.
const (
	opNopOut        = 0x00
	opSCSICommand   = 0x01
	opLogin         = 0x03
	opDataOut       = 0x05
	opLogout        = 0x06
	opNopIn         = 0x20
	opSCSIResponse  = 0x21
	opLoginResponse = 0x23
	opDataIn        = 0x25
	opLogoutResp    = 0x26
	opR2T           = 0x31

	immediate    = 0x40
	flagFinal    = 0x80
	flagRead     = 0x40
	flagWrite    = 0x20
	flagStatus   = 0x01 // of a Data-In that carries the status
	attrSimple   = 1
	noTag        = 0xffffffff
	statusGood   = 0x00
	statusCheck  = 0x02
	senseInReply = 2 // bytes before the sense data in a response's data segment
)

// bhs is a basic header segment.
type bhs [bhsLength]byte

func (h *bhs) opcode() byte        { return h[0] & 0x3f }
func (h *bhs) flags() byte         { return h[1] }
func (h *bhs) ahsLength() int      { return int(h[4]) * 4 }
func (h *bhs) dataLength() int     { return int(h[5])<<16 | int(h[6])<<8 | int(h[7]) }
func (h *bhs) setDataLength(n int) { h[5], h[6], h[7] = byte(n>>16), byte(n>>8), byte(n) }
func (h *bhs) word(at int) uint32  { return be.Uint32(h[at:]) }
func (h *bhs) setWord(at int, v uint32) {
	be.PutUint32(h[at:], v)
}

// padding is what follows n bytes up to the next multiple of four.
func padding(n int) int { return -n & 3 }
