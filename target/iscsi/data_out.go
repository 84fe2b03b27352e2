package iscsi

// DataOut is RFC 7143, 11.7: data for a write, solicited by an R2T when TTT is
// not the reserved tag.
type DataOut struct {
	Final        bool
	LUN          LUN
	ITT, TTT     uint32
	ExpStatSN    uint32
	DataSN       uint32
	BufferOffset uint32
	DataLength   int
}

// Decode reads a basic header segment.
func (p *DataOut) Decode(b []byte) error {
	if err := checkBHS(b, OpDataOut, "Data-Out"); err != nil {
		return err
	}
	p.Final, p.DataLength = b[1]&finalBit != 0, dataLength(b)
	copy(p.LUN[:], b[8:])
	p.ITT, p.TTT = be.Uint32(b[16:]), be.Uint32(b[20:])
	p.ExpStatSN = be.Uint32(b[28:])
	p.DataSN, p.BufferOffset = be.Uint32(b[36:]), be.Uint32(b[40:])
	return nil
}

// Encode appends the basic header segment.
func (p *DataOut) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpDataOut, when(p.Final, finalBit), p.DataLength)
	copy(b[8:], p.LUN[:])
	be.PutUint32(b[16:], p.ITT)
	be.PutUint32(b[20:], p.TTT)
	be.PutUint32(b[28:], p.ExpStatSN)
	be.PutUint32(b[36:], p.DataSN)
	be.PutUint32(b[40:], p.BufferOffset)
	return dst
}
