package scsi

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestUnitIsAByteSlice runs random commands on a unit and on a byte slice.
func TestUnitIsAByteSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const blocks = 600
		x := newTester(blocks)
		x.disk.later = rapid.Bool().Draw(t, "later")
		twin := make([]byte, blocks*BlockSize)
		for range rapid.IntRange(1, 30).Draw(t, "commands") {
			twinStep(t, x, twin)
		}
		x.disk.wg.Wait()
		if !bytes.Equal(x.disk.data, twin) {
			t.Fatal("the medium differs at the end")
		}
	})
}

func twinStep(t *rapid.T, x *tester, twin []byte) {
	lba := rapid.IntRange(0, len(twin)/BlockSize).Draw(t, "lba")
	n := rapid.IntRange(0, 300).Draw(t, "blocks")
	fill := rapid.Byte().Draw(t, "fill")
	op := rapid.SampledFrom([]byte{0x28, 0x88, 0xa8, 0x2a, 0x8a, 0xaa, 0x2e, 0x41, 0x93, 0x42, 0x89, 0x2f}).Draw(t, "op")
	inside := lba+n <= len(twin)/BlockSize
	var there []byte
	if inside {
		there = twin[lba*BlockSize : (lba+n)*BlockSize]
	}
	good := inside
	var r *Task
	switch op {
	case 0x28, 0x88, 0xa8:
		r = x.run(cdb(op, uint64(lba), uint32(n), 0), n*BlockSize, nil)
		if inside && !bytes.Equal(r.In, there) {
			t.Fatal("READ gives other bytes")
		}
	case 0x2a, 0x8a, 0xaa, 0x2e:
		r = x.run(cdb(op, uint64(lba), uint32(n), 0), 0, block(n, fill))
		copy(there, block(n, fill))
	case 0x41, 0x93:
		good = inside && n > 0
		r = x.run(cdb(op, uint64(lba), uint32(n), fill&0x08), 0, block(1, fill))
		if good {
			copy(there, block(n, fill))
		}
	case 0x42:
		r = x.run(unmapCDB(24), 0, unmapList(uint64(lba), uint64(n)))
		clear(there)
	case 0x89:
		n %= 20
		good = lba+n <= len(twin)/BlockSize
		out := block(2*n, fill)
		if good {
			there = twin[lba*BlockSize : (lba+n)*BlockSize]
			good = bytes.Equal(there, out[:len(there)])
		}
		r = x.run(cdb(op, uint64(lba), uint32(n), 0), 0, out)
		if good {
			copy(there, out[len(there):])
		}
	case 0x2f:
		r = x.run(cdb(op, uint64(lba), uint32(n), 0x02), 0, block(n, fill))
		good = inside && bytes.Equal(there, block(n, fill))
	}
	if (r.Status == Good) != good {
		t.Fatalf("operation %#x, LBA %d, %d blocks: %s", op, lba, n, outcome(r))
	}
}
