package scsi

// prepareCompareAndWrite: the data-out buffer holds the blocks to compare with
// and then those to write (SBC-3, 5.3).
func prepareCompareAndWrite(t *Task) {
	lba := uint64(t.long(2))<<32 | uint64(t.long(6))
	if t.CDB[1]&protectMask != 0 {
		t.fail(senseInvalidFieldInCDB)
		return
	}
	if t.locate(lba, uint64(t.CDB[13])) {
		t.fua = t.CDB[1]&fuaBit != 0
		t.Want = 2 * t.length
	}
}

// compareAndWrite runs alone among the tasks that change the medium.
func compareAndWrite(t *Task) verdict {
	if t.length == 0 {
		return over
	}
	return t.do(Read, t.off, t.length, t.work(t.length), compareThenWrite)
}

func compareThenWrite(t *Task) verdict {
	if !t.same(t.Out[:t.length], t.io.Buf, 0) {
		return over
	}
	return t.writeOut(t.off, t.Out[t.length:t.Want], finish)
}
