package scsi

import "sync/atomic"

// Owner hears of the end of a task that Run left under way.
type Owner interface {
	TaskDone(*Task)
}

// Task is one command on its way through the device server. It is reused: the
// transport calls Reset, Prepare, gives it its buffers, calls Run, and reads
// the results.
//
//	Reset ─► Prepare ─► (transport: buffer for In, or data into Out) ─► Run
//	            │                                                        │ done: read the results
//	            └ done: read the results                                 └ not done: Owner.TaskDone later
type Task struct {
	CDB   [16]byte
	Nexus *Nexus // its Unit is nil when there is no such logical unit
	Owner Owner
	Room  int64 // bytes that the initiator can take or has to send

	// Want is how many bytes the command would move if the initiator had
	// room for all; with Room it makes the residual count.
	Want int64
	In   []byte // data for the initiator
	Out  []byte // data from the initiator, complete when Run is called

	Status Status
	Sense  Sense // with CheckCondition

	cmd     *command
	off     int64 // bytes, of medium commands
	length  int64
	fua     bool
	flags   byte // of the command, between its steps
	gated   bool
	aborted atomic.Bool
	failed  Op // the operation that is under way, for the sense

	next    step
	io      IO
	single  [1]*IO
	param   []byte // data that a command builds itself
	scratch []byte // read back for comparison, or a pattern
	waiting *Task  // next in the gate
}

// step is one part of a task: it fills t.io and returns wait, or is over. The
// next step runs when that IO ended well.
type step func(*Task) verdict

type verdict bool

const (
	over verdict = false
	wait verdict = true
)

const keepScratch = 64 << 10 // larger buffers of a task are given up when it ends

// Reset makes a used task ready for the next command.
func (t *Task) Reset() {
	if cap(t.scratch) > keepScratch {
		t.scratch = nil
	}
	if cap(t.param) > keepScratch {
		t.param = nil
	}
	t.Nexus, t.Room, t.Want, t.In, t.Out = nil, 0, 0, nil, nil
	t.Status, t.Sense = Good, Sense{}
	t.cmd, t.off, t.length, t.fua, t.flags = nil, 0, 0, false, 0
	t.gated, t.next, t.waiting = false, nil, nil
	t.aborted.Store(false)
	t.io = IO{}
}

// Abort asks a task not to begin another step. It still ends with TaskDone.
func (t *Task) Abort() { t.aborted.Store(true) }

// NeedsIn is the size of the buffer that In must have before Run: 0 when the
// command brings its own data.
func (t *Task) NeedsIn() int64 {
	if t.cmd == nil || t.cmd.dir != dirRead {
		return 0
	}
	return (min(t.Want, t.Room) + BlockSize - 1) &^ (BlockSize - 1)
}

// NeedsOut is how many bytes Out must hold before Run.
func (t *Task) NeedsOut() int64 {
	if t.cmd == nil || (t.cmd.dir != dirWrite && t.cmd.dir != dirParamOut) {
		return 0
	}
	return min(t.Want, t.Room)
}

// fail ends the task with CHECK CONDITION, and without data: the buffer may hold
// what other tasks left in it.
func (t *Task) fail(s Sense) verdict {
	t.Status, t.Sense, t.In = CheckCondition, s, nil
	return over
}

// reply ends the task with parameter data, cut to the allocation length.
func (t *Task) reply(data []byte, allocation int) verdict {
	t.param = data
	t.Want = int64(min(len(data), allocation))
	t.In = data[:min(t.Want, t.Room)]
	return over
}

// build gives an empty buffer to build parameter data in.
func (t *Task) build() []byte { return t.param[:0] }

// work gives n bytes of scratch memory with undefined contents.
func (t *Task) work(n int64) []byte {
	if int64(cap(t.scratch)) < n {
		t.scratch = make([]byte, n)
	}
	t.scratch = t.scratch[:n]
	return t.scratch
}

// do asks for an IO; next follows when it ended well.
func (t *Task) do(op Op, off, length int64, buf []byte, next step) verdict {
	t.io = IO{Op: op, Off: off, Len: length, Buf: buf, Owner: t}
	t.next = next
	return wait
}

func finish(*Task) verdict { return over }

// Refuse ends a prepared task whose data would have to go the wrong way.
func (t *Task) Refuse() { t.fail(senseInvalidInformation) }
