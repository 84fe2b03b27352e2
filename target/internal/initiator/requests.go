package initiator

import (
	"encoding/binary"
	"strings"

	"github.com/clinker-io/clinker/target/iscsi"
)

// Read10 is a CDB.
func Read10(lba uint32, blocks uint16) []byte { return cdb10(0x28, lba, blocks) }

// Write10 is a CDB.
func Write10(lba uint32, blocks uint16) []byte { return cdb10(0x2a, lba, blocks) }

func cdb10(op byte, lba uint32, blocks uint16) []byte {
	b := make([]byte, 10)
	b[0] = op
	binary.BigEndian.PutUint32(b[2:], lba)
	binary.BigEndian.PutUint16(b[7:], blocks)
	return b
}

// Ready clears unit attentions.
func (s *Session) Ready() error {
	for {
		r, err := s.Do(Command{CDB: make([]byte, 6)})
		if err != nil || r.Status == 0 {
			return err
		}
	}
}

// Task sends a task management request and waits for its response. Responses
// of commands that come before it are given to seen.
func (s *Session) Task(f iscsi.TaskFunction, tag uint32, seen func(bhs []byte)) (byte, error) {
	s.ITT++
	p := iscsi.TaskRequest{Immediate: true, Function: f, ITT: s.ITT, ReferencedTag: tag, CmdSN: s.CmdSN, ExpStatSN: s.StatSN}
	if err := s.Write(p.Encode(nil), nil); err != nil {
		return 0, err
	}
	for {
		bhs, _, err := s.Read()
		if err != nil {
			return 0, err
		}
		if iscsi.Opcode(bhs[0]) == iscsi.OpTaskResponse {
			var r iscsi.TaskResponse
			err := r.Decode(bhs)
			return r.Response, err
		}
		if seen != nil {
			seen(bhs)
		}
	}
}

// SendTargets is discovery.
func (s *Session) SendTargets(which string) ([]string, error) {
	s.ITT++
	text := []byte("SendTargets=" + which + "\x00")
	ttt := uint32(0xffffffff)
	var names []string
	var all []byte
	for {
		p := iscsi.TextRequest{Final: true, ITT: s.ITT, TTT: ttt, CmdSN: s.CmdSN, ExpStatSN: s.StatSN, DataLength: len(text)}
		s.CmdSN++
		if err := s.Write(p.Encode(nil), text); err != nil {
			return nil, err
		}
		bhs, data, err := s.Read()
		if err != nil {
			return nil, err
		}
		var r iscsi.TextResponse
		if err := r.Decode(bhs); err != nil {
			return nil, err
		}
		all = append(all, data...)
		if r.Final {
			break
		}
		ttt, text = r.TTT, nil
	}
	for item := range strings.SplitSeq(string(all), "\x00") {
		if name, ok := strings.CutPrefix(item, "TargetName="); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// Ping sends a NOP-Out and gives the data that came back.
func (s *Session) Ping(data []byte) ([]byte, error) {
	s.ITT++
	p := iscsi.NopOut{Immediate: true, ITT: s.ITT, TTT: 0xffffffff, CmdSN: s.CmdSN, ExpStatSN: s.StatSN, DataLength: len(data)}
	if err := s.Write(p.Encode(nil), data); err != nil {
		return nil, err
	}
	bhs, back, err := s.Read()
	if err != nil {
		return nil, err
	}
	var r iscsi.NopIn
	return back, r.Decode(bhs)
}

// Logout ends the session properly.
func (s *Session) Logout() error {
	s.ITT++
	p := iscsi.LogoutRequest{ITT: s.ITT, CmdSN: s.CmdSN, ExpStatSN: s.StatSN}
	if err := s.Write(p.Encode(nil), nil); err != nil {
		return err
	}
	bhs, _, err := s.Read()
	if err != nil {
		return err
	}
	var r iscsi.LogoutResponse
	return r.Decode(bhs)
}
