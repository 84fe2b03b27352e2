package iscsi

// SCSIResponse is RFC 7143, 11.4.
type SCSIResponse struct {
	Sequence
	Response   byte // 0: completed at target
	Status     byte
	ITT        uint32
	ExpDataSN  uint32 // how many Data-In and R2T PDUs were sent
	Residual   Residual
	DataLength int // sense, with its length before it
}

// Residual is by how many bytes the transfer missed what the initiator expected.
type Residual struct {
	Over, Under bool
	Count       uint32
}

const (
	residualOver  = 0x04
	residualUnder = 0x02
)

func (r Residual) flags() byte { return when(r.Over, residualOver) | when(r.Under, residualUnder) }

func (r *Residual) decode(flags byte, count uint32) {
	r.Over, r.Under, r.Count = flags&residualOver != 0, flags&residualUnder != 0, count
}

// residual compares what a command wanted to move with what was expected.
func residual(expected uint32, want int64) Residual {
	switch d := want - int64(expected); {
	case d > 0:
		return Residual{Over: true, Count: uint32(d)}
	case d < 0:
		return Residual{Under: true, Count: uint32(-d)}
	}
	return Residual{}
}

// Decode reads a basic header segment.
func (p *SCSIResponse) Decode(b []byte) error {
	if err := checkBHS(b, OpSCSIResponse, "SCSI Response"); err != nil {
		return err
	}
	p.Sequence.decode(b)
	p.Response, p.Status, p.DataLength = b[2], b[3], dataLength(b)
	p.ITT, p.ExpDataSN = be.Uint32(b[16:]), be.Uint32(b[36:])
	p.Residual.decode(b[1], be.Uint32(b[44:]))
	return nil
}

// Encode appends the basic header segment.
func (p *SCSIResponse) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpSCSIResponse, finalBit|p.Residual.flags(), p.DataLength)
	b[2], b[3] = p.Response, p.Status
	be.PutUint32(b[16:], p.ITT)
	p.Sequence.encode(b)
	be.PutUint32(b[36:], p.ExpDataSN)
	be.PutUint32(b[44:], p.Residual.Count)
	return dst
}
