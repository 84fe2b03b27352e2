package iscsi

// RejectReason is why a PDU was not accepted (RFC 7143, 11.17.1).
type RejectReason byte

// The ones we use.
const (
	RejectDataDigest     RejectReason = 0x02
	RejectSNACK          RejectReason = 0x03
	RejectProtocol       RejectReason = 0x04
	RejectNotSupported   RejectReason = 0x05
	RejectImmediate      RejectReason = 0x06
	RejectTaskInProgress RejectReason = 0x07
	RejectInvalidField   RejectReason = 0x09
	RejectOutOfResources RejectReason = 0x0a
)

// Reject is RFC 7143, 11.17. Its data segment is the header that was rejected.
type Reject struct {
	Sequence
	Reason     RejectReason
	DataLength int
}

// Decode reads a basic header segment.
func (p *Reject) Decode(b []byte) error {
	if err := checkBHS(b, OpReject, "Reject"); err != nil {
		return err
	}
	p.Sequence.decode(b)
	p.Reason, p.DataLength = RejectReason(b[2]), dataLength(b)
	return nil
}

// Encode appends the basic header segment.
func (p *Reject) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpReject, finalBit, p.DataLength)
	b[2] = byte(p.Reason)
	be.PutUint32(b[16:], noTag)
	p.Sequence.encode(b)
	return dst
}
