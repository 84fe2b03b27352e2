package main

import (
	"errors"
	"fmt"
)

// header reads the next PDU's header and drops an additional one.
func (c *conn) header() (*bhs, error) {
	b, err := c.take(bhsLength)
	if err != nil {
		return nil, err
	}
	h := bhs(b)
	return &h, c.skip(h.ahsLength())
}

// sawStatSN takes the sequence numbers of an answer with a valid StatSN.
func (c *conn) sawStatSN(h *bhs) {
	c.expStatSN = h.word(24) + 1
	c.sawWindow(h)
}

func (c *conn) sawWindow(h *bhs) {
	if maxCmdSN := h.word(32); int32(maxCmdSN-c.maxCmdSN) > 0 || c.maxCmdSN == 0 {
		c.maxCmdSN = maxCmdSN
	}
}

// windowOpen says whether the target takes another command now.
func (c *conn) windowOpen() bool { return int32(c.maxCmdSN-c.cmdSN) >= 0 }

// command sends a SCSI command; data is the whole of a write, of which the
// first part goes along.
func (c *conn) command(tag uint32, cdb []byte, direction byte, length int, data []byte) error {
	var h bhs
	now := min(len(data), c.immediateBytes)
	h[0], h[1] = opSCSICommand, flagFinal|direction|attrSimple
	h.setDataLength(now)
	h[9] = byte(c.lun)
	h.setWord(16, tag)
	h.setWord(20, uint32(length))
	h.setWord(24, c.cmdSN)
	h.setWord(28, c.expStatSN)
	copy(h[32:], cdb)
	c.cmdSN++
	c.received[tag] = 0
	return c.putPDU(&h, data[:now])
}

func (c *conn) putPDU(h *bhs, data []byte) error {
	var zero [4]byte
	if err := c.put(h[:]); err != nil {
		return err
	}
	if err := c.put(data); err != nil {
		return err
	}
	return c.put(zero[:padding(len(data))])
}

// dataOut sends what an R2T asks for.
func (c *conn) dataOut(r2t *bhs, data []byte) error {
	at, length := int(r2t.word(40)), int(r2t.word(44))
	if at < 0 || length < 0 || at+length > len(data) {
		return errors.New("an R2T asks for more than the command has")
	}
	for sn := uint32(0); length > 0; sn++ {
		n := min(length, c.segmentBytes)
		var h bhs
		h[0] = opDataOut
		if n == length {
			h[1] = flagFinal
		}
		h.setDataLength(n)
		copy(h[8:16], r2t[8:16])
		copy(h[16:24], r2t[16:24])
		h.setWord(28, c.expStatSN)
		h.setWord(36, sn)
		h.setWord(40, uint32(at))
		if err := c.putPDU(&h, data[at:at+n]); err != nil {
			return err
		}
		at, length = at+n, length-n
	}
	return nil
}

// pong answers a target's NOP-In that wants an answer.
func (c *conn) pong(h *bhs) error {
	c.sawWindow(h)
	if h.word(20) == noTag {
		return nil
	}
	var out bhs
	out[0], out[1] = opNopOut|immediate, flagFinal
	copy(out[8:16], h[8:16])
	out.setWord(16, noTag)
	out.setWord(20, h.word(20))
	out.setWord(24, c.cmdSN)
	out.setWord(28, c.expStatSN)
	return c.putPDU(&out, nil)
}

// next reads up to the end of one command and returns its tag. buffer is what a
// write sends, or where a read goes, nil when its data is only counted, in
// c.received.
func (c *conn) next(buffer func(tag uint32) []byte) (tag uint32, status byte, sense []byte, err error) {
	for {
		h, err := c.header()
		if err != nil {
			return 0, 0, nil, err
		}
		n := h.dataLength()
		switch h.opcode() {
		case opDataIn:
			err = c.dataIn(h, buffer)
			if h.flags()&flagStatus != 0 && err == nil {
				c.sawStatSN(h)
				return h.word(16), h[3], nil, nil
			}
		case opSCSIResponse:
			c.sawStatSN(h)
			data, err := c.take(n + padding(n))
			if h[2] != 0 {
				err = fmt.Errorf("response code %#x of the target", h[2])
			}
			return h.word(16), h[3], data, err
		case opR2T:
			c.sawWindow(h)
			err = c.dataOut(h, buffer(h.word(16)))
		case opNopIn:
			err = errors.Join(c.skip(n+padding(n)), c.pong(h))
		default:
			err = fmt.Errorf("unexpected opcode %#x from the target", h.opcode())
		}
		if err != nil {
			return 0, 0, nil, err
		}
	}
}

func (c *conn) dataIn(h *bhs, buffer func(tag uint32) []byte) error {
	n, at, tag := h.dataLength(), int(h.word(40)), h.word(16)
	if int(tag) >= len(c.received) || at != c.received[tag] {
		return fmt.Errorf("data at offset %d of command %#x, which is not where it stands", at, tag)
	}
	c.received[tag] += n
	keep := buffer(tag)
	if keep == nil {
		return c.skip(n + padding(n))
	}
	b, err := c.take(n + padding(n))
	if err != nil {
		return err
	}
	if at+n > len(keep) {
		return fmt.Errorf("the target sends %d bytes where %d were asked for", at+n, len(keep))
	}
	copy(keep[at:], b[:n])
	return nil
}

// single runs one command by itself.
func (c *conn) single(cdb, answer []byte) error {
	direction := byte(0)
	if len(answer) > 0 {
		direction = flagRead
	}
	if err := c.command(0, cdb, direction, len(answer), nil); err != nil {
		return err
	}
	_, status, sense, err := c.next(func(uint32) []byte { return answer })
	if err != nil {
		return err
	}
	if status != statusGood {
		return statusError(cdb[0], status, sense)
	}
	if c.received[0] != len(answer) {
		return fmt.Errorf("command %#x: %d bytes came and not %d", cdb[0], c.received[0], len(answer))
	}
	return nil
}

func statusError(op, status byte, sense []byte) error {
	if status == statusCheck && len(sense) >= senseInReply+14 {
		s := sense[senseInReply:]
		return fmt.Errorf("command %#x: sense key %#x, code %#02x/%02x", op, s[2]&0xf, s[12], s[13])
	}
	return fmt.Errorf("command %#x: status %#x", op, status)
}

// capacity gets past the unit attentions of a new nexus and asks for the size.
func (c *conn) capacity() (sizeBytes int64, sectorBytes int, err error) {
	for range 8 {
		if err = c.single(make([]byte, 6), nil); err == nil {
			break
		}
	}
	if err != nil {
		return 0, 0, err
	}
	var answer [8]byte
	if err := c.single([]byte{0x25, 9: 0}, answer[:]); err != nil { // READ CAPACITY (10)
		return 0, 0, err
	}
	sectorBytes = int(be.Uint32(answer[4:]))
	if sectorBytes < 512 || sectorBytes > 4096 {
		return 0, 0, fmt.Errorf("the unit has sectors of %d bytes", sectorBytes)
	}
	return (int64(be.Uint32(answer[:])) + 1) * int64(sectorBytes), sectorBytes, nil
}

// close logs out, best effort.
func (c *conn) close() {
	var h bhs
	h[0], h[1] = opLogout|immediate, flagFinal
	h.setWord(24, c.cmdSN)
	h.setWord(28, c.expStatSN)
	if c.putPDU(&h, nil) == nil && c.flush() == nil {
		_, _ = c.header()
	}
	_ = c.file.Close()
}
