package iscsi

// DataIn is RFC 7143, 11.7. With HasStatus it ends the command.
type DataIn struct {
	Sequence     // StatSN counts only with HasStatus
	Final        bool
	HasStatus    bool
	Status       byte
	LUN          LUN
	ITT, TTT     uint32
	DataSN       uint32
	BufferOffset uint32
	Residual     Residual
	DataLength   int
}

// Decode reads a basic header segment.
func (p *DataIn) Decode(b []byte) error {
	if err := checkBHS(b, OpDataIn, "Data-In"); err != nil {
		return err
	}
	p.Sequence.decode(b)
	p.Final, p.HasStatus, p.Status = b[1]&finalBit != 0, b[1]&0x01 != 0, b[3]
	p.DataLength = dataLength(b)
	copy(p.LUN[:], b[8:])
	p.ITT, p.TTT = be.Uint32(b[16:]), be.Uint32(b[20:])
	p.DataSN, p.BufferOffset = be.Uint32(b[36:]), be.Uint32(b[40:])
	p.Residual.decode(b[1], be.Uint32(b[44:]))
	return nil
}

// Encode appends the basic header segment.
func (p *DataIn) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpDataIn, when(p.Final, finalBit)|when(p.HasStatus, 0x01)|p.Residual.flags(), p.DataLength)
	b[3] = p.Status
	copy(b[8:], p.LUN[:])
	be.PutUint32(b[16:], p.ITT)
	be.PutUint32(b[20:], p.TTT)
	p.Sequence.encode(b)
	be.PutUint32(b[36:], p.DataSN)
	be.PutUint32(b[40:], p.BufferOffset)
	be.PutUint32(b[44:], p.Residual.Count)
	return dst
}
