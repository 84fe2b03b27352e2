package iscsi

import "time"

// startPings finds initiators that are gone without a word: after a silence
// comes a NOP-In, after another the end of the connection.
func (c *conn) startPings() {
	c.heard.Store(time.Now().UnixNano())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(c.limits.PingAfter, c.ping)
}

// ping runs on the timer's goroutine and does not block.
func (c *conn) ping() {
	silence := time.Duration(time.Now().UnixNano() - c.heard.Load())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.timer == nil {
		return
	}
	switch {
	case silence < c.limits.PingAfter:
		c.timer.Reset(c.limits.PingAfter - silence)
		return
	case silence >= c.limits.PingAfter+c.limits.PingTimeout:
		c.log.Info("iSCSI initiator is silent, ending its session", "peer", c.nc.RemoteAddr())
		c.end()
		return
	}
	p := NopIn{ITT: noTag, TTT: c.reserveTags(1)}
	c.send.pushControl(p.Encode(nil), nil, false)
	c.send.awake()
	c.timer.Reset(c.limits.PingTimeout)
}

func (c *conn) stopPings() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer.Stop()
	c.timer = nil
}
