package iscsi

// nopOut answers a ping with its own data (RFC 7143, 11.18).
func (c *conn) nopOut(header, data []byte) error {
	var p NopOut
	if err := p.Decode(header); err != nil {
		return err
	}
	if p.ITT == noTag {
		return nil // the answer to our own ping: it was heard
	}
	data = data[:min(len(data), int(c.maxRecv.Load()))]
	r := NopIn{LUN: p.LUN, ITT: p.ITT, TTT: noTag, DataLength: len(data)}
	c.send.pushControl(r.Encode(nil), data, true)
	return nil
}

// logoutRequest ends the session, which has no other connection (RFC 7143, 11.14).
func (c *conn) logoutRequest(header, _ []byte) error {
	var p LogoutRequest
	if err := p.Decode(header); err != nil {
		return err
	}
	r := LogoutResponse{ITT: p.ITT, Response: logoutDone}
	if p.Reason > 1 {
		r.Response = logoutNoRecovery
	}
	c.send.pushControl(r.Encode(nil), nil, true)
	c.leaving = p.Reason <= 1
	return nil
}
