package iscsi

// verdicts on a CmdSN.
type order uint8

const (
	inOrder order = iota
	tooEarly
	outside // RFC 7143, 4.2.2.1: ignored without an answer
)

// place takes the CmdSN of a request into account. Called with mu held.
func (c *conn) place(cmdSN uint32, immediate bool) order {
	if immediate {
		return inOrder
	}
	if before(cmdSN, c.expCmdSN) || before(c.maxCmdSN(), cmdSN) {
		return outside
	}
	if cmdSN != c.expCmdSN {
		return tooEarly
	}
	c.expCmdSN++
	return inOrder
}

// maxCmdSN never goes back: a command that comes moves ExpCmdSN on by one and
// takes one place, and one that goes gives its place back. Called with mu held.
func (c *conn) maxCmdSN() uint32 {
	return c.expCmdSN + uint32(max(c.limits.QueueDepth-c.active, 0)) - 1
}

// heldRequest came before its turn.
type heldRequest struct {
	cmd *command // nil: it was aborted, or is no SCSI command
	run func()   // of a request that is no SCSI command
}

// release runs the requests whose turn has come. Only the receiver calls it.
func (c *conn) release() {
	for {
		cmd, run, more := c.nextHeld()
		switch {
		case !more:
			return
		case cmd != nil:
			c.proceed(cmd, &c.batch)
		case run != nil:
			run()
		}
	}
}

// nextHeld takes the request with ExpCmdSN, if it is there. A command that
// still waits for its data only loses its mark.
func (c *conn) nextHeld() (cmd *command, run func(), more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.heldBack[c.expCmdSN]
	if !ok {
		return nil, nil, false
	}
	delete(c.heldBack, c.expCmdSN)
	c.expCmdSN++
	if h.cmd == nil {
		return nil, h.run, true
	}
	h.cmd.held, h.cmd.counted = false, true
	c.active++
	if h.cmd.unsolicited {
		return nil, nil, true
	}
	h.cmd.state = busy
	return h.cmd, nil, true
}
