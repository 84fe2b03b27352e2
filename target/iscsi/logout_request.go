package iscsi

// LogoutRequest is RFC 7143, 11.14.
type LogoutRequest struct {
	Immediate  bool
	Reason     byte // 0: close the session, 1: close the connection, 2: for recovery
	ITT        uint32
	CID        uint16
	CmdSN      uint32
	ExpStatSN  uint32
	DataLength int
}

// Decode reads a basic header segment.
func (p *LogoutRequest) Decode(b []byte) error {
	if err := checkBHS(b, OpLogoutRequest, "Logout Request"); err != nil {
		return err
	}
	p.Immediate, p.Reason, p.DataLength = b[0]&immediateBit != 0, b[1]&0x7f, dataLength(b)
	p.ITT, p.CID = be.Uint32(b[16:]), be.Uint16(b[20:])
	p.CmdSN, p.ExpStatSN = be.Uint32(b[24:]), be.Uint32(b[28:])
	return nil
}

// Encode appends the basic header segment.
func (p *LogoutRequest) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpLogoutRequest, finalBit|p.Reason&0x7f, p.DataLength)
	b[0] |= immediate(p.Immediate)
	be.PutUint32(b[16:], p.ITT)
	be.PutUint16(b[20:], p.CID)
	be.PutUint32(b[24:], p.CmdSN)
	be.PutUint32(b[28:], p.ExpStatSN)
	return dst
}
