package scsi

import (
	"crypto/sha256"
	"encoding/binary"
)

// vpdPages are the vital product data, ascending (SPC-4, 7.8; SBC-3, 6.5).
var vpdPages = []struct {
	code  byte
	build func(*Unit, []byte) []byte
}{
	{0x00, nil}, // the list itself
	{0x80, unitSerialNumber},
	{0x83, deviceIdentification},
	{0x86, extendedInquiry},
	{0xb0, blockLimits},
	{0xb1, blockCharacteristics},
	{0xb2, logicalBlockProvisioning},
}

func vitalProductData(t *Task, allocation int) verdict {
	code := t.CDB[2]
	if t.Nexus.Unit == nil {
		return t.fail(senseInvalidFieldInCDB)
	}
	b := append(t.build(), 0, code, 0, 0)
	if code == 0 {
		for _, p := range vpdPages {
			b = append(b, p.code)
		}
		binary.BigEndian.PutUint16(b[2:], uint16(len(vpdPages)))
		return t.reply(b, allocation)
	}
	for _, p := range vpdPages {
		if p.code == code {
			b = p.build(t.Nexus.Unit, b)
			binary.BigEndian.PutUint16(b[2:], uint16(len(b)-4))
			return t.reply(b, allocation)
		}
	}
	return t.fail(senseInvalidFieldInCDB)
}

func unitSerialNumber(u *Unit, b []byte) []byte { return append(b, u.Serial...) }

// Device Identification: association, designator type and code set of SPC-4, 7.8.6.
func deviceIdentification(u *Unit, b []byte) []byte {
	b = designator(b, 0x01, 0x03, u.naa())
	vendor := make([]byte, 8, 8+len(u.Serial))
	pad(vendor, u.Vendor)
	b = designator(b, 0x02, 0x01, append(vendor, u.Serial...)) // T10 vendor ID based
	b = designator(b, 0x51, 0x14, []byte{0, 0, 0, 1})          // iSCSI, relative target port 1
	if u.Target != "" {
		b = designator(b, 0x53, 0x18, scsiName(u.Target+",t,0x0001")) // target port
		b = designator(b, 0x53, 0x28, scsiName(u.Target))             // target device
	}
	return b
}

func designator(b []byte, codeSet, kind byte, id []byte) []byte {
	if codeSet&0xf0 != 0 {
		kind |= 0x80 // PIV: the protocol identifier counts
	}
	b = append(b, codeSet, kind, 0, byte(len(id)))
	return append(b, id...)
}

// scsiName ends in a zero byte and fills a multiple of four (SPC-4, 7.8.6.11).
func scsiName(s string) []byte {
	b := append([]byte(s), 0)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// naa derives a locally assigned name (NAA 3h) from the serial number: we own
// no IEEE company id.
func (u *Unit) naa() []byte {
	sum := sha256.Sum256([]byte(u.Serial))
	sum[0] = 0x30 | sum[0]&0x0f
	return sum[:8]
}

// extendedInquiry: SIMPSUP alone of the task attributes, and a volatile cache.
func extendedInquiry(_ *Unit, b []byte) []byte {
	p := [60]byte{1: 0x01, 2: 0x01}
	return append(b, p[:]...)
}

func blockLimits(_ *Unit, b []byte) []byte {
	p := [60]byte{0: 0x01, 1: maxCompareAndWrite} // WSNZ
	be := binary.BigEndian
	be.PutUint16(p[2:], unmapGranularity) // optimal transfer length granularity
	be.PutUint32(p[4:], MaxTransfer/BlockSize)
	be.PutUint32(p[8:], 1<<20/BlockSize) // optimal transfer length
	be.PutUint32(p[16:], maxUnmap)
	be.PutUint32(p[20:], maxUnmapDescriptors)
	be.PutUint32(p[24:], unmapGranularity)
	be.PutUint32(p[28:], 0x80000000) // UGAVALID, alignment 0
	be.PutUint64(p[32:], maxWriteSame)
	return append(b, p[:]...)
}

func blockCharacteristics(_ *Unit, b []byte) []byte {
	p := [60]byte{1: 0x01} // non-rotating medium
	return append(b, p[:]...)
}

func logicalBlockProvisioning(_ *Unit, b []byte) []byte {
	return append(b, 0, 0xe4, 0x02, 0) // LBPU, LBPWS, LBPWS10, LBPRZ; thin
}
