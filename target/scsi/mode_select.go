package scsi

import (
	"bytes"
	"encoding/binary"
)

func prepareModeSelect(t *Task) {
	if t.CDB[1]&0x10 == 0 || t.CDB[1]&0x01 != 0 { // PF must be set; SP: nothing can be saved
		t.fail(senseInvalidFieldInCDB)
		return
	}
	t.Want = int64(t.short(7))
	if t.CDB[0] == modeSelect6 {
		t.Want = int64(t.CDB[4])
	}
}

// modeSelect accepts a list that asks for what is: no value can be changed.
func modeSelect(t *Task) verdict {
	if t.Want == 0 {
		return over
	}
	if s := checkModeList(t.Out, t.CDB[0] == modeSelect6); s != senseNone {
		return t.fail(s)
	}
	return over
}

func checkModeList(list []byte, six bool) Sense {
	header, descriptors := 8, 0
	if six {
		header = 4
	}
	if len(list) < header {
		return senseParameterListLength
	}
	if six {
		descriptors = int(list[3])
	} else {
		descriptors = int(binary.BigEndian.Uint16(list[6:]))
	}
	list = list[header:]
	if descriptors > len(list) {
		return senseParameterListLength
	}
	if s := checkBlockDescriptor(list[:descriptors]); s != senseNone {
		return s
	}
	return checkModePages(list[descriptors:])
}

// checkBlockDescriptor wants our block length; the number of blocks may be
// anything that MODE SENSE gives.
func checkBlockDescriptor(d []byte) Sense {
	switch {
	case len(d) == 0:
		return senseNone
	case len(d) == 8 && binary.BigEndian.Uint32(d[4:])&0xffffff == BlockSize:
		return senseNone
	case len(d) == 16 && binary.BigEndian.Uint32(d[12:]) == BlockSize:
		return senseNone
	}
	return senseInvalidParameter
}

func checkModePages(list []byte) Sense {
	for len(list) > 0 {
		page := findModePage(list[0] & 0x7f)
		if page == nil {
			return senseInvalidParameter
		}
		if len(list) < len(page) {
			return senseParameterListLength
		}
		if !bytes.Equal(list[1:len(page)], page[1:]) {
			return senseInvalidParameter
		}
		list = list[len(page):]
	}
	return senseNone
}

func findModePage(code byte) []byte {
	for _, p := range modePages {
		if p[0] == code {
			return p
		}
	}
	return nil
}
