package iscsi

// TextResponse is RFC 7143, 11.11.
type TextResponse struct {
	Sequence
	Final      bool
	Continue   bool
	LUN        LUN
	ITT, TTT   uint32
	DataLength int
}

// Decode reads a basic header segment.
func (p *TextResponse) Decode(b []byte) error {
	if err := checkBHS(b, OpTextResponse, "Text Response"); err != nil {
		return err
	}
	p.Sequence.decode(b)
	p.Final, p.Continue, p.DataLength = b[1]&finalBit != 0, b[1]&continueBit != 0, dataLength(b)
	copy(p.LUN[:], b[8:])
	p.ITT, p.TTT = be.Uint32(b[16:]), be.Uint32(b[20:])
	return nil
}

// Encode appends the basic header segment.
func (p *TextResponse) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpTextResponse, when(p.Final, finalBit)|when(p.Continue, continueBit), p.DataLength)
	copy(b[8:], p.LUN[:])
	be.PutUint32(b[16:], p.ITT)
	be.PutUint32(b[20:], p.TTT)
	p.Sequence.encode(b)
	return dst
}
