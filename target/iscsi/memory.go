package iscsi

// provide gives a busy command a buffer of that size, or parks it until there
// is memory. False: somebody else goes on with the command.
func (c *conn) provide(cmd *command, size int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.memWaitFirst == nil && c.replaceBuffer(cmd, size) {
		return true
	}
	if !c.park(cmd) {
		return false
	}
	if c.memWaitLast == nil {
		c.memWaitFirst = cmd
	} else {
		c.memWaitLast.queued = cmd
	}
	c.memWaitLast = cmd
	return false
}

// replaceBuffer takes a larger buffer, if the limit allows, with what the
// smaller one holds. Called with mu held.
func (c *conn) replaceBuffer(cmd *command, size int) bool {
	if c.memory+bufferSize(size) > c.limits.Memory {
		return false
	}
	old := cmd.buf
	cmd.buf = getBuffer(size)
	c.memory += int64(len(cmd.buf.data))
	if old != nil {
		copy(cmd.buf.data, old.data[:min(cmd.received, len(old.data))])
		c.memory -= int64(len(old.data))
		putBuffer(old)
	}
	return true
}

// firstBuffer gives room for what the initiator sends without being asked.
// That is bounded by the window and the first burst, and never waits; when
// there is memory, it is room for everything.
func (c *conn) firstBuffer(cmd *command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.memWaitFirst == nil && c.replaceBuffer(cmd, cmd.need) {
		return
	}
	cmd.buf = getBuffer(min(cmd.need, ourFirstBurst))
	c.memory += int64(len(cmd.buf.data))
}

// releaseBuffer is called with mu held.
func (c *conn) releaseBuffer(cmd *command) {
	if cmd.buf != nil {
		c.memory -= int64(len(cmd.buf.data))
		putBuffer(cmd.buf)
		cmd.buf = nil
	}
}

// resume goes on with commands that waited for memory, in their order.
func (c *conn) resume() {
	for {
		cmd := c.nextWaiting()
		if cmd == nil {
			return
		}
		c.proceed(cmd, nil)
	}
}

func (c *conn) nextWaiting() *command {
	c.mu.Lock()
	defer c.mu.Unlock()
	cmd := c.memWaitFirst
	if cmd == nil || c.closed || !c.replaceBuffer(cmd, max(cmd.need, int(cmd.NeedsIn()))) {
		return nil
	}
	c.dequeue(cmd)
	cmd.state = busy
	return cmd
}

// dequeue takes a command out of the list of those that wait for memory, if it
// is in it. Called with mu held.
func (c *conn) dequeue(cmd *command) {
	var before *command
	for p := c.memWaitFirst; p != nil; before, p = p, p.queued {
		if p != cmd {
			continue
		}
		if before == nil {
			c.memWaitFirst = p.queued
		} else {
			before.queued = p.queued
		}
		if c.memWaitLast == p {
			c.memWaitLast = before
		}
		p.queued = nil
		return
	}
}
