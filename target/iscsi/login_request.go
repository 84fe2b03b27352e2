package iscsi

// ISID is the initiator's part of a session's name.
type ISID [6]byte

// LoginRequest is RFC 7143, 11.12.
type LoginRequest struct {
	Transit    bool
	Continue   bool // the text goes on in the next PDU
	Current    byte // CSG
	Next       byte // NSG
	VersionMax byte
	VersionMin byte
	ISID       ISID
	TSIH       uint16
	ITT        uint32
	CID        uint16
	CmdSN      uint32
	ExpStatSN  uint32
	DataLength int
}

// Decode reads a basic header segment.
func (p *LoginRequest) Decode(b []byte) error {
	if err := checkBHS(b, OpLoginRequest, "Login Request"); err != nil {
		return err
	}
	p.Transit, p.Continue = b[1]&transitBit != 0, b[1]&continueBit != 0
	p.Current, p.Next = b[1]>>2&3, b[1]&3
	p.VersionMax, p.VersionMin = b[2], b[3]
	p.DataLength = dataLength(b)
	copy(p.ISID[:], b[8:])
	p.TSIH, p.ITT, p.CID = be.Uint16(b[14:]), be.Uint32(b[16:]), be.Uint16(b[20:])
	p.CmdSN, p.ExpStatSN = be.Uint32(b[24:]), be.Uint32(b[28:])
	return nil
}

// Encode appends the basic header segment.
func (p *LoginRequest) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpLoginRequest|immediateBit,
		when(p.Transit, transitBit)|when(p.Continue, continueBit)|p.Current&3<<2|p.Next&3, p.DataLength)
	b[2], b[3] = p.VersionMax, p.VersionMin
	copy(b[8:], p.ISID[:])
	be.PutUint16(b[14:], p.TSIH)
	be.PutUint32(b[16:], p.ITT)
	be.PutUint16(b[20:], p.CID)
	be.PutUint32(b[24:], p.CmdSN)
	be.PutUint32(b[28:], p.ExpStatSN)
	return dst
}
