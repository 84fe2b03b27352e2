package scsi

import (
	"encoding/binary"
	"math"
)

// lastLBA is what READ CAPACITY returns.
func (u *Unit) lastLBA() uint64 { return max(u.blocks(), 1) - 1 }

// readCapacity10 says 2^32-1 when the capacity needs READ CAPACITY (16).
func readCapacity10(t *Task) verdict {
	if t.CDB[8]&0x01 == 0 && t.long(2) != 0 { // PMI
		return t.fail(senseInvalidFieldInCDB)
	}
	b := binary.BigEndian.AppendUint32(t.build(), uint32(min(t.Nexus.Unit.lastLBA(), math.MaxUint32)))
	return t.reply(binary.BigEndian.AppendUint32(b, BlockSize), 8)
}

func readCapacity16(t *Task) verdict {
	b := binary.BigEndian.AppendUint64(t.build(), t.Nexus.Unit.lastLBA())
	b = binary.BigEndian.AppendUint32(b, BlockSize)
	b = append(b, 0, physicalExponent,
		0xc0, 0) // LBPME, LBPRZ: thin, and what is unmapped reads as zeroes
	b = append(b, make([]byte, 16)...)
	return t.reply(b, t.long(10))
}
