package scsi

import "encoding/binary"

const (
	unmapHeader     = 8
	unmapDescriptor = 16
	unmapAnchor     = 0x01 // of byte 1
)

func prepareUnmap(t *Task) {
	if t.CDB[1]&unmapAnchor != 0 { // ANC_SUP is 0
		t.fail(senseInvalidFieldInCDB)
		return
	}
	t.Want = int64(t.short(7))
}

// unmap checks the whole list before it unmaps anything (SBC-3, 5.32).
func unmap(t *Task) verdict {
	if t.Want == 0 {
		return over // a PARAMETER LIST LENGTH of zero is not an error
	}
	if len(t.Out) < unmapHeader {
		return t.fail(senseParameterListLength)
	}
	// BLOCK DESCRIPTOR DATA LENGTH; a part of a descriptor at the end is ignored.
	n := min(int(binary.BigEndian.Uint16(t.Out[2:])), len(t.Out)-unmapHeader) / unmapDescriptor
	if n > maxUnmapDescriptors {
		return t.fail(senseInvalidParameter)
	}
	total := uint64(0)
	for i := range n {
		lba, blocks := t.unmapExtent(i)
		if !t.locate(lba, blocks) {
			return over
		}
		total += blocks
	}
	if total > maxUnmap {
		return t.fail(senseInvalidParameter)
	}
	t.off, t.length = 0, int64(n) // from here on: which descriptor is next, how many
	return unmapOn(t)
}

func unmapOn(t *Task) verdict {
	for t.off < t.length {
		lba, blocks := t.unmapExtent(int(t.off))
		t.off++
		if blocks > 0 {
			return t.do(Discard, int64(lba)<<blockShift, int64(blocks)<<blockShift, nil, unmapOn)
		}
	}
	return over
}

func (t *Task) unmapExtent(i int) (lba, blocks uint64) {
	d := t.Out[unmapHeader+i*unmapDescriptor:]
	return binary.BigEndian.Uint64(d), uint64(binary.BigEndian.Uint32(d[8:]))
}
