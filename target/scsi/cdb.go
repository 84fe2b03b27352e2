package scsi

import "encoding/binary"

// Bits of byte 1 that medium commands share.
const (
	protectMask = 0xe0 // RDPROTECT, WRPROTECT, VRPROTECT
	fuaBit      = 0x08
)

// extent decodes LBA and number of blocks of the 6, 10, 12 and 16 byte forms.
func (t *Task) extent() (lba, blocks uint64) {
	c := &t.CDB
	switch c[0] >> 5 {
	case 0:
		lba = uint64(c[1]&0x1f)<<16 | uint64(c[2])<<8 | uint64(c[3])
		blocks = uint64(c[4])
		if blocks == 0 {
			blocks = 256 // SBC-3, READ (6): zero is 256 blocks
		}
	case 4:
		lba = binary.BigEndian.Uint64(c[2:])
		blocks = uint64(binary.BigEndian.Uint32(c[10:]))
	case 5:
		lba = uint64(binary.BigEndian.Uint32(c[2:]))
		blocks = uint64(binary.BigEndian.Uint32(c[6:]))
	default:
		lba = uint64(binary.BigEndian.Uint32(c[2:]))
		blocks = uint64(binary.BigEndian.Uint16(c[7:]))
	}
	return lba, blocks
}

// locate checks the extent against the capacity and sets off and length.
func (t *Task) locate(lba, blocks uint64) bool {
	capacity := t.Nexus.Unit.blocks()
	if lba > capacity || blocks > capacity-lba {
		t.fail(senseLBAOutOfRange)
		return false
	}
	t.off, t.length = int64(lba)<<blockShift, int64(blocks)<<blockShift
	return true
}

// locateUnprotected is locate for commands with protection bits in byte 1: the
// medium is not formatted with protection information (SBC-3, 4.22).
func (t *Task) locateUnprotected() bool {
	if t.CDB[0]>>5 != 0 && t.CDB[1]&protectMask != 0 {
		t.fail(senseInvalidFieldInCDB)
		return false
	}
	return t.locate(t.extent())
}

// short is the 16 bit big-endian field at i.
func (t *Task) short(i int) int { return int(binary.BigEndian.Uint16(t.CDB[i:])) }

// long is the 32 bit big-endian field at i.
func (t *Task) long(i int) int { return int(binary.BigEndian.Uint32(t.CDB[i:])) }
