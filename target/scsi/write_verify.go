package scsi

// prepareWriteVerify serves WRITE AND VERIFY (10), (12) and (16).
func prepareWriteVerify(t *Task) {
	if !t.locateUnprotected() {
		return
	}
	if t.CDB[1]&byteCheck == byteCheckReserved || t.CDB[1]&byteCheck == byteCheckSame {
		t.fail(senseInvalidFieldInCDB) // SBC-3, 5.48: only 00b and 01b
		return
	}
	t.Want = t.length
}

// writeVerify writes to the medium, not just to a cache, and reads it back.
func writeVerify(t *Task) verdict {
	t.fua = true
	t.length = int64(len(t.Out)) &^ (BlockSize - 1)
	return t.writeOut(t.off, t.Out, compareFromStart)
}
