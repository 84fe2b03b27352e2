package nbd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// Export is what the client sees. Calls come one after the other, within Size.
type Export struct {
	Size int64

	// Read fills p.
	Read func(p []byte, off int64) error

	// Extent says whether the n bytes from off on are a hole, n > 0; nil when
	// that is not known.
	Extent func(off int64) (n int64, hole bool, err error)

	// Write, Zero and Flush change the export; all nil makes it read-only.
	Write func(p []byte, off int64) error
	Zero  func(off, n int64) error
	Flush func() error
}

// conn is one connection.
type conn struct {
	x          Export
	r          *bufio.Reader
	w          io.Writer
	structured bool   // replies to reads are chunks
	status     bool   // base:allocation was agreed on
	buf        []byte // a reply's header and one piece
	failed     error  // first error of the export
}

// headRoom is the longest header of a reply that has data behind it.
const headRoom = 28

// Serve serves x until the client has gone. It returns the first error that x
// gave, or how the client broke the protocol.
func Serve(rw io.ReadWriter, x Export) error {
	c := &conn{x: x, r: bufio.NewReaderSize(rw, 64<<10), w: rw, buf: make([]byte, headRoom+pieceSize)}
	err := c.handshake()
	for err == nil {
		err = c.next()
	}
	switch {
	case c.failed != nil:
		return c.failed
	case errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE):
		return nil // it hung up; whether it was done its owner knows
	}
	return err
}

// request is one command.
type request struct {
	kind   uint16
	handle uint64
	off    int64
	n      uint32
}

// next serves one request; an error ends the connection.
func (c *conn) next() error {
	head := c.buf[:28]
	if _, err := io.ReadFull(c.r, head); err != nil {
		return err
	}
	if be.Uint32(head) != magicRequest {
		return fmt.Errorf("%w: request", errProtocol)
	}
	q := request{kind: be.Uint16(head[6:]), handle: be.Uint64(head[8:]), off: int64(be.Uint64(head[16:])), n: be.Uint32(head[24:])}
	inside := q.off >= 0 && q.off <= c.x.Size && int64(q.n) <= c.x.Size-q.off
	switch {
	case q.kind == cmdDisconnect:
		return io.EOF
	case q.kind == cmdWrite:
		return c.write(q, inside)
	case !inside:
		return c.end(q, eInval)
	case q.kind == cmdRead && q.n <= maxRequest:
		return c.read(q)
	case q.kind == cmdBlockStatus && c.status && q.n > 0:
		return c.blockStatus(q)
	}
	return c.change(q)
}

// change does what carries no data.
func (c *conn) change(q request) error {
	switch {
	case q.kind != cmdFlush && q.kind != cmdTrim && q.kind != cmdWriteZeroes:
		return c.end(q, eInval)
	case c.x.Write == nil:
		return c.end(q, ePerm)
	case q.kind == cmdFlush:
		return c.end(q, c.code(c.x.Flush()))
	}
	return c.end(q, c.code(c.x.Zero(q.off, int64(q.n))))
}

// write takes the data piece by piece; after an error it takes it all the same.
func (c *conn) write(q request, inside bool) error {
	if q.n > maxRequest {
		return fmt.Errorf("%w: a write of %d bytes", errProtocol, q.n)
	}
	var code uint32
	switch {
	case c.x.Write == nil:
		code = ePerm
	case !inside:
		code = eNoSpc
	}
	for done := uint32(0); done < q.n; {
		p := c.buf[:min(pieceSize, q.n-done)]
		if _, err := io.ReadFull(c.r, p); err != nil {
			return err
		}
		if code == 0 {
			code = c.code(c.x.Write(p, q.off+int64(done)))
		}
		done += uint32(len(p))
	}
	return c.end(q, code)
}

// code is the protocol's number for an error, which is kept.
func (c *conn) code(err error) uint32 {
	switch {
	case err == nil:
		return 0
	case c.failed == nil:
		c.failed = err
	}
	if errors.Is(err, syscall.ENOSPC) {
		return eNoSpc
	}
	return eIO
}
