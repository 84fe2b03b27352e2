package iscsi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/clinker-io/clinker/target/scsi"
)

// conn is one connection, and with it the session that has no other.
//
//	login ──► full feature phase ──► ending ──► gone
//	  └────────────────────────────────┘
//
// Its goroutines: the receiver, which is the caller of Serve, and the writer,
// which sends what cannot be sent at once. Devices call TaskDone.
type conn struct {
	nc     net.Conn
	dir    Directory
	limits Limits
	log    *slog.Logger
	send   *sender

	// of the receiver
	r       *reader
	batch   scsi.Batch
	params  Params
	session *Session
	pdu     SCSICommand // that is being decoded
	dataOut DataOut
	header  [bhsLength]byte // of the PDU that is being received
	text    textPhase
	leaving bool // logged out
	nextTTT uint32

	maxRecv atomic.Int32 // longest data segment that the initiator takes now
	heard   atomic.Int64 // unix nanoseconds of the last sign of life
	ended   atomic.Bool  // the connection was closed by us
	timer   *time.Timer  // pings

	mu           sync.Mutex
	tasks        map[uint32]*command // by initiator task tag
	free         []*command
	live         int // commands that are not free
	active       int // of the window
	immediates   int
	expCmdSN     uint32
	heldBack     map[uint32]heldRequest // requests before their turn, by CmdSN
	memory       int64                  // bytes of buffers in use
	memWaitFirst *command
	memWaitLast  *command
	closed       bool
	none         sync.Cond // live is 0
}

// Serve runs a connection until it ends. When it returns, nothing of it is
// left: no goroutine, no task, no session.
func Serve(nc net.Conn, dir Directory, limits Limits, log *slog.Logger) {
	c := &conn{nc: nc, dir: dir, limits: limits.withDefaults(), log: log,
		tasks: make(map[uint32]*command), heldBack: make(map[uint32]heldRequest)}
	c.none.L = &c.mu
	c.send = newSender(c)
	c.r = newReader(nc, c.endBatch)
	c.text.ttt = noTag
	s, err := c.login()
	if err != nil {
		_ = nc.Close()
		if !disconnected(err) {
			log.Info("iSCSI login failed", "peer", nc.RemoteAddr(), "initiator", s.Initiator, "target", s.Target, "err", err)
		}
		return
	}
	c.serveSession(s)
}

func (c *conn) serveSession(s *Session) {
	log := c.log.With("initiator", s.Initiator, "target", s.Target, "peer", c.nc.RemoteAddr())
	log.Debug("iSCSI session began", "tsih", s.TSIH)
	c.send.start()
	c.startPings()
	err := c.receive()
	c.stopPings()
	if c.leaving {
		c.lastWords()
	}
	c.teardown()
	if !s.Discovery {
		c.dir.Leave(s)
	}
	close(s.done)
	if err != nil && !disconnected(err) && !c.ended.Load() {
		log.Warn("iSCSI session broke", "err", err)
	} else {
		log.Debug("iSCSI session ended", "err", err)
	}
}

// disconnected is the ordinary end of a connection.
func disconnected(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, context.Canceled) || errors.Is(err, io.ErrUnexpectedEOF)
}

// end closes the socket; the receiver does the rest.
func (c *conn) end() {
	c.ended.Store(true)
	_ = c.nc.Close()
}

const lingerTime = 2 * time.Second

// lastWords lets what is queued reach the initiator, which then closes.
func (c *conn) lastWords() {
	_ = c.nc.SetDeadline(time.Now().Add(lingerTime))
	c.send.flush()
	half, ok := c.nc.(interface{ CloseWrite() error })
	if ok && half.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, c.nc, maxControlBytes)
	}
}

// teardown waits for whatever is under way.
func (c *conn) teardown() {
	c.batch.Submit()
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	_ = c.nc.Close()
	c.send.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.heldBack)
	c.memWaitFirst, c.memWaitLast = nil, nil
	for _, cmd := range c.tasks {
		if cmd.state == busy {
			cmd.aborted = true
			cmd.Abort()
		} else {
			c.dispose(cmd)
		}
	}
	for _, cmd := range c.send.abandoned() {
		c.dispose(cmd)
	}
	for c.live > 0 {
		c.none.Wait()
	}
}

// kick goes on with everything that can go on. Not called with mu held.
func (c *conn) kick() {
	c.resume()
	c.send.kick()
}

// endBatch is called before the receiver may block.
func (c *conn) endBatch() {
	c.heard.Store(time.Now().UnixNano()) // what came until now
	c.batch.Submit()
	c.kick()
}

// protocolError ends the connection: with error recovery level 0 there is
// nothing else to do (RFC 7143, 7.1.5).
type protocolError struct{ reason string }

func (e *protocolError) Error() string { return "iscsi: protocol error: " + e.reason }

func protocol(reason string) error { return &protocolError{reason} }
