package nbd

// read answers with the data: as chunks of one piece each, or, to a client that
// knows none, as a whole.
func (c *conn) read(q request) error {
	if !c.structured {
		return c.readSimple(q)
	}
	if q.n == 0 {
		return c.end(q, 0)
	}
	for done := uint32(0); done < q.n; {
		n := min(pieceSize, q.n-done)
		b := c.buf[:headRoom+n]
		if err := c.x.Read(b[headRoom:], q.off+int64(done)); err != nil {
			return c.end(q, c.code(err))
		}
		done += n
		c.chunk(b[:0], q, done == q.n, chunkOffsetData, n+8)
		be.PutUint64(b[20:], uint64(q.off)+uint64(done-n))
		if _, err := c.w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// readSimple must know before its first byte whether all can be read.
func (c *conn) readSimple(q request) error {
	const head = 16
	b := c.buf[:min(len(c.buf), head+int(q.n))]
	if head+int(q.n) > len(c.buf) {
		b = make([]byte, head+int(q.n))
	}
	if err := c.x.Read(b[head:], q.off); err != nil {
		return c.end(q, c.code(err))
	}
	c.simple(b[:0], q, 0)
	_, err := c.w.Write(b)
	return err
}

// end closes a request without data.
func (c *conn) end(q request, code uint32) error {
	b := c.buf[:0]
	switch {
	case !c.structured || q.kind != cmdRead && q.kind != cmdBlockStatus:
		b = c.simple(b, q, code)
	case code == 0:
		b = c.chunk(b, q, true, chunkNone, 0)
	default:
		b = c.chunk(b, q, true, chunkError, 6)
		b = be.AppendUint32(b, code)
		b = be.AppendUint16(b, 0)
	}
	_, err := c.w.Write(b)
	return err
}

// blockStatus tells of one extent; the client asks again for what is behind it.
func (c *conn) blockStatus(q request) error {
	n, hole, err := c.x.Extent(q.off)
	if err != nil {
		return c.end(q, c.code(err))
	}
	b := c.chunk(c.buf[:0], q, true, chunkStatus, 12)
	b = be.AppendUint32(b, metaID)
	b = be.AppendUint32(b, uint32(min(max(n, 1), int64(q.n))))
	if hole {
		b = be.AppendUint32(b, stateHoleZero)
	} else {
		b = be.AppendUint32(b, 0)
	}
	_, err = c.w.Write(b)
	return err
}

func (c *conn) simple(b []byte, q request, code uint32) []byte {
	b = be.AppendUint32(b, magicSimple)
	b = be.AppendUint32(b, code)
	return be.AppendUint64(b, q.handle)
}

func (c *conn) chunk(b []byte, q request, done bool, kind uint16, n uint32) []byte {
	flags := uint16(0)
	if done {
		flags = chunkDone
	}
	b = be.AppendUint32(b, magicStructured)
	b = be.AppendUint16(b, flags)
	b = be.AppendUint16(b, kind)
	b = be.AppendUint64(b, q.handle)
	return be.AppendUint32(b, n)
}
