package scsi

// requestSense gives a waiting unit attention as parameter data and clears it
// (SPC-4, 6.39).
func requestSense(t *Task) verdict {
	if t.CDB[1]&0x01 != 0 { // DESC: descriptor format is not supported
		return t.fail(senseInvalidFieldInCDB)
	}
	s := senseNone
	if t.Nexus.Unit == nil {
		s = senseNoSuchLUN
	} else if a, ok := t.Nexus.takeAttention(); ok {
		s = a
	}
	return t.reply(s.AppendFixed(t.build()), int(t.CDB[4]))
}
