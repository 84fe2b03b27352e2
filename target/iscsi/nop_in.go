package iscsi

// NopIn is RFC 7143, 11.19: the answer to a ping, or our own ping when TTT is
// not the reserved tag.
type NopIn struct {
	Sequence
	LUN        LUN
	ITT, TTT   uint32
	DataLength int
}

// Decode reads a basic header segment.
func (p *NopIn) Decode(b []byte) error {
	if err := checkBHS(b, OpNopIn, "NOP-In"); err != nil {
		return err
	}
	p.Sequence.decode(b)
	p.DataLength = dataLength(b)
	copy(p.LUN[:], b[8:])
	p.ITT, p.TTT = be.Uint32(b[16:]), be.Uint32(b[20:])
	return nil
}

// Encode appends the basic header segment.
func (p *NopIn) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpNopIn, finalBit, p.DataLength)
	copy(b[8:], p.LUN[:])
	be.PutUint32(b[16:], p.ITT)
	be.PutUint32(b[20:], p.TTT)
	p.Sequence.encode(b)
	return dst
}
