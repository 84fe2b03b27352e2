package scsi

import (
	"encoding/binary"
	"math"
)

// getLBAStatus says of everything that it is mapped or that its state is not
// known (SBC-3, 5.8.3): devices do not tell where their holes are.
func getLBAStatus(t *Task) verdict {
	lba := uint64(t.long(2))<<32 | uint64(t.long(6))
	capacity := t.Nexus.Unit.blocks()
	if lba >= capacity {
		return t.fail(senseLBAOutOfRange)
	}
	b := append(t.build(), 0, 0, 0, 20, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, lba)
	b = binary.BigEndian.AppendUint32(b, uint32(min(capacity-lba, math.MaxUint32)))
	b = append(b, 0, 0, 0, 0)
	return t.reply(b, t.long(10))
}
