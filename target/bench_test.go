package target_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/clinker-io/clinker/target/internal/initiator"
	"github.com/clinker-io/clinker/target/iscsi"
)

// pipeline keeps depth commands under way on one session until n are done.
type pipeline struct {
	c       *initiator.Session
	cmd     iscsi.SCSICommand
	out     []byte
	blocks  uint32
	room    uint32 // positions on the device
	random  bool
	next    uint32
	header  []byte
	started int
}

func (p *pipeline) start() error {
	lba := p.next % p.room * p.blocks
	if p.random {
		lba = rand.Uint32N(p.room) * p.blocks
	}
	p.next++
	p.started++
	p.cmd.ITT++
	p.cmd.CmdSN = p.c.CmdSN
	p.cmd.ExpStatSN = p.c.StatSN
	p.c.CmdSN++
	binary.BigEndian.PutUint32(p.cmd.CDB[2:], lba)
	p.header = p.cmd.Encode(p.header[:0])
	return p.c.Queue(p.header, p.out)
}

// run measures; writes carry all their data as immediate data.
func (p *pipeline) run(b *testing.B, depth int) {
	for range min(depth, b.N) {
		if err := p.start(); err != nil {
			b.Fatal(err)
		}
	}
	for done := 0; done < b.N; {
		if err := p.c.Flush(); err != nil {
			b.Fatal(err)
		}
		for first := true; first || p.c.Buffered() >= 48; first = false {
			over, err := p.take()
			if err != nil {
				b.Fatal(err)
			}
			if !over {
				continue
			}
			if done++; p.started < b.N {
				if err := p.start(); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
}

func (p *pipeline) take() (over bool, err error) {
	h, n, err := p.c.Header()
	if err != nil {
		return false, err
	}
	over = h[0] == byte(iscsi.OpSCSIResponse) || h[1]&0x01 != 0
	if h[0] == byte(iscsi.OpR2T) || h[3] != 0 {
		return false, initiator.Unexpected(h)
	}
	if over {
		p.c.StatSN = binary.BigEndian.Uint32(h[24:]) + 1
	}
	return over, p.c.Skip(n)
}

func benchmark(b *testing.B, op byte, size, depth int, random bool) {
	const device = 64 << 20
	s := newSetup(b, newMemory(device))
	s.grant(b, withCHAP)
	c := s.login(b, asAttachment)
	p := &pipeline{c: c, blocks: uint32(size / 512), room: uint32(device / size), random: random}
	p.cmd = iscsi.SCSICommand{Final: true, Expected: uint32(size), Read: op == 0x28, Write: op == 0x2a, ITT: 1000}
	p.cmd.CDB[0] = op
	binary.BigEndian.PutUint16(p.cmd.CDB[7:], uint16(p.blocks))
	if p.cmd.Write {
		p.out = pattern(size)
		p.cmd.DataLength = size
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	p.run(b, depth)
}

func BenchmarkRandomRead4KiBDepth1(b *testing.B)   { benchmark(b, 0x28, 4096, 1, true) }
func BenchmarkRandomRead4KiBDepth32(b *testing.B)  { benchmark(b, 0x28, 4096, 32, true) }
func BenchmarkRandomWrite4KiBDepth1(b *testing.B)  { benchmark(b, 0x2a, 4096, 1, true) }
func BenchmarkRandomWrite4KiBDepth32(b *testing.B) { benchmark(b, 0x2a, 4096, 32, true) }
func BenchmarkSequentialRead1MiBDepth4(b *testing.B) {
	benchmark(b, 0x28, 1<<20, 4, false)
}
