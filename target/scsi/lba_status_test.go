package scsi

import (
	"encoding/binary"
	"testing"
)

// GET LBA STATUS never calls a block a hole of which a part is stored.
func TestLBAStatusTellsWhatTheDeviceKnows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what   string
		extent int64
		hole   bool
		blocks uint32
		status byte
	}{
		{"a device that cannot tell", 0, false, 1024 - 8, 0},
		{"a hole", 16 * BlockSize, true, 16, deallocated},
		{"a hole that ends within a block", 16*BlockSize + 1, true, 16, deallocated},
		{"a hole smaller than a block", 100, true, 1, 0},
		{"data", 32 * BlockSize, false, 32, 0},
		{"data that ends within a block", 31*BlockSize + 1, false, 32, 0},
	} {
		x := newTester(1024)
		x.disk.extent, x.disk.hole = c.extent, c.hole
		task := x.run(cdb(0x9e, 8, 24, 0x12), 24, nil)
		if got := outcome(task); got != "00" || len(task.In) != 24 {
			t.Fatalf("%s: %s, %d bytes", c.what, got, len(task.In))
		}
		lba, blocks, status := binary.BigEndian.Uint64(task.In[8:]), binary.BigEndian.Uint32(task.In[16:]), task.In[20]
		if lba != 8 || blocks != c.blocks || status != c.status {
			t.Errorf("%s: %d blocks from %d on with status %d; want %d, 8, %d", c.what, blocks, lba, status, c.blocks, c.status)
		}
	}
}
