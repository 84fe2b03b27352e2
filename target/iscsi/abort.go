package iscsi

import "sync/atomic"

// AbortWait waits for commands that were aborted. Its maker counts as one, and
// calls End when all others are counted.
type AbortWait struct {
	left atomic.Int32
	done func() // must neither block nor take a lock of a connection
}

// NewAbortWait calls done when everything has ended.
func NewAbortWait(done func()) *AbortWait {
	w := &AbortWait{done: done}
	w.left.Store(1)
	return w
}

// End is called once by the maker.
func (w *AbortWait) End() {
	if w.left.Add(-1) == 0 {
		w.done()
	}
}

// abortTasks aborts the commands of this session that match. One that waits
// for something is gone at once; one that runs ends without a response; one
// whose response waits to be sent is over already.
func (c *conn) abortTasks(w *AbortWait, match func(*command) bool) (found int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cmd := range c.tasks {
		if !match(cmd) {
			continue
		}
		found++
		switch cmd.state {
		case idle:
			c.dequeue(cmd)
			c.dispose(cmd)
		case busy:
			cmd.aborted = true
			cmd.Abort()
			w.left.Add(1)
			cmd.aborts = append(cmd.aborts, w)
		}
	}
	return found
}

// taskRequest serves task management functions (RFC 7143, 11.5). The response
// follows when no affected task runs any more.
func (c *conn) taskRequest(header, _ []byte) error {
	var p TaskRequest
	if err := p.Decode(header); err != nil {
		return err
	}
	c.batch.Submit() // what is to be aborted must be able to end
	lun, valid := p.LUN.Number()
	exists := valid && c.session.units[lun] != nil
	switch {
	case p.Function == AbortTask:
		c.abortTask(&p)
	case p.Function == TaskReassign:
		c.taskResponse(p.ITT, taskNoReassign)
	case p.Function < AbortTask || p.Function > TaskReassign || p.Function == ClearACA:
		c.taskResponse(p.ITT, taskNotSupported)
	case p.Function <= LUNReset && !exists:
		c.taskResponse(p.ITT, taskNoSuchLUN)
	case p.Function == AbortTaskSet:
		w := NewAbortWait(func() { c.taskResponse(p.ITT, taskComplete) })
		c.session.AbortTasks(lun, false, w)
		w.End()
	default:
		c.dir.ResetTarget(c.session, p.Function, lun, func() { c.taskResponse(p.ITT, taskComplete) })
	}
	return nil
}

// abortTask answers "does not exist" for a task that is not there: commands on
// the only connection come in order, so none is still to come (RFC 7143, 11.6.1).
func (c *conn) abortTask(p *TaskRequest) {
	w := NewAbortWait(func() { c.taskResponse(p.ITT, taskComplete) })
	found := c.abortTasks(w, func(cmd *command) bool {
		return cmd.pdu.ITT == p.ReferencedTag && cmd.pdu.LUN == p.LUN
	})
	if found > 0 {
		w.End()
		return
	}
	c.taskResponse(p.ITT, taskDoesNotExist)
}

// taskResponse may be called with a connection's lock held.
func (c *conn) taskResponse(itt uint32, response byte) {
	r := TaskResponse{ITT: itt, Response: response}
	c.send.pushControl(r.Encode(nil), nil, true)
	c.send.awake()
}
