package scsi

import "encoding/binary"

// reportLUNs lists the units of the target (SPC-4, 6.33).
func reportLUNs(t *Task) verdict {
	allocation := t.long(6)
	if t.CDB[2] > 2 || allocation < 16 {
		return t.fail(senseInvalidFieldInCDB)
	}
	b := append(t.build(), 0, 0, 0, 0, 0, 0, 0, 0)
	if t.CDB[2] != 1 && t.Nexus.Units != nil { // 1: well known units, of which there are none
		for _, n := range t.Nexus.Units() {
			b = append(b, byte(n>>8)&0x3f, byte(n), 0, 0, 0, 0, 0, 0)
			if n > 0xff {
				b[len(b)-8] |= 0x40 // flat space addressing (SAM-5, 4.7.7.3)
			}
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-8))
	return t.reply(b, allocation)
}
