package scsi

// Bits of byte 4 of START STOP UNIT (SBC-3, 5.25).
const (
	startStopStart   = 0x01
	startStopEject   = 0x02 // LOEJ
	startStopNoFlush = 0x04
)

func prepareStartStop(t *Task) {
	if t.CDB[4]>>4 == 0 && t.CDB[4]&startStopEject != 0 { // the medium cannot be removed
		t.fail(senseInvalidFieldInCDB)
	}
}

// startStop keeps the unit ready: nothing spins. Stopping writes the cache to
// the medium first.
func startStop(t *Task) verdict {
	if t.CDB[4]>>4 == 0 && t.CDB[4]&(startStopStart|startStopNoFlush) == 0 {
		return t.do(Flush, 0, 0, nil, finish)
	}
	return over
}
