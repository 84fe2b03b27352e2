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
	r2t     iscsi.R2T
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
	return p.c.Queue(p.header, p.out[:p.cmd.DataLength])
}

// run measures; writes carry up to 64 KiB as immediate data.
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
	if h[0] == byte(iscsi.OpR2T) {
		return false, p.answer(h)
	}
	over = h[0] == byte(iscsi.OpSCSIResponse) || h[1]&0x01 != 0
	if h[3] != 0 {
		return false, initiator.Unexpected(h)
	}
	if over {
		p.c.StatSN = binary.BigEndian.Uint32(h[24:]) + 1
	}
	return over, p.c.Skip(n)
}

// answer sends what an R2T asks for, in one Data-Out per 256 KiB.
func (p *pipeline) answer(h []byte) error {
	if err := p.r2t.Decode(h); err != nil {
		return err
	}
	d := iscsi.DataOut{ITT: p.r2t.ITT, TTT: p.r2t.TTT}
	for offset, end := p.r2t.BufferOffset, p.r2t.BufferOffset+p.r2t.Length; offset < end; d.DataSN++ {
		n := min(end-offset, uint32(p.c.MaxSend))
		d.Final, d.BufferOffset, d.DataLength = offset+n == end, offset, int(n)
		p.header = d.Encode(p.header[:0])
		if err := p.c.Queue(p.header, p.out[offset:offset+n]); err != nil {
			return err
		}
		offset += n
	}
	return nil
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
		p.cmd.DataLength = min(size, 64<<10)
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

func BenchmarkSequentialWrite1MiBDepth4(b *testing.B) {
	benchmark(b, 0x2a, 1<<20, 4, false)
}
