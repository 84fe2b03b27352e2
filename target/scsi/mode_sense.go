package scsi

import (
	"encoding/binary"
	"math"
)

// modePages with their current values, which are the default ones and cannot
// be changed (SBC-3, 6.4.5; SPC-4, 7.5.8).
var modePages = [][]byte{
	{0x08, 0x12, 0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, // Caching: WCE
	{0x0a, 0x0a, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0},                         // Control: unrestricted reordering
}

const (
	modeSelect6  = 0x15
	modeSense6   = 0x1a
	modeAllPages = 0x3f
	modeDPOFUA   = 0x10 // device-specific parameter (SBC-3, 6.4.1)
	modeWP       = 0x80
)

func modeSense(t *Task) verdict {
	control, page, subpage := t.CDB[2]>>6, t.CDB[2]&0x3f, t.CDB[3]
	if control == 3 {
		return t.fail(senseSavingNotSupported)
	}
	if subpage != 0 && (subpage != 0xff || page != modeAllPages) {
		return t.fail(senseInvalidFieldInCDB)
	}
	b, allocation := t.modeHeader()
	found := false
	for _, p := range modePages {
		if page != modeAllPages && page != p[0] {
			continue
		}
		found = true
		if control == 1 { // changeable values: none
			b = append(b, p[0], p[1])
			b = append(b, make([]byte, len(p)-2)...)
		} else {
			b = append(b, p...)
		}
	}
	if !found {
		return t.fail(senseInvalidFieldInCDB)
	}
	if t.CDB[0] == modeSense6 {
		b[0] = byte(len(b) - 1)
	} else {
		binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	}
	return t.reply(b, allocation)
}

// modeHeader is the mode parameter header with the block descriptor.
func (t *Task) modeHeader() (b []byte, allocation int) {
	specific := byte(modeDPOFUA)
	if t.Nexus.readOnly() {
		specific |= modeWP
	}
	withBlocks := t.CDB[1]&0x08 == 0 // DBD
	blocks := t.Nexus.Unit.blocks()
	if t.CDB[0] == modeSense6 {
		b = append(t.build(), 0, 0, specific, 0)
		if withBlocks {
			b[3] = 8
			b = shortDescriptor(b, blocks)
		}
		return b, int(t.CDB[4])
	}
	b = append(t.build(), 0, 0, 0, specific, 0, 0, 0, 0)
	switch {
	case withBlocks && t.CDB[1]&0x10 != 0: // LLBAA
		b[4], b[7] = 0x01, 16
		b = binary.BigEndian.AppendUint64(b, blocks)
		b = append(b, 0, 0, 0, 0)
		b = binary.BigEndian.AppendUint32(b, BlockSize)
	case withBlocks:
		b[7] = 8
		b = shortDescriptor(b, blocks)
	}
	return b, t.short(7)
}

func shortDescriptor(b []byte, blocks uint64) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(min(blocks, math.MaxUint32)))
	return binary.BigEndian.AppendUint32(b, BlockSize)
}
