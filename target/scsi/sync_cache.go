package scsi

// prepareSync serves SYNCHRONIZE CACHE (10) and (16).
func prepareSync(t *Task) {
	t.locate(t.extent())
}

// synchronize flushes everything, whatever extent the CDB names. IMMED is
// allowed to be ignored (SBC-3, 5.26), and the status is then worth more.
func synchronize(t *Task) verdict {
	return t.do(Flush, 0, 0, nil, finish)
}
