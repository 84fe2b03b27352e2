package scsi

// prepareRead serves READ (6), (10), (12) and (16). A TRANSFER LENGTH of zero
// is not an error (SBC-3, 5.10), except that READ (6) means 256 by it.
func prepareRead(t *Task) {
	if !t.locateUnprotected() {
		return
	}
	t.fua = t.CDB[0]>>5 != 0 && t.CDB[1]&fuaBit != 0
	t.Want = t.length
}

func read(t *Task) verdict {
	n := t.NeedsIn()
	if n == 0 {
		return over
	}
	t.do(Read, t.off, n, t.In[:n], trimIn)
	t.io.FUA = t.fua
	return wait
}

// trimIn gives the initiator what it has room for of the blocks read.
func trimIn(t *Task) verdict {
	t.In = t.In[:min(t.Want, t.Room)]
	return over
}
