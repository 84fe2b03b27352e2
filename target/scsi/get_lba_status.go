package scsi

import (
	"encoding/binary"
	"math"
)

// getLBAStatus tells one extent: that at the starting LBA (SBC-3, 5.8). What is
// not known to be a hole is said to be mapped.
func getLBAStatus(t *Task) verdict {
	lba := uint64(t.long(2))<<32 | uint64(t.long(6))
	capacity := t.Nexus.Unit.blocks()
	if lba >= capacity {
		return t.fail(senseLBAOutOfRange)
	}
	return t.do(Extent, int64(lba)<<blockShift, int64(capacity-lba)<<blockShift, nil, tellExtent)
}

// tellExtent rounds to whole blocks so that what is stored is never called a hole.
func tellExtent(t *Task) verdict {
	blocks := t.io.Len >> blockShift
	if !t.io.Hole {
		blocks = (t.io.Len + 1<<blockShift - 1) >> blockShift
	}
	hole := t.io.Hole && blocks > 0
	b := append(t.build(), 0, 0, 0, 20, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(t.io.Off>>blockShift))
	b = binary.BigEndian.AppendUint32(b, uint32(min(max(blocks, 1), math.MaxUint32)))
	b = append(b, 0, 0, 0, 0)
	if hole {
		b[len(b)-4] = deallocated
	}
	return t.reply(b, t.long(10))
}

// deallocated is a PROVISIONING STATUS (SBC-3, table 71).
const deallocated = 1
