package iscsi

// R2T is RFC 7143, 11.8: the target asks for a part of the data of a write.
type R2T struct {
	Sequence     // StatSN is the next one, and is not used up
	LUN          LUN
	ITT, TTT     uint32
	R2TSN        uint32
	BufferOffset uint32
	Length       uint32 // desired data transfer length
}

// Decode reads a basic header segment.
func (p *R2T) Decode(b []byte) error {
	if err := checkBHS(b, OpR2T, "R2T"); err != nil {
		return err
	}
	p.Sequence.decode(b)
	copy(p.LUN[:], b[8:])
	p.ITT, p.TTT = be.Uint32(b[16:]), be.Uint32(b[20:])
	p.R2TSN, p.BufferOffset, p.Length = be.Uint32(b[36:]), be.Uint32(b[40:]), be.Uint32(b[44:])
	return nil
}

// Encode appends the basic header segment.
func (p *R2T) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpR2T, finalBit, 0)
	copy(b[8:], p.LUN[:])
	be.PutUint32(b[16:], p.ITT)
	be.PutUint32(b[20:], p.TTT)
	p.Sequence.encode(b)
	be.PutUint32(b[36:], p.R2TSN)
	be.PutUint32(b[40:], p.BufferOffset)
	be.PutUint32(b[44:], p.Length)
	return dst
}
