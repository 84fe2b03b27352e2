package iscsi

// Responses to task management requests (RFC 7143, 11.6.1).
const (
	taskComplete      = 0
	taskDoesNotExist  = 1
	taskNoSuchLUN     = 2
	taskNoReassign    = 4
	taskNotSupported  = 5
	taskFunctionNever = 255
)

// TaskResponse is RFC 7143, 11.6.
type TaskResponse struct {
	Sequence
	Response byte
	ITT      uint32
}

// Decode reads a basic header segment.
func (p *TaskResponse) Decode(b []byte) error {
	if err := checkBHS(b, OpTaskResponse, "Task Management Response"); err != nil {
		return err
	}
	p.Sequence.decode(b)
	p.Response, p.ITT = b[2], be.Uint32(b[16:])
	return nil
}

// Encode appends the basic header segment.
func (p *TaskResponse) Encode(dst []byte) []byte {
	dst, b := extend(dst, OpTaskResponse, finalBit, 0)
	b[2] = p.Response
	be.PutUint32(b[16:], p.ITT)
	p.Sequence.encode(b)
	return dst
}
