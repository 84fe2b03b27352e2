package iscsi

import "fmt"

// LoginStatus is class and detail of how a login went (RFC 7143, 11.13.5).
type LoginStatus uint16

// The ones we use.
const (
	LoginSuccess            LoginStatus = 0x0000
	LoginInitiatorError     LoginStatus = 0x0200
	LoginAuthFailed         LoginStatus = 0x0201
	LoginNotAllowed         LoginStatus = 0x0202
	LoginNotFound           LoginStatus = 0x0203
	LoginUnsupportedVersion LoginStatus = 0x0205
	LoginTooManyConnections LoginStatus = 0x0206
	LoginMissingParameter   LoginStatus = 0x0207
	LoginNoSessionType      LoginStatus = 0x0209
	LoginNoSuchSession      LoginStatus = 0x020a
	LoginInvalidRequest     LoginStatus = 0x020b
	LoginTargetError        LoginStatus = 0x0300
	LoginServiceUnavailable LoginStatus = 0x0301
	LoginOutOfResources     LoginStatus = 0x0302
)

func (s LoginStatus) Error() string { return fmt.Sprintf("iscsi: login status %#04x", uint16(s)) }

// LoginResponse is RFC 7143, 11.13.
type LoginResponse struct {
	Sequence
	Transit       bool
	Continue      bool
	Current, Next byte
	ISID          ISID
	TSIH          uint16
	ITT           uint32
	Status        LoginStatus
	DataLength    int
}

// Decode reads a basic header segment.
func (p *LoginResponse) Decode(b []byte) error {
	if err := checkBHS(b, OpLoginResponse, "Login Response"); err != nil {
		return err
	}
	p.Sequence.decode(b)
	p.Transit, p.Continue = b[1]&transitBit != 0, b[1]&continueBit != 0
	p.Current, p.Next, p.DataLength = b[1]>>2&3, b[1]&3, dataLength(b)
	copy(p.ISID[:], b[8:])
	p.TSIH, p.ITT = be.Uint16(b[14:]), be.Uint32(b[16:])
	p.Status = LoginStatus(be.Uint16(b[36:]))
	return nil
}

// Encode appends the basic header segment. Versions are 0, RFC 7143's.
func (p *LoginResponse) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpLoginResponse,
		when(p.Transit, transitBit)|when(p.Continue, continueBit)|p.Current&3<<2|p.Next&3, p.DataLength)
	copy(b[8:], p.ISID[:])
	be.PutUint16(b[14:], p.TSIH)
	be.PutUint32(b[16:], p.ITT)
	p.Sequence.encode(b)
	be.PutUint16(b[36:], uint16(p.Status))
	return dst
}
