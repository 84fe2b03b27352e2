package scsi

// preparePrefetch serves PRE-FETCH (10) and (16), which need not fetch anything.
func preparePrefetch(t *Task) {
	t.locate(t.extent())
}
