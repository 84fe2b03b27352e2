package iscsi

// Responses to a logout (RFC 7143, 11.15.1).
const (
	logoutDone       = 0
	logoutNoCID      = 1
	logoutNoRecovery = 2
)

// LogoutResponse is RFC 7143, 11.15. Time2Wait and Time2Retain are 0.
type LogoutResponse struct {
	Sequence
	Response byte
	ITT      uint32
}

// Decode reads a basic header segment.
func (p *LogoutResponse) Decode(b []byte) error {
	if err := checkBHS(b, OpLogoutResponse, "Logout Response"); err != nil {
		return err
	}
	p.Sequence.decode(b)
	p.Response, p.ITT = b[2], be.Uint32(b[16:])
	return nil
}

// Encode appends the basic header segment.
func (p *LogoutResponse) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpLogoutResponse, finalBit, 0)
	b[2] = p.Response
	be.PutUint32(b[16:], p.ITT)
	p.Sequence.encode(b)
	return dst
}
