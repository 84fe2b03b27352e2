package scsi

// Bits of byte 1 of WRITE SAME (SBC-3, 5.50 and 5.51).
const (
	writeSameNoData = 0x01 // NDOB, of the 16 byte form alone
	writeSameUnmap  = 0x08
	writeSameAnchor = 0x10
	writeSame16     = 0x93
)

func prepareWriteSame(t *Task) {
	flags := t.CDB[1]
	lba, blocks := t.extent()
	switch {
	case flags&protectMask != 0,
		flags&writeSameAnchor != 0,                            // ANC_SUP is 0
		flags&writeSameNoData != 0 && t.CDB[0] != writeSame16, // RELADR of old
		flags&0x06 != 0,                                       // PBDATA, LBDATA of old
		blocks == 0,                                           // WSNZ is 1
		blocks > maxWriteSame:
		t.fail(senseInvalidFieldInCDB)
		return
	}
	if t.locate(lba, blocks) && flags&writeSameNoData == 0 {
		t.Want = BlockSize
	}
}

func writeSame(t *Task) verdict {
	if t.CDB[1]&writeSameNoData == 0 {
		if !zero(t.Out[:BlockSize]) {
			return writePattern(t)
		}
	}
	// What is unmapped reads as zeroes, so both ways give the same contents.
	op := WriteZeroes
	if t.CDB[1]&writeSameUnmap != 0 {
		op = Discard
	}
	return t.do(op, t.off, t.length, nil, finish)
}

// writePattern repeats the block in scratch memory and writes that again and again.
func writePattern(t *Task) verdict {
	p := t.work(min(t.length, writeSamePatternSize))
	copy(p, t.Out[:BlockSize])
	for n := BlockSize; n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
	return writePatternOn(t)
}

func writePatternOn(t *Task) verdict {
	n := min(t.length, int64(len(t.scratch)))
	if n == 0 {
		return over
	}
	off := t.off
	t.off, t.length = t.off+n, t.length-n
	return t.do(Write, off, n, t.scratch[:n], writePatternOn)
}

func zero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}
