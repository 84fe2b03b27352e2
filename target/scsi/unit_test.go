package scsi

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// disk is a Device in memory. With later set, it completes IOs on goroutines.
type disk struct {
	mu    sync.Mutex
	data  []byte
	err   error // of the next IOs
	later bool
	ops   []Op
	wg    sync.WaitGroup

	extent int64 // what it tells of an extent; 0: nothing
	hole   bool
}

func newDisk(blocks int) *disk { return &disk{data: make([]byte, blocks*BlockSize)} }

func (d *disk) Size() int64 { return int64(len(d.data)) }

func (d *disk) Try(io *IO) bool {
	if d.later {
		return false
	}
	io.Err = d.serve(io)
	return true
}

func (d *disk) Submit(ios []*IO) {
	for _, io := range ios {
		d.wg.Go(func() { io.Complete(d.serve(io)) })
	}
}

func (d *disk) serve(io *IO) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops = append(d.ops, io.Op)
	if d.err != nil {
		return d.err
	}
	switch io.Op {
	case Read:
		copy(io.Buf[:io.Len], d.data[io.Off:io.Off+io.Len])
	case Write:
		copy(d.data[io.Off:io.Off+io.Len], io.Buf[:io.Len])
	case Discard, WriteZeroes:
		clear(d.data[io.Off : io.Off+io.Len])
	case Extent:
		if d.extent != 0 {
			io.Len, io.Hole = d.extent, d.hole
		}
	}
	return nil
}

// tester runs commands on a unit.
type tester struct {
	disk  *disk
	nexus *Nexus
	done  chan *Task
}

func newTester(blocks int) *tester {
	d := newDisk(blocks)
	u := &Unit{Device: d, Vendor: "CLINKER", Product: "VOLUME", Revision: "0001", Serial: "4c2f1d5e", Target: "iqn.2010-10.org.openstack:volume"}
	return &tester{disk: d, nexus: &Nexus{Unit: u, Units: func() []uint64 { return []uint64{0, 300} }}, done: make(chan *Task, 64)}
}

func (x *tester) TaskDone(t *Task) { x.done <- t }

// run is what a transport does.
func (x *tester) run(cdb []byte, room int, out []byte) *Task {
	t := &Task{}
	x.begin(t, cdb, room, out)
	return <-x.done
}

func (x *tester) begin(t *Task, cdb []byte, room int, out []byte) {
	t.Reset()
	clear(t.CDB[:])
	copy(t.CDB[:], cdb)
	t.Nexus, t.Owner, t.Room = x.nexus, x, int64(max(room, len(out)))
	if t.Prepare() {
		x.done <- t
		return
	}
	if n := t.NeedsOut(); n > 0 {
		t.Out = append(out, make([]byte, max(int(n)-len(out), 0))...)[:n]
	}
	if n := t.NeedsIn(); n > 0 {
		t.In = make([]byte, n)
	}
	var b Batch
	if t.Run(&b) {
		x.done <- t
	}
	b.Submit()
}

// outcome is status and sense as text.
func outcome(t *Task) string {
	if t.Status == CheckCondition {
		return t.Sense.Error()[6:]
	}
	return fmt.Sprintf("%02x", byte(t.Status))
}

func cdb(op byte, lba uint64, blocks uint32, flags byte) []byte {
	b := make([]byte, 16)
	b[0], b[1] = op, flags
	switch op >> 5 {
	case 0:
		b[1], b[2], b[3], b[4] = byte(lba>>16)&0x1f, byte(lba>>8), byte(lba), byte(blocks)
	case 1, 2:
		binary.BigEndian.PutUint32(b[2:], uint32(lba))
		binary.BigEndian.PutUint16(b[7:], uint16(blocks))
	case 4:
		binary.BigEndian.PutUint64(b[2:], lba)
		binary.BigEndian.PutUint32(b[10:], blocks)
		if op == 0x89 {
			clear(b[10:])
			b[13] = byte(blocks)
		}
	default:
		binary.BigEndian.PutUint32(b[2:], uint32(lba))
		binary.BigEndian.PutUint32(b[6:], blocks)
	}
	return b
}

func block(n int, fill byte) []byte { return bytes.Repeat([]byte{fill}, n*BlockSize) }

