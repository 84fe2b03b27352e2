package nbd

import (
	"encoding/binary"
	"fmt"
	"io"
)

var be = binary.BigEndian

// handshake agrees with the client on the only export.
func (c *conn) handshake() error {
	hello := be.AppendUint64(nil, magicServer)
	hello = be.AppendUint64(hello, magicOption)
	hello = be.AppendUint16(hello, fixedNewstyle|noZeroes)
	if _, err := c.w.Write(hello); err != nil {
		return err
	}
	var flags [4]byte
	if _, err := io.ReadFull(c.r, flags[:]); err != nil {
		return err
	}
	for range maxOptions {
		option, data, err := c.readOption()
		if err != nil {
			return err
		}
		if done, err := c.answer(option, data, be.Uint32(flags[:])); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: too many options", errProtocol)
}

func (c *conn) readOption() (option uint32, data []byte, err error) {
	var head [16]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := be.Uint32(head[12:])
	if be.Uint64(head[:]) != magicOption || n > maxOption {
		return 0, nil, fmt.Errorf("%w: option", errProtocol)
	}
	data = make([]byte, n)
	_, err = io.ReadFull(c.r, data)
	return be.Uint32(head[8:]), data, err
}

// answer replies to one option; done when transmission follows.
func (c *conn) answer(option uint32, data []byte, flags uint32) (done bool, err error) {
	switch option {
	case optExportName:
		return true, c.exportName(flags)
	case optAbort:
		_ = c.reply(option, repAck, nil)
		return false, io.EOF
	case optInfo, optGo:
		return option == optGo, c.info(option)
	case optStructured:
		c.structured = true
		return false, c.reply(option, repAck, nil)
	case optSetMeta:
		return false, c.setMeta(data)
	}
	return false, c.reply(option, repUnsup, nil)
}

func (c *conn) reply(option, kind uint32, data []byte) error {
	b := be.AppendUint64(nil, magicReply)
	b = be.AppendUint32(b, option)
	b = be.AppendUint32(b, kind)
	b = be.AppendUint32(b, uint32(len(data)))
	_, err := c.w.Write(append(b, data...))
	return err
}

// flags are what the export can do.
func (c *conn) flags() uint16 {
	if c.x.Write == nil {
		return hasFlags | readOnly
	}
	return hasFlags | sendFlush | sendTrim | sendZeroes
}

// exportName is how clients without NBD_OPT_GO end the handshake.
func (c *conn) exportName(flags uint32) error {
	b := be.AppendUint64(nil, uint64(c.x.Size))
	b = be.AppendUint16(b, c.flags())
	if flags&noZeroes == 0 {
		b = append(b, make([]byte, 124)...)
	}
	_, err := c.w.Write(b)
	return err
}

// info tells size, flags and block sizes; any name is the export.
func (c *conn) info(option uint32) error {
	b := be.AppendUint16(nil, infoExport)
	b = be.AppendUint64(b, uint64(c.x.Size))
	if err := c.reply(option, repInfo, be.AppendUint16(b, c.flags())); err != nil {
		return err
	}
	b = be.AppendUint16(nil, infoSize)
	b = be.AppendUint32(b, 1)
	b = be.AppendUint32(b, 64<<10)
	if err := c.reply(option, repInfo, be.AppendUint32(b, maxRequest)); err != nil {
		return err
	}
	return c.reply(option, repAck, nil)
}

// setMeta grants base:allocation: what is a hole.
func (c *conn) setMeta(data []byte) error {
	queries, ok := metaQueries(data)
	if !ok || !c.structured {
		return c.reply(optSetMeta, repInvalid, nil)
	}
	c.status = false
	for _, q := range queries {
		if q != metaContext || c.status || c.x.Extent == nil {
			continue
		}
		c.status = true
		if err := c.reply(optSetMeta, repMeta, append(be.AppendUint32(nil, metaID), q...)); err != nil {
			return err
		}
	}
	return c.reply(optSetMeta, repAck, nil)
}

// metaQueries are the contexts that a client names, behind the export's name.
func metaQueries(data []byte) (queries []string, ok bool) {
	if _, data, ok = cutString(data); !ok || len(data) < 4 {
		return nil, false
	}
	n := be.Uint32(data)
	data = data[4:]
	for range min(n, maxOption) {
		var q string
		if q, data, ok = cutString(data); !ok {
			return nil, false
		}
		queries = append(queries, q)
	}
	return queries, len(data) == 0
}

// cutString takes a string with its length before it.
func cutString(data []byte) (s string, rest []byte, ok bool) {
	if len(data) < 4 {
		return "", nil, false
	}
	n := be.Uint32(data)
	if data = data[4:]; uint64(n) > uint64(len(data)) {
		return "", nil, false
	}
	return string(data[:n]), data[n:], true
}
