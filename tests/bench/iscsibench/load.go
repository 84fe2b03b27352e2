package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"time"
)

// load keeps a number of commands in flight.
type load struct {
	c           *conn
	o           options
	blocks      int64 // of o.blockBytes on the unit
	sectorBytes int
	writing     bool
	data        []byte // noise, longer than a block so that blocks differ
	command     [16]byte

	begun     []time.Time // by tag
	payload   [][]byte    // by tag
	idle      []uint32    // tags
	sent      int64
	latencies []time.Duration

	started func(tag uint32, block int64) // hooks of verify
	ended   func(tag uint32) error
}

func newLoad(c *conn, o options, sizeBytes int64, sectorBytes int) *load {
	if o.op == "fill" {
		o.pattern = "seq"
	}
	l := &load{c: c, o: o, blocks: sizeBytes / int64(o.blockBytes), sectorBytes: sectorBytes, writing: o.op != "read",
		started: func(uint32, int64) {}, ended: func(uint32) error { return nil },
		begun: make([]time.Time, o.depth), payload: make([][]byte, o.depth), latencies: make([]time.Duration, 0, 1<<20)}
	for tag := range o.depth {
		l.idle = append(l.idle, uint32(tag))
	}
	if l.writing {
		l.data = make([]byte, o.blockBytes+1<<16)
		_, _ = rand.Read(l.data) // never fails, crypto/rand says
	}
	return l
}

// run measures, and proves of a fill that it is there.
func (l *load) run() (string, error) {
	begun := time.Now()
	if err := l.flow(begun); err != nil {
		return "", err
	}
	if l.o.op != "fill" {
		return l.summary(time.Since(begun)), nil
	}
	if err := l.c.single([]byte{0x35, 9: 0}, nil); err != nil { // SYNCHRONIZE CACHE (10)
		return "", err
	}
	result := l.summary(time.Since(begun))
	return result, l.verify()
}

// flow sends until the time is over, or all blocks had their turn, and waits
// for what is in flight.
func (l *load) flow(begun time.Time) error {
	end := begun.Add(l.o.length)
	for now := begun; ; now = time.Now() {
		if l.more(now, end) {
			if err := l.send(now); err != nil {
				return err
			}
		}
		if len(l.idle) == l.o.depth {
			return nil
		}
		if err := l.receive(); err != nil {
			return err
		}
	}
}

// verify reads the whole unit, as many commands in flight, and compares it with
// what fill has written, so that what is measured afterwards is a disk that
// keeps its data.
func (l *load) verify() error {
	l.writing, l.sent, l.latencies = false, 0, l.latencies[:0]
	blockOf := make([]int64, l.o.depth) // by tag
	for tag := range l.payload {
		l.payload[tag] = make([]byte, l.o.blockBytes)
	}
	l.started = func(tag uint32, block int64) { blockOf[tag] = block }
	l.ended = func(tag uint32) error {
		if !bytes.Equal(l.payload[tag], l.noise(blockOf[tag])) {
			return fmt.Errorf("block %d of %d bytes does not hold what was written", blockOf[tag], l.o.blockBytes)
		}
		return nil
	}
	return l.flow(time.Now())
}

func (l *load) more(now, end time.Time) bool {
	if l.o.op == "fill" {
		return l.sent < l.blocks
	}
	return now.Before(end)
}

// send fills the queue as far as the target's window allows.
func (l *load) send(now time.Time) error {
	for len(l.idle) > 0 && l.c.windowOpen() && (l.o.op != "fill" || l.sent < l.blocks) {
		tag := l.idle[len(l.idle)-1]
		l.idle = l.idle[:len(l.idle)-1]
		l.begun[tag] = now
		block := l.sent % l.blocks
		if l.o.pattern == "rand" {
			block = mathrand.Int64N(l.blocks)
		}
		l.sent++
		if err := l.issue(tag, block); err != nil {
			return err
		}
	}
	if len(l.idle) == l.o.depth {
		return fmt.Errorf("the target's command window is closed: CmdSN %d, MaxCmdSN %d", l.c.cmdSN, l.c.maxCmdSN)
	}
	return nil
}

// issue sends a READ (16) or WRITE (16).
func (l *load) issue(tag uint32, block int64) error {
	l.started(tag, block)
	if !l.writing {
		return l.c.command(tag, l.cdb(0x88, block), flagRead, l.o.blockBytes, nil)
	}
	l.payload[tag] = l.noise(block)
	return l.c.command(tag, l.cdb(0x8a, block), flagWrite, l.o.blockBytes, l.payload[tag])
}

// cdb returns the command for one block, valid until the next call.
func (l *load) cdb(op byte, block int64) []byte {
	l.command[0] = op
	be.PutUint64(l.command[2:], uint64(block*int64(l.o.blockBytes)/int64(l.sectorBytes)))
	be.PutUint32(l.command[10:], uint32(l.o.blockBytes/l.sectorBytes))
	return l.command[:]
}

// noise is what a block is filled with.
func (l *load) noise(block int64) []byte {
	at := int(block&0x7f) * 512
	return l.data[at : at+l.o.blockBytes]
}

// receive takes one completion, and those that came with it.
func (l *load) receive() error {
	for {
		tag, status, sense, err := l.c.next(func(tag uint32) []byte {
			if int(tag) >= len(l.payload) {
				return nil
			}
			return l.payload[tag]
		})
		if err != nil {
			return err
		}
		if status != statusGood {
			return statusError(0x88, status, sense)
		}
		if int(tag) >= l.o.depth {
			return fmt.Errorf("the target ends a command %#x that was not sent", tag)
		}
		if !l.writing && l.c.received[tag] != l.o.blockBytes {
			return fmt.Errorf("a read of %d bytes brought %d", l.o.blockBytes, l.c.received[tag])
		}
		if err := l.ended(tag); err != nil {
			return err
		}
		l.latencies = append(l.latencies, time.Since(l.begun[tag]))
		l.idle = append(l.idle, tag)
		if len(l.idle) == l.o.depth || l.c.tail-l.c.head < bhsLength {
			return nil
		}
	}
}

func (l *load) summary(took time.Duration) string {
	slices.Sort(l.latencies)
	n := len(l.latencies)
	if n == 0 {
		return "ops=0"
	}
	var sum time.Duration
	for _, d := range l.latencies {
		sum += d
	}
	us := func(d time.Duration) float64 { return float64(d) / 1e3 }
	perSecond := float64(n) / took.Seconds()
	return fmt.Sprintf("iops=%.0f mbps=%.1f mean_us=%.1f p50_us=%.1f p99_us=%.1f ops=%d seconds=%.2f", perSecond,
		perSecond*float64(l.o.blockBytes)/1e6, us(sum/time.Duration(n)), us(l.latencies[n/2]), us(l.latencies[n*99/100]), n, took.Seconds())
}
