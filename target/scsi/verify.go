package scsi

import "bytes"

// BYTCHK of byte 1 (SBC-3, 5.33).
const (
	byteCheck         = 0x06
	byteCheckNone     = 0x00
	byteCheckReserved = 0x04
	byteCheckSame     = 0x06 // one block is compared with each of the medium
)

// prepareVerify serves VERIFY (10), (12) and (16).
func prepareVerify(t *Task) {
	if !t.locateUnprotected() {
		return
	}
	switch t.CDB[1] & byteCheck {
	case byteCheckNone:
	case byteCheckReserved:
		t.fail(senseInvalidFieldInCDB)
	case byteCheckSame:
		t.Want = min(BlockSize, t.length)
	default:
		t.Want = t.length
	}
	if t.length > MaxTransfer {
		t.fail(senseInvalidFieldInCDB)
	}
}

func verify(t *Task) verdict {
	switch t.CDB[1] & byteCheck {
	case byteCheckNone:
	case byteCheckSame:
		if int64(len(t.Out)) < t.Want {
			return t.fail(senseInvalidInformation)
		}
	default:
		t.length = int64(len(t.Out)) &^ (BlockSize - 1)
	}
	return compareFromStart(t)
}

const verifyChunk = keepScratch

// compareFromStart reads the extent piece by piece and compares it with Out as
// BYTCHK says. What has been compared lies between off and io.Off.
func compareFromStart(t *Task) verdict {
	if t.length == 0 {
		return over
	}
	n := min(t.length, verifyChunk)
	return t.do(Read, t.off, n, t.work(n), compareOn)
}

func compareOn(t *Task) verdict {
	done := t.io.Off - t.off
	switch t.CDB[1] & byteCheck {
	case byteCheckNone:
	case byteCheckSame:
		for i := int64(0); i < t.io.Len; i += BlockSize {
			if !t.same(t.Out[:BlockSize], t.io.Buf[i:i+BlockSize], done+i) {
				return over
			}
		}
	default:
		if !t.same(t.Out[done:done+t.io.Len], t.io.Buf, done) {
			return over
		}
	}
	done += t.io.Len
	n := min(t.length-done, verifyChunk)
	if n == 0 {
		return over
	}
	return t.do(Read, t.off+done, n, t.work(n), compareOn)
}

// same fails the task with MISCOMPARE where the bytes differ; INFORMATION is
// the offset of the first difference in the data-out buffer (SBC-3, 5.3).
func (t *Task) same(want, got []byte, at int64) bool {
	if bytes.Equal(want, got) {
		return true
	}
	i := 0
	for want[i] == got[i] {
		i++
	}
	s := senseMiscompare
	s.HasInfo, s.Info = true, uint32(at)+uint32(i)
	t.fail(s)
	return false
}
