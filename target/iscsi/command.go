package iscsi

import "github.com/clinker-io/clinker/target/scsi"

// state is where a command is. Who may touch it follows from it: an idle one
// belongs to whoever holds conn.mu, a busy one to the goroutine or the device
// that works on it, a ready and a retired one to the sender.
//
//	           ┌────────────── idle ◄─┐ waits for data, for memory, or for
//	           ▼                      │ a command with a lower CmdSN
//	received ─► busy ─────────────────┘
//	             │  └─ aborted ─► gone, no response
//	             ▼
//	           ready ─► retired, its tag is free ─► response sent ─► gone
type state uint8

const (
	busy state = iota
	idle
	ready
	retired
)

// command is a SCSI command with its data. It is reused by its connection.
type command struct {
	scsi.Task
	c   *conn
	pdu SCSICommand

	// under conn.mu
	state   state
	aborted bool
	held    bool         // commands before it have not come yet
	counted bool         // takes a place in the window
	aborts  []*AbortWait // who waits for its end
	queued  *command     // next that waits for memory

	// of whoever owns the command by its state
	buf         *buffer
	early       bool // over before its data came
	unsolicited bool // more unsolicited data are to come
	need        int  // bytes of data-out that it uses
	received    int  // bytes of data-out that came, used or not
	dataSN      uint32
	r2tBase     int    // offset of the first R2T
	r2tSN       uint32 // next to send
	r2tDone     uint32 // answered completely
	firstTTT    uint32

	// of the sender
	sent     int    // bytes of data-in
	dataInSN uint32 // Data-In PDUs sent
	burst    int    // bytes of the present sequence
}

// reset prepares for the PDU that has just been decoded into cmd.pdu.
func (cmd *command) reset() {
	cmd.Task.Reset()
	cmd.CDB = cmd.pdu.CDB
	cmd.state, cmd.aborted, cmd.held, cmd.queued = busy, false, false, nil
	cmd.early, cmd.unsolicited, cmd.need, cmd.received = false, false, 0, 0
	cmd.dataSN, cmd.r2tBase, cmd.r2tSN, cmd.r2tDone, cmd.firstTTT = 0, 0, 0, 0, 0
	cmd.sent, cmd.dataInSN, cmd.burst = 0, 0, 0
}

// TaskDone is called by the device server, from any goroutine.
func (cmd *command) TaskDone(*scsi.Task) {
	c := cmd.c
	c.finish(cmd)
	c.kick()
}

// finish ends a busy command: its response is queued.
func (c *conn) finish(cmd *command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cmd.aborted || c.closed {
		c.dispose(cmd)
		return
	}
	cmd.state = ready
	c.send.push(outgoing{cmd: cmd})
}

// park leaves a busy command until something happens. False: it was aborted
// meanwhile and is gone. Called with mu held.
func (c *conn) park(cmd *command) bool {
	if cmd.aborted || c.closed {
		c.dispose(cmd)
		return false
	}
	cmd.state = idle
	return true
}

// retire frees the tag and the place in the window: the initiator may use both
// again as soon as it sees the response. Called with mu held.
func (c *conn) retire(cmd *command) {
	delete(c.tasks, cmd.pdu.ITT)
	if cmd.pdu.Immediate {
		c.immediates--
	}
	if cmd.counted {
		c.active--
	}
	cmd.state = retired
}

// dispose forgets a command and gives back what it holds. Called with mu held.
func (c *conn) dispose(cmd *command) {
	if cmd.held {
		c.heldBack[cmd.pdu.CmdSN] = heldRequest{} // its turn passes
	}
	if cmd.state != retired {
		c.retire(cmd)
	}
	c.releaseBuffer(cmd)
	for i, w := range cmd.aborts {
		cmd.aborts[i] = nil
		w.End()
	}
	cmd.aborts = cmd.aborts[:0]
	c.free = append(c.free, cmd)
	if c.live--; c.live == 0 {
		c.none.Broadcast()
	}
}

// proceed goes on with a busy command for which all that was asked for is
// here: it asks for more data, waits for memory, or runs. IOs may wait in b.
func (c *conn) proceed(cmd *command, b *scsi.Batch) {
	if cmd.early {
		c.finish(cmd)
		return
	}
	size := int(cmd.NeedsIn())
	if cmd.need > 0 {
		size = cmd.need
	}
	if size > 0 && (cmd.buf == nil || len(cmd.buf.data) < size) && !c.provide(cmd, size) {
		return
	}
	if cmd.received < cmd.need {
		c.solicit(cmd)
		return
	}
	if cmd.need > 0 {
		cmd.Out = cmd.buf.data[:cmd.need]
	} else if size > 0 {
		cmd.In = cmd.buf.data[:size]
	}
	if cmd.Run(b) {
		c.finish(cmd)
	}
}
