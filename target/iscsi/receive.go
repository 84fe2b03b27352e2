package iscsi

// receive takes PDUs off the socket until the session ends. What it reads
// together it works through together: IOs and responses go out when the
// receiver is about to wait for the socket.
func (c *conn) receive() error {
	for !c.leaving {
		if err := c.receivePDU(); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) receivePDU() error {
	if err := c.receiveHeader(); err != nil {
		return err
	}
	n := dataLength(c.header[:])
	if n > ourMaxRecv {
		return protocol("data segment is longer than MaxRecvDataSegmentLength")
	}
	// Rejects and answers to pings have no window: an initiator that does not
	// take them is not read from.
	if c.send.crowded() {
		c.endBatch()
		if err := c.send.waitForRoom(); err != nil {
			return err
		}
	}
	switch opcodeOf(c.header[:]) {
	case OpSCSICommand:
		return c.receiveCommand()
	case OpDataOut:
		return c.receiveDataOut()
	}
	return c.receiveControl(n)
}

// receiveHeader reads and checks the BHS with what belongs to it. Additional
// header segments are for commands that we do not have.
func (c *conn) receiveHeader() error {
	b, err := c.r.next(bhsLength)
	if err != nil {
		return err
	}
	copy(c.header[:], b)
	ahs := ahsLength(b)
	if ahs == 0 && !c.params.HeaderDigest {
		return nil
	}
	if b, err = c.r.next(ahs + c.headerDigestLength()); err != nil {
		return unexpected(err, true)
	}
	if c.params.HeaderDigest && !digestMatches(b[ahs:], digestMore(digestOf(c.header[:]), b[:ahs])) {
		return protocol("header digest is wrong")
	}
	return nil
}

func (c *conn) headerDigestLength() int {
	if c.params.HeaderDigest {
		return digestLength
	}
	return 0
}

// receiveData reads a data segment of n bytes: what fits goes into dst, the
// rest nowhere. It checks the digest.
func (c *conn) receiveData(dst []byte, n int) error {
	if n == 0 {
		return nil
	}
	dst = dst[:min(n, len(dst))]
	if err := c.r.full(dst); err != nil {
		return err
	}
	rest := n - len(dst) + padding(n)
	if !c.params.DataDigest {
		if rest == 0 {
			return nil
		}
		return c.r.each(rest, func([]byte) {})
	}
	crc := digestOf(dst)
	if err := c.r.each(rest, func(b []byte) { crc = digestMore(crc, b) }); err != nil {
		return err
	}
	wire, err := c.r.next(digestLength)
	if err != nil {
		return unexpected(err, true)
	}
	if !digestMatches(wire, crc) {
		// RFC 7143, 7.8: with error recovery level 0 the session ends.
		c.reject(RejectDataDigest)
		c.endBatch()
		return protocol("data digest is wrong")
	}
	return nil
}

// receiveControl takes everything but commands and their data.
func (c *conn) receiveControl(n int) error {
	switch op := opcodeOf(c.header[:]); op {
	case OpNopOut, OpTaskRequest, OpTextRequest, OpLogoutRequest:
		data := make([]byte, min(n, maxPingData))
		if err := c.receiveData(data, n); err != nil {
			return err
		}
		if c.session.Discovery && op == OpTaskRequest {
			c.reject(RejectProtocol)
			return nil
		}
		return c.controlInOrder(op, data)
	case OpLoginRequest:
		return protocol("login in full feature phase")
	default:
		if err := c.receiveData(nil, n); err != nil {
			return err
		}
		reason := RejectNotSupported
		if op == OpSNACK {
			reason = RejectSNACK
		}
		c.reject(reason)
		return nil
	}
}

// controlInOrder serves a request in its place in the order of CmdSN.
func (c *conn) controlInOrder(op Opcode, data []byte) error {
	header := c.header
	serve := map[Opcode]func([]byte, []byte) error{
		OpNopOut: c.nopOut, OpTaskRequest: c.taskRequest, OpTextRequest: c.textRequest, OpLogoutRequest: c.logoutRequest,
	}[op]
	c.mu.Lock()
	place := c.place(be.Uint32(header[24:]), header[0]&immediateBit != 0)
	if _, again := c.heldBack[be.Uint32(header[24:])]; place == tooEarly && !again {
		c.heldBack[be.Uint32(header[24:])] = heldRequest{run: func() {
			if err := serve(header[:], data); err != nil {
				c.end()
			}
		}}
	}
	c.mu.Unlock()
	if place != inOrder {
		return nil
	}
	if err := serve(header[:], data); err != nil {
		return err
	}
	c.release()
	return nil
}

// reject returns the header that was just received.
func (c *conn) reject(reason RejectReason) {
	p := Reject{Reason: reason, DataLength: bhsLength}
	c.send.pushControl(p.Encode(nil), append([]byte(nil), c.header[:]...), true)
}
