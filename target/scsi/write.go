package scsi

// prepareWrite serves WRITE (6), (10), (12) and (16).
func prepareWrite(t *Task) {
	if !t.locateUnprotected() {
		return
	}
	t.fua = t.CDB[0]>>5 != 0 && t.CDB[1]&fuaBit != 0
	t.Want = t.length
}

func write(t *Task) verdict {
	return t.writeOut(t.off, t.Out, finish)
}

// writeOut writes the whole blocks that data holds: an initiator may send less
// than the CDB says, and the rest of the medium stays as it is.
func (t *Task) writeOut(off int64, data []byte, next step) verdict {
	n := int64(len(data)) &^ (BlockSize - 1)
	if n == 0 {
		return next(t)
	}
	t.do(Write, off, n, data[:n], next)
	t.io.FUA = t.fua
	return wait
}
