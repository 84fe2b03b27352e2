package iscsi

// receiveDataOut takes a Data-Out of a write. Data for a task that is gone,
// because it was aborted, are dropped (RFC 7143, 11.5.1).
func (c *conn) receiveDataOut() error {
	p := &c.dataOut
	if err := p.Decode(c.header[:]); err != nil {
		return err
	}
	cmd, err := c.expecting(p)
	if err != nil {
		return err
	}
	if cmd == nil {
		return c.receiveData(nil, p.DataLength)
	}
	cmd.dataSN++
	if err := c.receiveInto(cmd, p.DataLength); err != nil {
		c.mu.Lock()
		c.dispose(cmd)
		c.mu.Unlock()
		return err
	}
	if p.Final {
		return c.sequenceEnds(cmd, p)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.park(cmd)
	return nil
}

// expecting finds the command and makes it busy, when the PDU is the very one
// that is due: DataPDUInOrder and DataSequenceInOrder are Yes.
func (c *conn) expecting(p *DataOut) (*command, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	cmd := c.tasks[p.ITT]
	if cmd == nil {
		return nil, nil
	}
	limit, due := 0, false
	switch {
	case cmd.state != idle:
	case p.TTT == noTag:
		due = cmd.unsolicited
		limit = min(c.params.FirstBurst, int(cmd.pdu.Expected))
	default:
		due = !cmd.unsolicited && cmd.r2tDone < cmd.r2tSN && p.TTT == cmd.firstTTT+cmd.r2tDone
		limit = c.r2tEnd(cmd, cmd.r2tDone)
	}
	switch {
	case !due:
		return nil, protocol("Data-Out that nobody asked for")
	case p.DataSN != cmd.dataSN:
		return nil, protocol("Data-Out with a wrong DataSN")
	case int(p.BufferOffset) != cmd.received:
		return nil, protocol("Data-Out with a wrong offset")
	case p.DataLength > limit-cmd.received:
		return nil, protocol("Data-Out is longer than was agreed on")
	}
	cmd.state = busy
	return cmd, nil
}

// sequenceEnds is what the F bit says.
func (c *conn) sequenceEnds(cmd *command, p *DataOut) error {
	cmd.dataSN = 0
	if p.TTT != noTag {
		if cmd.received < c.r2tEnd(cmd, cmd.r2tDone) {
			c.mu.Lock()
			c.dispose(cmd)
			c.mu.Unlock()
			return protocol("less data than the R2T asked for")
		}
		cmd.r2tDone++
	}
	cmd.unsolicited = false
	if p.TTT == noTag {
		cmd.r2tBase = cmd.received
	}
	c.mu.Lock()
	held := cmd.held
	if held {
		c.park(cmd)
	}
	c.mu.Unlock()
	if !held {
		c.proceed(cmd, &c.batch)
	}
	return nil
}

// r2tEnd is up to where an R2T asks for data.
func (c *conn) r2tEnd(cmd *command, sn uint32) int {
	return min(cmd.r2tBase+(int(sn)+1)*c.params.MaxBurst, cmd.need)
}

// solicit sends R2Ts, as many as may be open at once, and parks the command.
func (c *conn) solicit(cmd *command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.park(cmd) {
		return
	}
	if cmd.r2tSN == 0 {
		count := (cmd.need - cmd.r2tBase + c.params.MaxBurst - 1) / c.params.MaxBurst
		cmd.firstTTT = c.reserveTags(uint32(count))
	}
	for cmd.r2tSN-cmd.r2tDone < uint32(c.params.OutstandingR2T) {
		offset := c.r2tEnd(cmd, cmd.r2tSN-1)
		if cmd.r2tSN == 0 {
			offset = cmd.r2tBase
		}
		if offset >= cmd.need {
			return
		}
		p := R2T{LUN: cmd.pdu.LUN, ITT: cmd.pdu.ITT, TTT: cmd.firstTTT + cmd.r2tSN, R2TSN: cmd.r2tSN,
			BufferOffset: uint32(offset), Length: uint32(c.r2tEnd(cmd, cmd.r2tSN) - offset)}
		cmd.r2tSN++
		c.send.pushR2T(&p)
	}
}

// reserveTags gives n target task tags in a row, none of them the reserved one.
// Called with mu held.
func (c *conn) reserveTags(n uint32) uint32 {
	if c.nextTTT+n < c.nextTTT || c.nextTTT+n == noTag {
		c.nextTTT = 0
	}
	first := c.nextTTT
	c.nextTTT += n
	return first
}
