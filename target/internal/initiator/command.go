package initiator

import (
	"fmt"

	"github.com/clinker-io/clinker/target/iscsi"
)

// Result is how a command ended.
type Result struct {
	Status   byte
	Sense    []byte // fixed format
	Data     []byte
	Residual iscsi.Residual
	R2Ts     int
	DataIns  int
}

// Key is sense key, ASC and ASCQ as one number: 0x052400.
func (r Result) Key() int {
	if len(r.Sense) < 14 {
		return 0
	}
	return int(r.Sense[2]&0x0f)<<16 | int(r.Sense[12])<<8 | int(r.Sense[13])
}

// Command is what to send.
type Command struct {
	CDB       []byte
	LUN       uint64
	In        int    // bytes expected
	Out       []byte // data to write
	Immediate bool   // immediate delivery
	NoData    bool   // sends no unsolicited data though it may
	Expected  int    // expected data transfer length of a write, when it is not len(Out)
}

// Start sends a command with its unsolicited data, and gives its tag.
func (s *Session) Start(c Command) (itt uint32, err error) {
	p := s.pdu(c)
	var immediate []byte
	rest := c.Out
	if len(c.Out) > 0 && s.Immediate && !c.NoData {
		immediate = c.Out[:min(len(c.Out), s.MaxSend, s.FirstBurst)]
		rest = c.Out[len(immediate):]
	}
	burst := 0
	if !s.InitialR2T && !c.NoData {
		burst = min(len(rest), s.FirstBurst-len(immediate))
	}
	p.Final, p.DataLength = burst == 0, len(immediate)
	if err := s.Queue(p.Encode(nil), immediate); err != nil {
		return 0, err
	}
	if burst > 0 {
		if err := s.sendData(p, 0xffffffff, c.Out, len(immediate), burst); err != nil {
			return 0, err
		}
	}
	return p.ITT, s.Flush()
}

func (s *Session) pdu(c Command) iscsi.SCSICommand {
	s.ITT++
	p := iscsi.SCSICommand{Immediate: c.Immediate, ITT: s.ITT, CmdSN: s.CmdSN, ExpStatSN: s.StatSN,
		LUN: iscsi.MakeLUN(c.LUN), Read: c.In > 0, Write: len(c.Out) > 0 || c.Expected > 0, Final: true, Expected: uint32(c.In)}
	if p.Write {
		p.Expected = uint32(len(c.Out))
		if c.Expected > 0 {
			p.Expected = uint32(c.Expected)
		}
	}
	copy(p.CDB[:], c.CDB)
	if !c.Immediate {
		s.CmdSN++
	}
	return p
}

// sendData sends a sequence of Data-Out PDUs.
func (s *Session) sendData(p iscsi.SCSICommand, ttt uint32, out []byte, offset, n int) error {
	for sn := uint32(0); n > 0; sn++ {
		m := min(n, s.MaxSend)
		d := iscsi.DataOut{Final: m == n, LUN: p.LUN, ITT: p.ITT, TTT: ttt, DataSN: sn, ExpStatSN: s.StatSN,
			BufferOffset: uint32(offset), DataLength: m}
		if err := s.Queue(d.Encode(nil), out[offset:offset+m]); err != nil {
			return err
		}
		offset, n = offset+m, n-m
	}
	return nil
}

// Do sends a command and waits for its end, answering R2Ts.
func (s *Session) Do(c Command) (Result, error) {
	itt, err := s.Start(c)
	if err != nil {
		return Result{}, err
	}
	return s.Wait(itt, c)
}

// Wait takes PDUs until a command ends.
func (s *Session) Wait(itt uint32, c Command) (Result, error) {
	r := Result{}
	for {
		bhs, data, err := s.Read()
		if err != nil {
			return r, err
		}
		over, err := s.handle(bhs, data, itt, c, &r)
		if over || err != nil {
			return r, err
		}
	}
}

func (s *Session) handle(bhs, data []byte, itt uint32, c Command, r *Result) (over bool, err error) {
	switch iscsi.Opcode(bhs[0] & 0x3f) {
	case iscsi.OpSCSIResponse:
		var p iscsi.SCSIResponse
		err := p.Decode(bhs)
		s.StatSN = p.StatSN + 1
		r.Status, r.Residual = p.Status, p.Residual
		if len(data) > 2 {
			r.Sense = data[2:]
		}
		return p.ITT == itt, err
	case iscsi.OpDataIn:
		var p iscsi.DataIn
		err := p.Decode(bhs)
		if int(p.BufferOffset) != len(r.Data) || int(p.DataSN) != r.DataIns {
			return false, fmt.Errorf("Data-In %d at %d, have %d", p.DataSN, p.BufferOffset, len(r.Data))
		}
		if len(r.Data)+len(data) > c.In {
			return false, fmt.Errorf("Data-In of %d bytes, %d are expected", len(r.Data)+len(data), c.In)
		}
		r.Data = append(r.Data, data...)
		r.DataIns++
		if p.HasStatus {
			s.StatSN = p.StatSN + 1
			r.Status, r.Residual = p.Status, p.Residual
		}
		return p.HasStatus, err
	case iscsi.OpR2T:
		var p iscsi.R2T
		if err := p.Decode(bhs); err != nil {
			return false, err
		}
		r.R2Ts++
		pdu := iscsi.SCSICommand{LUN: p.LUN, ITT: p.ITT}
		if err := s.sendData(pdu, p.TTT, c.Out, int(p.BufferOffset), int(p.Length)); err != nil {
			return false, err
		}
		return false, s.Flush()
	case iscsi.OpNopIn:
		return false, s.answerPing(bhs)
	}
	return false, Unexpected(bhs)
}

func (s *Session) answerPing(bhs []byte) error {
	var p iscsi.NopIn
	if err := p.Decode(bhs); err != nil || p.TTT == 0xffffffff {
		return err
	}
	o := iscsi.NopOut{Immediate: true, ITT: 0xffffffff, TTT: p.TTT, LUN: p.LUN, CmdSN: s.CmdSN, ExpStatSN: s.StatSN}
	return s.Write(o.Encode(nil), nil)
}
