package iscsi

// Asynchronous events (RFC 7143, 11.9.1).
const (
	asyncLogout = 1 // the target asks for a logout
	asyncDrop   = 3 // the target drops all connections of the session
)

// AsyncMessage is RFC 7143, 11.9.
type AsyncMessage struct {
	Sequence
	Event                  byte
	Parameter1, Time2Wait  uint16
	Parameter3, DataLength int
}

// Decode reads a basic header segment.
func (p *AsyncMessage) Decode(b []byte) error {
	if err := checkBHS(b, OpAsyncMessage, "Asynchronous Message"); err != nil {
		return err
	}
	p.Sequence.decode(b)
	p.Event, p.DataLength = b[36], dataLength(b)
	p.Parameter1, p.Time2Wait, p.Parameter3 = be.Uint16(b[38:]), be.Uint16(b[40:]), int(be.Uint16(b[42:]))
	return nil
}

// Encode appends the basic header segment.
func (p *AsyncMessage) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpAsyncMessage, finalBit, p.DataLength)
	be.PutUint32(b[16:], noTag)
	p.Sequence.encode(b)
	b[36] = p.Event
	be.PutUint16(b[38:], p.Parameter1)
	be.PutUint16(b[40:], p.Time2Wait)
	be.PutUint16(b[42:], uint16(p.Parameter3))
	return dst
}
