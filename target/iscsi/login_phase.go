package iscsi

import (
	"errors"
	"time"
)

// login runs the login phase on the socket (RFC 7143, 6.3). The session is
// never nil, so that a failure can be logged with what is known.
func (c *conn) login() (*Session, error) {
	s := &Session{c: c, done: make(chan struct{})}
	if err := c.nc.SetDeadline(time.Now().Add(c.limits.LoginTimeout)); err != nil {
		return s, err
	}
	l := newLogin(c.dir)
	var text []byte
	for range maxLoginPDUs {
		req, data, err := c.readLogin()
		if err != nil {
			return s, err
		}
		if err := c.checkLogin(s, l, &req); err != nil {
			return s, c.refuse(&req, err)
		}
		if text = append(text, data...); len(text) > maxLoginText {
			return s, c.refuse(&req, LoginOutOfResources)
		}
		if req.Continue {
			if req.Transit {
				return s, c.refuse(&req, LoginInitiatorError)
			}
			if err := c.respond(&req, LoginResponse{Current: req.Current}, nil); err != nil {
				return s, err
			}
			continue
		}
		over, err := c.loginStep(s, l, &req, text)
		if over || err != nil {
			return s, err
		}
		text = text[:0]
	}
	return s, errors.New("iscsi: endless login")
}

// readLogin reads a PDU without digests: they begin with the full feature phase.
func (c *conn) readLogin() (req LoginRequest, data []byte, err error) {
	b, err := c.r.next(bhsLength)
	if err != nil {
		return req, nil, err
	}
	if err := req.Decode(b); err != nil {
		return req, nil, err
	}
	ahs, n := ahsLength(b), req.DataLength
	if n > defaultMaxRecv {
		return req, nil, &PDUError{"Login Request", "data segment is too long"}
	}
	if _, err := c.r.next(ahs); err != nil {
		return req, nil, err
	}
	data, err = c.r.next(n + padding(n))
	if err != nil {
		return req, nil, err
	}
	return req, data[:n], nil
}

// checkLogin checks what must be the same in all requests of a login.
func (c *conn) checkLogin(s *Session, l *login, req *LoginRequest) error {
	if !l.began {
		if s.ISID == req.ISID || s.ISID == (ISID{}) {
			s.ISID = req.ISID
		}
		c.expCmdSN = req.CmdSN
		c.send.statSN = req.ExpStatSN
	}
	switch {
	case req.VersionMin > 0:
		return LoginUnsupportedVersion
	case req.ISID != s.ISID:
		return LoginInvalidRequest
	case req.TSIH != 0:
		// Another connection for a session: MaxConnections is 1. A session whose
		// connection was lost has ended with it.
		return LoginNoSuchSession
	}
	return nil
}

// loginStep answers a whole text. Over: the full feature phase begins.
func (c *conn) loginStep(s *Session, l *login, req *LoginRequest, text []byte) (over bool, err error) {
	reply, transit, status := l.step(req, text)
	s.Initiator, s.Target, s.Discovery = l.initiator, l.target, l.discovery
	if status != LoginSuccess {
		return false, c.refuse(req, status)
	}
	resp := LoginResponse{Transit: transit, Current: req.Current}
	if transit {
		resp.Next = req.Next
	}
	over = transit && req.Next == fullFeaturePhase
	if over {
		if status := c.admit(s, l); status != LoginSuccess {
			return false, c.refuse(req, status)
		}
		resp.TSIH = s.TSIH
	}
	if err := c.respond(req, resp, reply); err != nil {
		if over {
			c.abandon(s)
		}
		return false, err
	}
	return over, nil
}

// admit makes the session known, and the parameters valid.
func (c *conn) admit(s *Session, l *login) LoginStatus {
	s.Credential = *l.credential
	c.params = l.params
	c.maxRecv.Store(int32(l.params.MaxRecv))
	c.session = s
	if s.Discovery {
		s.TSIH = 1
	} else if status := c.dir.Admit(s); status != LoginSuccess {
		return status
	}
	if err := c.nc.SetDeadline(time.Time{}); err != nil {
		c.abandon(s)
		return LoginTargetError
	}
	return LoginSuccess
}

// abandon takes back an admission when the initiator cannot be told.
func (c *conn) abandon(s *Session) {
	if !s.Discovery {
		c.dir.Leave(s)
	}
	close(s.done)
}

// refuse tells why, and makes it the error that ends the connection.
func (c *conn) refuse(req *LoginRequest, err error) error {
	var status LoginStatus
	if !errors.As(err, &status) {
		status = LoginInitiatorError
	}
	if e := c.respond(req, LoginResponse{Current: req.Current, Status: status}, nil); e != nil {
		return errors.Join(err, e)
	}
	c.lastWords()
	return err
}

func (c *conn) respond(req *LoginRequest, resp LoginResponse, text []byte) error {
	resp.ISID, resp.ITT = req.ISID, req.ITT
	resp.StatSN, resp.ExpCmdSN, resp.MaxCmdSN = c.send.statSN, c.expCmdSN, c.maxCmdSN()
	c.send.statSN++
	resp.DataLength = len(text)
	b := append(resp.Encode(nil), text...)
	b = append(b, make([]byte, padding(len(text)))...)
	_, err := c.nc.Write(b)
	return err
}
