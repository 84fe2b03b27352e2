package iscsi

// TaskFunction is what a task management request asks for (RFC 7143, 11.5.1).
type TaskFunction byte

// The functions.
const (
	AbortTask       TaskFunction = 1
	AbortTaskSet    TaskFunction = 2
	ClearACA        TaskFunction = 3
	ClearTaskSet    TaskFunction = 4
	LUNReset        TaskFunction = 5
	TargetWarmReset TaskFunction = 6
	TargetColdReset TaskFunction = 7
	TaskReassign    TaskFunction = 8
)

// TaskRequest is RFC 7143, 11.5.
type TaskRequest struct {
	Immediate     bool
	Function      TaskFunction
	LUN           LUN
	ITT           uint32
	ReferencedTag uint32
	CmdSN         uint32
	ExpStatSN     uint32
	RefCmdSN      uint32
	DataLength    int
}

// Decode reads a basic header segment.
func (p *TaskRequest) Decode(b []byte) error {
	if err := checkBHS(b, OpTaskRequest, "Task Management Request"); err != nil {
		return err
	}
	p.Immediate, p.Function, p.DataLength = b[0]&immediateBit != 0, TaskFunction(b[1]&0x7f), dataLength(b)
	copy(p.LUN[:], b[8:])
	p.ITT, p.ReferencedTag = be.Uint32(b[16:]), be.Uint32(b[20:])
	p.CmdSN, p.ExpStatSN, p.RefCmdSN = be.Uint32(b[24:]), be.Uint32(b[28:]), be.Uint32(b[32:])
	return nil
}

// Encode appends the basic header segment.
func (p *TaskRequest) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpTaskRequest, finalBit|byte(p.Function), p.DataLength)
	b[0] |= immediate(p.Immediate)
	copy(b[8:], p.LUN[:])
	be.PutUint32(b[16:], p.ITT)
	be.PutUint32(b[20:], p.ReferencedTag)
	be.PutUint32(b[24:], p.CmdSN)
	be.PutUint32(b[28:], p.ExpStatSN)
	be.PutUint32(b[32:], p.RefCmdSN)
	return dst
}
