package scsi

// Prepare finds the command and checks its CDB. True: the task is over, with a
// status. False: the transport brings NeedsOut bytes into Out or a buffer of
// NeedsIn bytes as In, and then calls Run.
func (t *Task) Prepare() (done bool) {
	t.Status = Good
	t.cmd = find(&t.CDB)
	if t.Nexus.Unit == nil {
		return t.prepareNoUnit()
	}
	if t.cmd == nil || t.cmd.flags&passAttention == 0 {
		// SAM-5, 5.14: a waiting condition comes before what is wrong with the command.
		if s, ok := t.Nexus.takeAttention(); ok {
			t.fail(s)
			return true
		}
	}
	if t.cmd == nil {
		t.fail(senseInvalidOpcode)
		return true
	}
	return t.check()
}

// check applies what the command's row says of its CDB.
func (t *Task) check() (done bool) {
	if t.CDB[len(t.cmd.usage)-1]&naca != 0 { // SAM-5, 5.2: NACA is not supported
		t.fail(senseInvalidFieldInCDB)
		return true
	}
	if t.cmd.prepare != nil {
		t.cmd.prepare(t)
	}
	if t.Status != Good {
		return true
	}
	if t.cmd.flags&writesMedium != 0 && t.Nexus.readOnly() {
		t.fail(senseWriteProtected)
		return true
	}
	if t.Want > MaxTransfer || (t.cmd.flags&exactData != 0 && t.Want != t.Room && !t.brings()) {
		t.fail(senseInvalidFieldInCDB)
		return true
	}
	return false
}

// brings is true of a command that has its data in itself, whatever comes along.
func (t *Task) brings() bool { return t.cmd.op == writeSame16 && t.CDB[1]&writeSameNoData != 0 }

const naca = 0x04 // of the CONTROL byte

// prepareNoUnit serves a LUN that is not there: some commands are answered for
// it all the same (SPC-4, 4.6.4 and 6.6.1).
func (t *Task) prepareNoUnit() (done bool) {
	if t.cmd == nil || t.cmd.flags&withoutUnit == 0 {
		t.fail(senseNoSuchLUN)
		return true
	}
	return t.check()
}

// Run executes a prepared task. True: it is over. False: it goes on, perhaps
// already on another goroutine, and ends with TaskDone; IOs may wait in b.
func (t *Task) Run(b *Batch) (done bool) {
	t.next = t.cmd.run
	if t.cmd.flags&(writesMedium|exclusive) != 0 {
		t.gated = true
		if !t.Nexus.Unit.gate.enter(t) {
			return false // the gate goes on with it
		}
	}
	return t.advance(b)
}

// advance runs steps until the task is over or waits for the device.
func (t *Task) advance(b *Batch) (done bool) {
	for {
		if t.aborted.Load() || t.next(t) == over {
			t.leaveGate()
			return true
		}
		t.failed = t.io.Op
		if !t.Nexus.Unit.Device.Try(&t.io) {
			break
		}
		if !t.succeeded() {
			t.leaveGate()
			return true
		}
	}
	if b != nil {
		b.add(t.Nexus.Unit.Device, &t.io)
		return false
	}
	t.single[0] = &t.io
	t.Nexus.Unit.Device.Submit(t.single[:])
	return false
}

// succeeded turns the error of the last IO into sense.
func (t *Task) succeeded() bool {
	switch t.io.Err {
	case nil:
		return true
	case ErrQueueFull:
		t.Status, t.In = TaskSetFull, nil
	default:
		t.fail(senseOf(t.failed, t.io.Err))
	}
	return false
}

// CompleteIO goes on with the task when the device is done. Devices call it.
func (t *Task) CompleteIO(*IO) {
	if t.succeeded() {
		if !t.advance(nil) {
			return
		}
	} else {
		t.leaveGate()
	}
	t.Owner.TaskDone(t)
}

func (t *Task) leaveGate() {
	if t.gated {
		t.gated = false
		t.Nexus.Unit.gate.leave()
	}
}
