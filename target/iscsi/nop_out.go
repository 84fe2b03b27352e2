package iscsi

// NopOut is RFC 7143, 11.18: a ping, or the answer to a NOP-In when ITT is the
// reserved tag.
type NopOut struct {
	Immediate  bool
	LUN        LUN
	ITT, TTT   uint32
	CmdSN      uint32
	ExpStatSN  uint32
	DataLength int
}

// Decode reads a basic header segment.
func (p *NopOut) Decode(b []byte) error {
	if err := checkBHS(b, OpNopOut, "NOP-Out"); err != nil {
		return err
	}
	p.Immediate, p.DataLength = b[0]&immediateBit != 0, dataLength(b)
	copy(p.LUN[:], b[8:])
	p.ITT, p.TTT = be.Uint32(b[16:]), be.Uint32(b[20:])
	p.CmdSN, p.ExpStatSN = be.Uint32(b[24:]), be.Uint32(b[28:])
	return nil
}

// Encode appends the basic header segment.
func (p *NopOut) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpNopOut, finalBit, p.DataLength)
	b[0] |= immediate(p.Immediate)
	copy(b[8:], p.LUN[:])
	be.PutUint32(b[16:], p.ITT)
	be.PutUint32(b[20:], p.TTT)
	be.PutUint32(b[24:], p.CmdSN)
	be.PutUint32(b[28:], p.ExpStatSN)
	return dst
}
