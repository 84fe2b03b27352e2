package iscsi

import "github.com/clinker-io/clinker/target/scsi"

// chunk is what one system call sends: headers, digests and padding in the
// arena, data where they are.
type chunk struct {
	arena        []byte // never grows: vectors point into it
	vectors      [][]byte
	left         [][]byte // of vectors, what is not sent yet
	size         int
	inArena      bool // the last vector ends where the arena ends
	ended        []*command
	control      int32
	controlBytes int32
}

func (k *chunk) empty() bool { return len(k.left) == 0 }

func (k *chunk) reset() {
	clear(k.vectors)
	k.arena, k.vectors, k.left = k.arena[:0], k.vectors[:0], nil
	k.size, k.inArena, k.control, k.controlBytes = 0, false, 0, 0
}

// full leaves room for one more PDU with digests.
func (k *chunk) full() bool {
	return cap(k.arena)-len(k.arena) < 2*bhsLength+64 || len(k.vectors) > sendVectors-4 || k.size >= sendChunk
}

// arenaFrom adds what was appended to the arena since it had n bytes.
func (k *chunk) arenaFrom(n int) {
	if n == len(k.arena) {
		return
	}
	k.size += len(k.arena) - n
	if last := len(k.vectors) - 1; k.inArena {
		start := n - len(k.vectors[last])
		k.vectors[last] = k.arena[start:len(k.arena):len(k.arena)]
		return
	}
	k.vectors = append(k.vectors, k.arena[n:len(k.arena):len(k.arena)])
	k.inArena = true
}

func (k *chunk) data(b []byte) {
	k.vectors = append(k.vectors, b)
	k.size += len(b)
	k.inArena = false
}

// build fills an empty chunk with what was taken from the queue.
func (s *sender) build() {
	k := &s.out
	for s.pos < len(s.taken) && !k.full() {
		o := &s.taken[s.pos]
		if o.cmd == nil {
			s.buildControl(o)
		} else if !s.buildCommand(o.cmd) {
			break // the chunk is full in the midst of its data
		}
		s.pos++
	}
	k.left = k.vectors
}

// sequence is called with c.mu held.
func (s *sender) sequence() Sequence {
	return Sequence{s.statSN, s.c.expCmdSN, s.c.maxCmdSN()}
}

func (s *sender) buildControl(o *outgoing) {
	c := s.c
	c.mu.Lock()
	q := s.sequence()
	c.mu.Unlock()
	if o.stat {
		s.statSN++
	}
	q.encode(o.bhs[:])
	n := len(s.out.arena)
	s.out.arena = append(s.out.arena, o.bhs[:]...)
	s.segment(n, o.data)
	if !o.isR2T {
		s.out.control++
		s.out.controlBytes += int32(len(o.data))
	}
}

// segment completes a PDU whose header lies in the arena from n on.
func (s *sender) segment(n int, data []byte) {
	k, p := &s.out, &s.c.params
	if p.HeaderDigest {
		k.arena = appendDigest(k.arena, digestOf(k.arena[n:]))
	}
	if len(data) == 0 {
		k.arenaFrom(n)
		return
	}
	if len(data) <= senseSegment+4 { // not worth a vector
		k.arena = append(k.arena, data...)
		k.arenaFrom(n)
	} else {
		k.arenaFrom(n)
		k.data(data)
	}
	n = len(k.arena)
	crc := uint32(0)
	if p.DataDigest {
		crc = digestOf(data)
	}
	for range padding(len(data)) {
		k.arena = append(k.arena, 0)
	}
	if p.DataDigest {
		k.arena = appendDigest(k.arena, digestMore(crc, k.arena[n:]))
	}
	k.arenaFrom(n)
}

// buildCommand adds the response of a command. False: more of it is to come in
// the next chunk.
func (s *sender) buildCommand(cmd *command) bool {
	for cmd.sent < len(cmd.In) {
		if s.out.full() {
			return false
		}
		if s.buildDataIn(cmd) {
			s.out.ended = append(s.out.ended, cmd)
			return true
		}
	}
	if s.out.full() {
		return false
	}
	s.buildResponse(cmd)
	s.out.ended = append(s.out.ended, cmd)
	return true
}

// buildDataIn adds one Data-In. True: it carries the status too (RFC 7143,
// 11.7.3: only without sense data).
func (s *sender) buildDataIn(cmd *command) bool {
	c := s.c
	n := min(len(cmd.In)-cmd.sent, int(c.maxRecv.Load()), c.params.MaxBurst-cmd.burst)
	p := DataIn{LUN: cmd.pdu.LUN, ITT: cmd.pdu.ITT, TTT: noTag, DataSN: cmd.dataInSN,
		BufferOffset: uint32(cmd.sent), DataLength: n}
	data := cmd.In[cmd.sent : cmd.sent+n]
	cmd.sent += n
	cmd.burst += n
	cmd.dataInSN++
	last := cmd.sent == len(cmd.In)
	p.Final = last || cmd.burst == c.params.MaxBurst
	if p.Final {
		cmd.burst = 0
	}
	p.HasStatus = last && cmd.Status == scsi.Good
	c.mu.Lock()
	if p.HasStatus {
		c.retire(cmd)
		p.Residual = residual(cmd.pdu.Expected, cmd.Want)
	}
	p.Sequence = s.sequence()
	c.mu.Unlock()
	if p.HasStatus {
		s.statSN++
	} else {
		p.StatSN = 0
	}
	start := len(s.out.arena)
	s.out.arena = p.Encode(s.out.arena)
	s.segment(start, data)
	return p.HasStatus
}

func (s *sender) buildResponse(cmd *command) {
	c := s.c
	p := SCSIResponse{Status: byte(cmd.Status), ITT: cmd.pdu.ITT, ExpDataSN: cmd.dataInSN + cmd.r2tSN}
	var data []byte
	want := cmd.Want
	if cmd.Status == scsi.CheckCondition {
		s.sense[1] = senseSegment - 2
		data = cmd.Sense.AppendFixed(s.sense[:2])
		p.DataLength = len(data)
	}
	if cmd.Status != scsi.Good {
		want = int64(cmd.sent) // nothing else was moved
	}
	if cmd.pdu.Read || cmd.pdu.Write || want > 0 {
		p.Residual = residual(cmd.pdu.Expected, want)
	}
	c.mu.Lock()
	c.retire(cmd)
	p.Sequence = s.sequence()
	c.mu.Unlock()
	s.statSN++
	start := len(s.out.arena)
	s.out.arena = p.Encode(s.out.arena)
	s.segment(start, data)
}
