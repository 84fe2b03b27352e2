package iscsi

// receiveCommand takes a SCSI Command with its immediate data.
func (c *conn) receiveCommand() error {
	if err := c.pdu.Decode(c.header[:]); err != nil {
		return err
	}
	if err := c.checkCommand(&c.pdu); err != nil {
		return err
	}
	cmd, place := c.accept()
	if cmd == nil {
		return c.receiveData(nil, c.pdu.DataLength)
	}
	c.prepare(cmd)
	if err := c.receiveInto(cmd, c.pdu.DataLength); err != nil {
		c.mu.Lock()
		c.dispose(cmd)
		c.mu.Unlock()
		return err
	}
	cmd.r2tBase = cmd.received
	if cmd.unsolicited || place == tooEarly {
		c.mu.Lock()
		c.park(cmd)
		c.mu.Unlock()
		return nil
	}
	large := cmd.NeedsIn() >= largeRead
	c.proceed(cmd, &c.batch)
	if large {
		c.send.kick() // the socket may work while the next command is served
	}
	if c.heldAny() {
		c.release()
	}
	return nil
}

func (c *conn) heldAny() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.heldBack) > 0
}

// checkCommand finds what the negotiated parameters forbid.
func (c *conn) checkCommand(p *SCSICommand) error {
	switch {
	case c.session.Discovery:
		return protocol("SCSI command in a discovery session")
	case p.ITT == noTag:
		return protocol("SCSI command with the reserved tag")
	case p.DataLength > 0 && (!p.Write || !c.params.ImmediateData):
		return protocol("immediate data were not agreed on")
	case p.DataLength > int(p.Expected) || p.DataLength > c.params.FirstBurst:
		return protocol("immediate data are longer than expected")
	case p.Write && !p.Final && c.params.InitialR2T:
		return protocol("unsolicited data were not agreed on")
	}
	return nil
}

// accept makes a command of the PDU; nil when it is not to be served.
func (c *conn) accept() (*command, order) {
	p := &c.pdu
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tasks[p.ITT] != nil {
		c.reject(RejectTaskInProgress)
		return nil, outside
	}
	if p.Immediate && c.immediates >= maxImmediate {
		c.reject(RejectImmediate)
		return nil, outside
	}
	place := c.place(p.CmdSN, p.Immediate)
	if _, again := c.heldBack[p.CmdSN]; place == outside || (place == tooEarly && again) {
		return nil, outside
	}
	cmd := c.newCommand()
	if place == tooEarly {
		cmd.held = true
		c.heldBack[p.CmdSN] = heldRequest{cmd: cmd}
	} else if !p.Immediate {
		cmd.counted = true
		c.active++
	}
	return cmd, place
}

// newCommand is called with mu held.
func (c *conn) newCommand() *command {
	var cmd *command
	if n := len(c.free); n > 0 {
		cmd, c.free = c.free[n-1], c.free[:n-1]
	} else {
		cmd = &command{c: c}
	}
	cmd.pdu = c.pdu
	cmd.reset()
	c.live++
	cmd.counted = false
	if cmd.pdu.Immediate {
		c.immediates++
	}
	c.tasks[cmd.pdu.ITT] = cmd
	return cmd
}

// prepare lets the device server look at the CDB, and finds out which data are
// still to come.
func (c *conn) prepare(cmd *command) {
	p := &cmd.pdu
	cmd.Nexus, cmd.Owner = c.session.nexus(p.LUN), cmd
	if p.Read || p.Write {
		cmd.Room = int64(p.Expected)
	}
	cmd.early = cmd.Prepare()
	out := int(cmd.NeedsOut())
	switch {
	case cmd.early:
	case out > 0 && !p.Write, cmd.NeedsIn() > 0 && !p.Read:
		// The initiator moves data the other way, or none (SAM-5, 5.4).
		cmd.Refuse()
		cmd.early = true
	default:
		cmd.need = out
	}
	cmd.unsolicited = p.Write && !p.Final
	if cmd.need > 0 {
		c.firstBuffer(cmd)
	}
}

// receiveInto reads n bytes of data-out that follow what came before.
func (c *conn) receiveInto(cmd *command, n int) error {
	var dst []byte
	if cmd.need > cmd.received {
		dst = cmd.buf.data[cmd.received:cmd.need:cmd.need]
		if len(cmd.buf.data) < cmd.need {
			dst = cmd.buf.data[cmd.received:]
		}
	}
	if err := c.receiveData(dst, n); err != nil {
		return err
	}
	cmd.received += n
	return nil
}