func TestCommandsAnswerAsTheStandardsSay(t *testing.T) {
	for _, c := range []struct {
		name string
		cdb  []byte
		room int
		out  []byte
		want string
	}{
		{"TEST UNIT READY", []byte{0}, 0, nil, "00"},
		{"NACA is refused", []byte{0, 0, 0, 0, 0, 4}, 0, nil, "5/24/00"},
		{"unknown operation code", []byte{0xff}, 0, nil, "5/20/00"},
		{"unknown service action", []byte{0x9e, 0x1f}, 0, nil, "5/20/00"},
		{"PERSISTENT RESERVE IN is for later", []byte{0x5e}, 8, nil, "5/20/00"},
		{"RESERVE (6) is for later", []byte{0x16}, 0, nil, "5/20/00"},
		{"READ to the last block", cdb(0x28, 1023, 1, 0), 512, nil, "00"},
		{"READ of nothing at the end", cdb(0x28, 1024, 0, 0), 0, nil, "00"},
		{"READ across the end", cdb(0x28, 1023, 2, 0), 1024, nil, "5/21/00"},
		{"READ far beyond", cdb(0x88, 1<<63, 1, 0), 512, nil, "5/21/00"},
		{"READ with an extent that wraps", cdb(0x88, 1<<64-1, 2, 0), 1024, nil, "5/21/00"},
		{"READ with protection", cdb(0x28, 0, 1, 0x20), 512, nil, "5/24/00"},
		{"READ (6) of 256 blocks", cdb(0x08, 0, 0, 0), 256 * 512, nil, "00"},
		{"WRITE", cdb(0x2a, 0, 1, 0), 0, block(1, 1), "00"},
		{"WRITE with protection", cdb(0x8a, 0, 1, 0x40), 0, block(1, 1), "5/24/00"},
		{"WRITE SAME of nothing", cdb(0x41, 0, 0, 0), 0, block(1, 1), "5/24/00"},
		{"WRITE SAME with ANCHOR", cdb(0x93, 0, 1, 0x18), 0, block(1, 1), "5/24/00"},
		{"WRITE SAME with NDOB", cdb(0x93, 0, 8, 0x01), 0, nil, "00"},
		{"WRITE SAME (10) with RELADR", cdb(0x41, 0, 8, 0x01), 0, block(1, 1), "5/24/00"},
		{"WRITE SAME of too many", cdb(0x93, 0, 0x10000, 0), 0, block(1, 1), "5/24/00"},
		{"WRITE SAME with too much data", cdb(0x41, 0, 8, 0), 0, block(2, 1), "5/24/00"},
		{"UNMAP with ANCHOR", []byte{0x42, 1, 0, 0, 0, 0, 0, 0, 24}, 0, make([]byte, 24), "5/24/00"},
		{"UNMAP with a list that is cut", []byte{0x42, 0, 0, 0, 0, 0, 0, 0, 7}, 0, make([]byte, 7), "5/1a/00"},
		{"UNMAP of nothing", []byte{0x42, 0, 0, 0, 0, 0, 0, 0, 0}, 0, nil, "00"},
		{"UNMAP beyond the end", unmapCDB(24), 0, unmapList(1020, 5), "5/21/00"},
		{"UNMAP of too many blocks", unmapCDB(24), 0, unmapList(0, maxUnmap+1), "5/21/00"},
		{"VERIFY with reserved BYTCHK", cdb(0x2f, 0, 1, 0x04), 0, nil, "5/24/00"},
		{"VERIFY of the medium", cdb(0x2f, 0, 1024, 0), 0, nil, "00"},
		{"VERIFY of other bytes", cdb(0x2f, 0, 1, 0x02), 0, block(1, 1), "e/1d/00"},
		{"VERIFY of zeroes", cdb(0x8f, 0, 9, 0x06), 0, block(1, 0), "00"},
		{"COMPARE AND WRITE that misses", cdb(0x89, 0, 1, 0), 0, block(2, 1), "e/1d/00"},
		{"COMPARE AND WRITE with too few data", cdb(0x89, 0, 2, 0), 0, block(2, 0), "5/24/00"},
		{"SYNCHRONIZE CACHE", cdb(0x35, 0, 0, 0), 0, nil, "00"},
		{"SYNCHRONIZE CACHE beyond the end", cdb(0x91, 2000, 1, 0), 0, nil, "5/21/00"},
		{"MODE SENSE of saved pages", []byte{0x1a, 0, 0xff, 0, 255}, 255, nil, "5/39/00"},
		{"MODE SENSE of an unknown page", []byte{0x1a, 0, 0x02, 0, 255}, 255, nil, "5/24/00"},
		{"MODE SENSE of an unknown subpage", []byte{0x1a, 0, 0x08, 1, 255}, 255, nil, "5/24/00"},
		{"MODE SENSE of all subpages", []byte{0x5a, 0x10, 0x3f, 0xff, 0, 0, 0, 0, 255}, 255, nil, "00"},
		{"MODE SELECT without PF", []byte{0x15, 0, 0, 0, 4}, 0, make([]byte, 4), "5/24/00"},
		{"MODE SELECT with SP", []byte{0x15, 0x11, 0, 0, 4}, 0, make([]byte, 4), "5/24/00"},
		{"MODE SELECT of a header", []byte{0x15, 0x10, 0, 0, 4}, 0, make([]byte, 4), "00"},
		{"MODE SELECT that is cut", []byte{0x55, 0x10, 0, 0, 0, 0, 0, 0, 7}, 0, make([]byte, 7), "5/1a/00"},
		{"MODE SELECT that turns the cache off", []byte{0x15, 0x10, 0, 0, 24}, 0, append(make([]byte, 4), append([]byte{8, 0x12}, make([]byte, 18)...)...), "5/26/00"},
		{"INQUIRY of an unknown page", []byte{0x12, 1, 0x55, 0, 255}, 255, nil, "5/24/00"},
		{"INQUIRY of a page without EVPD", []byte{0x12, 0, 0x80, 0, 255}, 255, nil, "5/24/00"},
		{"REPORT LUNS with a short allocation", []byte{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 8}, 8, nil, "5/24/00"},
		{"START STOP UNIT that ejects", []byte{0x1b, 0, 0, 0, 2}, 0, nil, "5/24/00"},
		{"START STOP UNIT", []byte{0x1b, 0, 0, 0, 0}, 0, nil, "00"},
		{"PREVENT ALLOW MEDIUM REMOVAL", []byte{0x1e, 0, 0, 0, 1}, 0, nil, "00"},
		{"GET LBA STATUS beyond the end", cdb(0x9e, 1024, 24, 0x12), 24, nil, "5/21/00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := outcome(newTester(1024).run(c.cdb, c.room, c.out)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func unmapCDB(n int) []byte { return []byte{0x42, 0, 0, 0, 0, 0, 0, byte(n >> 8), byte(n)} }

func unmapList(extents ...uint64) []byte {
	b := make([]byte, 8)
	for i := 0; i < len(extents); i += 2 {
		b = binary.BigEndian.AppendUint64(b, extents[i])
		b = binary.BigEndian.AppendUint32(b, uint32(extents[i+1]))
		b = append(b, 0, 0, 0, 0)
	}
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-8))
	return b
}

func TestTransfersAreCutToTheRoomOfTheInitiator(t *testing.T) {
	x := newTester(16)
	copy(x.disk.data, block(16, 7))
	r := x.run(cdb(0x28, 0, 4, 0), 700, nil)
	if len(r.In) != 700 || r.Want != 2048 {
		t.Errorf("READ: %d bytes of %d", len(r.In), r.Want)
	}
	x.run(cdb(0x2a, 0, 4, 0), 0, block(4, 9)[:1100])
	if !bytes.Equal(x.disk.data[:2048], append(block(2, 9), block(2, 7)...)) {
		t.Error("WRITE of a part wrote something else than its whole blocks")
	}
	if r := x.run([]byte{0x12, 0, 0, 0, 20}, 255, nil); len(r.In) != 20 || r.Want != 20 {
		t.Errorf("INQUIRY: %d bytes, want %d", len(r.In), r.Want)
	}
}

func TestUnitAttentionsComeOnceAndInOrder(t *testing.T) {
	x := newTester(16)
	x.nexus.Raise(CapacityChanged)
	x.nexus.Raise(PowerOn)
	if got := outcome(x.run([]byte{0x12, 0, 0, 0, 96}, 96, nil)); got != "00" {
		t.Errorf("INQUIRY: %s", got)
	}
	if got := outcome(x.run([]byte{0xff}, 0, nil)); got != "6/29/00" {
		t.Errorf("first: %s", got)
	}
	if r := x.run([]byte{0x03, 0, 0, 0, 18}, 18, nil); r.In[2] != 6 || r.In[12] != 0x2a || r.In[13] != 0x09 {
		t.Errorf("REQUEST SENSE: % x", r.In)
	}
	if got := outcome(x.run([]byte{0}, 0, nil)); got != "00" {
		t.Errorf("then: %s", got)
	}
}

func TestMissingUnitIsAnsweredForWhereItMustBe(t *testing.T) {
	x := newTester(16)
	x.nexus = &Nexus{Units: x.nexus.Units}
	for _, c := range []struct {
		cdb  []byte
		want string
	}{{[]byte{0}, "5/25/00"}, {cdb(0x28, 0, 1, 0), "5/25/00"}, {[]byte{0x12, 0, 0, 0, 96}, "00"}, {[]byte{0x12, 1, 0, 0, 96}, "5/24/00"},
		{[]byte{0x03, 0, 0, 0, 18}, "00"}, {[]byte{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64}, "00"}} {
		r := x.run(c.cdb, 96, nil)
		if got := outcome(r); got != c.want {
			t.Errorf("% x: %s, want %s", c.cdb, got, c.want)
		}
	}
	if r := x.run([]byte{0x12, 0, 0, 0, 96}, 96, nil); r.In[0] != 0x7f {
		t.Errorf("INQUIRY begins with %#x", r.In[0])
	}
	if r := x.run([]byte{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64}, 64, nil); !bytes.Equal(r.In, []byte{0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x41, 0x2c, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("REPORT LUNS: % x", r.In)
	}
}

func TestReadOnlyUnitRefusesEveryWrite(t *testing.T) {
	x := newTester(16)
	x.nexus.Unit.ReadOnly = true
	for i := range commands {
		if commands[i].flags&writesMedium == 0 {
			continue
		}
		if got := outcome(x.run(cdb(commands[i].op, 0, 1, 0), 0, block(1, 0))); got != "7/27/00" {
			t.Errorf("%s: %s", commands[i].name, got)
		}
	}
}

func TestErrorsBecomeSense(t *testing.T) {
	for _, c := range []struct {
		op   Op
		err  error
		want Sense
	}{
		{Write, fmt.Errorf("write: %w", syscall.ENOSPC), senseSpaceAllocationFail},
		{Write, syscall.EIO, senseWriteError},
		{Read, syscall.EIO, senseReadError},
		{Flush, syscall.EIO, senseWriteError},
		{Read, os.ErrClosed, senseBecomingReady},
		{Read, os.ErrNotExist, senseBecomingReady},
		{Write, syscall.EROFS, senseWriteProtected},
		{Read, os.ErrDeadlineExceeded, senseCommandTimeout},
		{Read, syscall.ENODEV, senseInternalFailure},
		{Read, errors.New("something else"), senseReadError},
	} {
		if got := senseOf(c.op, c.err); got != c.want {
			t.Errorf("%s, %v: %v, want %v", c.op, c.err, got, c.want)
		}
	}
}

func TestFullQueueIsTaskSetFull(t *testing.T) {
	x := newTester(16)
	x.disk.err = ErrQueueFull
	r := x.run(cdb(0x28, 0, 1, 0), 512, nil)
	if got := outcome(r); got != "28" || r.In != nil {
		t.Error(got, len(r.In))
	}
}

func TestFailedReadGivesNoData(t *testing.T) {
	x := newTester(16)
	x.disk.err = syscall.EIO
	r := x.run(cdb(0x28, 0, 1, 0), 512, nil)
	if got := outcome(r); got != "3/11/00" || r.In != nil {
		t.Error(got, len(r.In))
	}
}

func TestAbortedTaskTakesNoFurtherStep(t *testing.T) {
	x := newTester(1024)
	x.disk.later = true
	x.disk.mu.Lock() // the first discard waits
	task := &Task{}
	x.begin(task, unmapCDB(40), 0, unmapList(0, 8, 16, 8))
	task.Abort()
	x.disk.mu.Unlock()
	<-x.done
	x.disk.wg.Wait()
	if len(x.disk.ops) != 1 {
		t.Errorf("operations: %v", x.disk.ops)
	}
}

func TestReportSupportedOperationCodesPrintsTheTable(t *testing.T) {
	x := newTester(16)
	all := x.run([]byte{0xa3, 0x0c, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 0xffff, nil).In
	if len(all) != 4+8*len(commands) {
		t.Fatalf("%d bytes for %d commands", len(all), len(commands))
	}
	for i := range commands {
		c := &commands[i]
		request := []byte{0xa3, 0x0c, 0x03, c.op, 0, 0, 0, 0, 0, 0xff}
		if c.action != noAction {
			request[5] = byte(c.action)
		}
		one := x.run(request, 255, nil).In
		if one[1] != 3 || int(one[3]) != len(c.usage) || one[4] != c.op {
			t.Errorf("%s: % x", c.name, one)
		}
		if want := map[byte]int{0: 6, 1: 10, 2: 10, 4: 16, 5: 12}[c.op>>5]; len(c.usage) != want {
			t.Errorf("%s: usage data of %d bytes", c.name, len(c.usage))
		}
	}
}

func TestCompareAndWriteIsAtomicAmongWriters(t *testing.T) {
	x := newTester(16)
	x.disk.later = true
	const rounds = 200
	for range 4 { // everyone adds to the first byte, and tries again when another was faster
		x.disk.wg.Go(func() {
			mine := &tester{disk: x.disk, nexus: x.nexus, done: make(chan *Task, 1)}
			for range rounds {
				for {
					old := mine.run(cdb(0x28, 0, 1, 0), 512, nil).In
					next := bytes.Clone(old)
					binary.BigEndian.PutUint32(next, binary.BigEndian.Uint32(next)+1)
					if mine.run(cdb(0x89, 0, 1, 0), 0, append(bytes.Clone(old), next...)).Status == Good {
						break
					}
				}
				mine.run(cdb(0x2a, 1, 1, 0), 0, block(1, 1)) // plain writers pass the gate too
			}
		})
	}
	x.disk.wg.Wait()
	if got := binary.BigEndian.Uint32(x.disk.data); got != 4*rounds {
		t.Errorf("%d, want %d", got, 4*rounds)
	}
}
