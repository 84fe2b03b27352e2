package scsi

import "testing"

// FuzzTask runs any CDB with any data: it ends, within its bounds.
func FuzzTask(f *testing.F) {
	for i := range commands {
		f.Add(cdb(commands[i].op, 0, 1, byte(max(commands[i].action, 0))), uint32(4096), block(1, 0))
		f.Add(commands[i].usage, uint32(512), []byte{})
	}
	f.Add(unmapCDB(40), uint32(0), unmapList(0, 8, 16, 8))
	f.Add([]byte{0x55, 0x10, 0, 0, 0, 0, 0, 0, 28}, uint32(0), append(make([]byte, 8), modePages[0]...))
	f.Add([]byte{0x15, 0x10, 0, 0, 12}, uint32(0), []byte{0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 2, 0})
	f.Fuzz(func(t *testing.T, cdb []byte, room uint32, out []byte) {
		x := newTester(2048)
		r := x.run(cdb, int(room%(1<<20)), out)
		if int64(len(r.In)) > r.Room || r.Want > MaxTransfer {
			t.Errorf("% x: %d bytes for a room of %d", cdb, len(r.In), r.Room)
		}
		if r.Status == CheckCondition && r.Sense.Key == noSense {
			t.Errorf("% x: CHECK CONDITION without sense", cdb)
		}
	})
}

// FuzzModeSelect checks the parser of mode parameter lists.
func FuzzModeSelect(f *testing.F) {
	f.Add(append(make([]byte, 4), modePages[1]...), true)
	f.Add(append(make([]byte, 8), modePages[0]...), false)
	f.Fuzz(func(_ *testing.T, list []byte, six bool) { checkModeList(list, six) })
}
