package iscsi

// TextRequest is RFC 7143, 11.10.
type TextRequest struct {
	Immediate  bool
	Final      bool
	Continue   bool // the text goes on in the next PDU
	LUN        LUN
	ITT, TTT   uint32
	CmdSN      uint32
	ExpStatSN  uint32
	DataLength int
}

// Decode reads a basic header segment.
func (p *TextRequest) Decode(b []byte) error {
	if err := checkBHS(b, OpTextRequest, "Text Request"); err != nil {
		return err
	}
	p.Immediate, p.Final, p.Continue = b[0]&immediateBit != 0, b[1]&finalBit != 0, b[1]&continueBit != 0
	if p.Final && p.Continue {
		return &PDUError{"Text Request", "both F and C are set"}
	}
	p.DataLength = dataLength(b)
	copy(p.LUN[:], b[8:])
	p.ITT, p.TTT = be.Uint32(b[16:]), be.Uint32(b[20:])
	p.CmdSN, p.ExpStatSN = be.Uint32(b[24:]), be.Uint32(b[28:])
	return nil
}

// Encode appends the basic header segment.
func (p *TextRequest) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpTextRequest, when(p.Final, finalBit)|when(p.Continue, continueBit), p.DataLength)
	b[0] |= immediate(p.Immediate)
	copy(b[8:], p.LUN[:])
	be.PutUint32(b[16:], p.ITT)
	be.PutUint32(b[20:], p.TTT)
	be.PutUint32(b[24:], p.CmdSN)
	be.PutUint32(b[28:], p.ExpStatSN)
	return dst
}
