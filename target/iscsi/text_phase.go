package iscsi

import (
	"slices"
	"strconv"
)

// textPhase is the text negotiation under way in the full feature phase; there
// is one at a time.
type textPhase struct {
	in   []byte // of a request that goes on
	left []byte // of a response that goes on
	ttt  uint32 // names the response that goes on
}

// textRequest takes one PDU of a request (RFC 7143, 11.10).
func (c *conn) textRequest(header, data []byte) error {
	var p TextRequest
	if err := p.Decode(header); err != nil {
		return err
	}
	t := &c.text
	switch {
	case p.TTT == noTag:
		t.left, t.ttt = nil, noTag // a new one resets the old one
	case p.TTT != t.ttt:
		c.reject(RejectProtocol)
		return nil
	case len(t.left) > 0:
		c.sendText(&p)
		return nil
	}
	if t.in = append(t.in, data...); len(t.in) > maxLoginText {
		t.in = nil
		c.reject(RejectOutOfResources)
		return nil
	}
	if p.Continue {
		c.sendText(&p)
		return nil
	}
	pairs, err := parseText(t.in)
	t.in = nil
	if err != nil {
		return err
	}
	t.left = c.answerText(pairs)
	c.sendText(&p)
	return nil
}

// sendText sends as much of the response as the initiator takes in one PDU.
func (c *conn) sendText(p *TextRequest) {
	t := &c.text
	n := min(len(t.left), int(c.maxRecv.Load()))
	r := TextResponse{LUN: p.LUN, ITT: p.ITT, TTT: noTag, DataLength: n}
	r.Continue = n < len(t.left)
	r.Final = !r.Continue && p.Final
	if !r.Final {
		if t.ttt == noTag {
			c.mu.Lock()
			t.ttt = c.reserveTags(1)
			c.mu.Unlock()
		}
		r.TTT = t.ttt
	} else {
		t.ttt = noTag
	}
	c.send.pushControl(r.Encode(nil), t.left[:n:n], true)
	t.left = t.left[n:]
}

// answerText serves SendTargets and what may be negotiated anew.
func (c *conn) answerText(pairs []pair) []byte {
	var b []byte
	for _, p := range pairs {
		switch p.key {
		case "SendTargets":
			b = c.sendTargets(b, p.value)
		case "MaxRecvDataSegmentLength":
			if n, err := strconv.Atoi(p.value); err != nil || n < minSegment || n > maxSegment {
				b = appendPair(b, p.key, answerReject)
			} else {
				c.maxRecv.Store(int32(n))
			}
		default:
			b = appendPair(b, p.key, answerNotUnderstood)
		}
	}
	return b
}

// sendTargets is discovery (RFC 7143, appendix C): all, one by its name, or in
// a normal session the one that it is for.
func (c *conn) sendTargets(b []byte, which string) []byte {
	s := c.session
	if which == "All" && !s.Discovery {
		return appendPair(b, "SendTargets", answerReject)
	}
	if which == "" {
		which = s.Target
	}
	names := c.dir.Targets(s.Initiator)
	if which != "All" {
		if !slices.Contains(names, normalName(which)) {
			return b
		}
		names = []string{normalName(which)}
	}
	address := c.nc.LocalAddr().String() + "," + portalGroup
	for _, name := range names {
		b = appendPair(b, "TargetName", name)
		b = appendPair(b, "TargetAddress", address)
	}
	return b
}
