package iscsi

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// outgoing is a response that waits to be sent.
type outgoing struct {
	cmd   *command // a SCSI response with its data, or
	bhs   [bhsLength]byte
	data  []byte
	stat  bool // uses up a StatSN
	isR2T bool
}

// sender sends what is ready, all of it with one system call. Whoever finds
// nobody sending sends, and goes on with what others add meanwhile; it never
// waits for the socket: what the socket does not take at once, the writer
// goroutine sends.
type sender struct {
	c       *conn
	control atomic.Int32  // responses other than to commands in queue
	bytes   atomic.Int32  // of their data
	handoff chan struct{} // the writer becomes the one who sends
	wake    chan struct{} // the writer looks for work
	quit    chan struct{}
	writer  sync.WaitGroup

	mu      sync.Mutex // a leaf: nothing is locked under it
	queue   []outgoing
	sending bool // somebody owns the fields below
	broken  bool
	change  sync.Cond

	// of the one who sends
	statSN  uint32
	taken   []outgoing // from queue
	pos     int        // next of taken
	out     chunk
	sense   [senseSegment]byte // of a response, while it is built
	sockets nonBlocking
}

func newSender(c *conn) *sender {
	s := &sender{c: c, handoff: make(chan struct{}, 1), wake: make(chan struct{}, 1), quit: make(chan struct{})}
	s.change.L = &s.mu
	return s
}

// start begins the full feature phase.
func (s *sender) start() {
	s.out.arena = make([]byte, 0, sendArena)
	s.sockets.open(s.c.nc)
	s.writer.Go(s.write)
}

// write is the writer goroutine: it waits for the socket.
func (s *sender) write() {
	for {
		select {
		case <-s.handoff:
			s.run(true)
		case <-s.wake:
			s.c.kick()
		case <-s.quit:
			select {
			case <-s.handoff:
				s.run(true)
			default:
			}
			return
		}
	}
}

// push queues a response; somebody has to kick.
func (s *sender) push(o outgoing) {
	s.mu.Lock()
	s.queue = append(s.queue, o)
	s.mu.Unlock()
}

// pushControl queues a response that is no answer to a command.
func (s *sender) pushControl(bhs, data []byte, stat bool) {
	s.control.Add(1)
	s.bytes.Add(int32(len(data)))
	o := outgoing{data: data, stat: stat}
	copy(o.bhs[:], bhs)
	s.push(o)
}

func (s *sender) pushR2T(p *R2T) {
	o := outgoing{isR2T: true}
	p.Encode(o.bhs[:0])
	s.push(o)
}

// awake has the writer send: for callers that must not.
func (s *sender) awake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *sender) crowded() bool {
	return s.control.Load() > maxControl || s.bytes.Load() > maxControlBytes
}

// waitForRoom waits until the initiator has taken some of its answers.
func (s *sender) waitForRoom() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.crowded() && !s.broken {
		s.change.Wait()
	}
	if s.broken {
		return net.ErrClosed
	}
	return nil
}

// kick sends, unless somebody does already.
func (s *sender) kick() {
	s.mu.Lock()
	mine := !s.sending && !s.broken && len(s.queue) > 0
	if mine {
		s.sending = true
	}
	s.mu.Unlock()
	if mine {
		s.run(false)
	}
}

// run sends until nothing is left.
func (s *sender) run(mayWait bool) {
	for {
		if s.out.empty() && !s.fill() {
			return
		}
		n, err := s.sockets.write(&s.out, s.c.nc, mayWait)
		if n > 0 && mayWait { // room in the socket alone is no sign of life
			s.c.heard.Store(time.Now().UnixNano())
		}
		if err != nil {
			s.fail()
			return
		}
		if s.out.empty() {
			s.written()
		} else if !mayWait {
			s.handoff <- struct{}{} // has room: only the one who sends puts something in
			return
		}
	}
}

// fill builds the next chunk. False: there is nothing, and nobody sends.
func (s *sender) fill() bool {
	for s.pos == len(s.taken) {
		clear(s.taken)
		s.taken, s.pos = s.taken[:0], 0
		s.mu.Lock()
		if len(s.queue) == 0 || s.broken {
			s.sending = false
			s.change.Broadcast()
			s.mu.Unlock()
			return false
		}
		s.taken, s.queue = s.queue, s.taken
		s.mu.Unlock()
	}
	s.build()
	return true
}

// written gives back what the chunk held.
func (s *sender) written() {
	if len(s.out.ended) > 0 {
		s.c.mu.Lock()
		for i, cmd := range s.out.ended {
			s.c.dispose(cmd)
			s.out.ended[i] = nil
		}
		s.c.mu.Unlock()
		s.out.ended = s.out.ended[:0]
		s.c.resume()
	}
	if s.out.control > 0 {
		s.control.Add(-s.out.control)
		s.bytes.Add(-s.out.controlBytes)
		s.mu.Lock()
		s.change.Broadcast()
		s.mu.Unlock()
	}
	s.out.reset()
}

// fail leaves everything as it is for the teardown.
func (s *sender) fail() {
	s.mu.Lock()
	s.broken, s.sending = true, false
	s.change.Broadcast()
	s.mu.Unlock()
	_ = s.c.nc.Close()
}

// flush waits until everything is sent, or cannot be.
func (s *sender) flush() {
	s.kick()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.sending && !s.broken {
		s.change.Wait()
	}
}

// stop ends the writer, and returns when nobody sends. The socket is closed.
func (s *sender) stop() {
	s.mu.Lock()
	s.broken = true
	s.change.Broadcast()
	s.mu.Unlock()
	close(s.quit)
	s.writer.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.sending {
		s.change.Wait()
	}
}

// abandoned are commands whose responses were built and never sent.
func (s *sender) abandoned() []*command {
	list := s.out.ended
	s.out.ended = nil
	return list
}
