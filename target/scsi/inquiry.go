package scsi

// Version descriptors of standard INQUIRY data (SPC-4, annex E).
var versions = []uint16{
	0x00a0, // SAM-5
	0x0460, // SPC-4
	0x04c0, // SBC-3
	0x0960, // iSCSI
}

const standardInquiry = 96

func inquiry(t *Task) verdict {
	allocation := t.short(3)
	if t.CDB[1]&0x01 != 0 { // EVPD
		return vitalProductData(t, allocation)
	}
	if t.CDB[1] != 0 || t.CDB[2] != 0 {
		return t.fail(senseInvalidFieldInCDB)
	}
	b := append(t.build(), make([]byte, standardInquiry)...)
	b[2], b[3], b[4] = 0x06, 0x12, standardInquiry-5 // SPC-4; HISUP, response data format 2
	b[7] = 0x02                                      // CMDQUE
	if u := t.Nexus.Unit; u == nil {
		b[0] = 0x7f // no unit can be here
	} else {
		pad(b[8:16], u.Vendor)
		pad(b[16:32], u.Product)
		pad(b[32:36], u.Revision)
	}
	for i, v := range versions {
		b[58+2*i], b[59+2*i] = byte(v>>8), byte(v)
	}
	return t.reply(b, allocation)
}

// pad copies s as left-aligned ASCII (SPC-4, 4.3.1).
func pad(dst []byte, s string) {
	for i := range dst {
		dst[i] = ' '
		if i < len(s) && s[i] >= 0x20 && s[i] < 0x7f {
			dst[i] = s[i]
		}
	}
}
