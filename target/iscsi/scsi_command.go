package iscsi

// SCSICommand is RFC 7143, 11.3.
type SCSICommand struct {
	Immediate   bool
	Final       bool // no unsolicited data follow
	Read, Write bool
	Attribute   byte
	DataLength  int
	LUN         LUN
	ITT         uint32
	Expected    uint32 // expected data transfer length, bytes
	CmdSN       uint32
	ExpStatSN   uint32
	CDB         [16]byte
}

// Decode reads a basic header segment.
func (p *SCSICommand) Decode(b []byte) error {
	if err := checkBHS(b, OpSCSICommand, "SCSI Command"); err != nil {
		return err
	}
	p.Immediate = b[0]&immediateBit != 0
	p.Final, p.Read, p.Write = b[1]&finalBit != 0, b[1]&0x40 != 0, b[1]&0x20 != 0
	p.Attribute = b[1] & 0x07
	p.DataLength = dataLength(b)
	copy(p.LUN[:], b[8:])
	p.ITT, p.Expected = be.Uint32(b[16:]), be.Uint32(b[20:])
	p.CmdSN, p.ExpStatSN = be.Uint32(b[24:]), be.Uint32(b[28:])
	copy(p.CDB[:], b[32:])
	return nil
}

// Encode appends the basic header segment.
func (p *SCSICommand) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpSCSICommand,
		when(p.Final, finalBit)|when(p.Read, 0x40)|when(p.Write, 0x20)|p.Attribute&0x07, p.DataLength)
	b[0] |= immediate(p.Immediate)
	copy(b[8:], p.LUN[:])
	be.PutUint32(b[16:], p.ITT)
	be.PutUint32(b[20:], p.Expected)
	be.PutUint32(b[24:], p.CmdSN)
	be.PutUint32(b[28:], p.ExpStatSN)
	copy(b[32:], p.CDB[:])
	return dst
}
