package target_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/clinker-io/clinker/target/internal/initiator"
)

// TestDiskIsAByteSlice writes and reads through a session that was negotiated
// at random, and compares with a byte slice.
func TestDiskIsAByteSlice(t *testing.T) {
	t.Parallel()
	const blocks = 2048
	m := newMemory(blocks * 512)
	s := newSetup(t, m)
	s.grant(t, withCHAP)
	yesNo := rapid.SampledFrom([]string{"Yes", "No"})
	digest := rapid.SampledFrom([]string{"None", "CRC32C"})
	size := rapid.SampledFrom([]string{"512", "4096", "16384", "262144"})
	twin := make([]byte, blocks*512)
	rapid.Check(t, func(t *rapid.T) {
		o := asAttachment
		o.Keys = [][2]string{{"HeaderDigest", digest.Draw(t, "header")}, {"DataDigest", digest.Draw(t, "data")},
			{"InitialR2T", yesNo.Draw(t, "r2t")}, {"ImmediateData", yesNo.Draw(t, "immediate")},
			{"MaxRecvDataSegmentLength", size.Draw(t, "segment")}, {"MaxBurstLength", size.Draw(t, "burst")},
			{"FirstBurstLength", size.Draw(t, "first")}, {"MaxOutstandingR2T", rapid.SampledFrom([]string{"1", "4"}).Draw(t, "open")}}
		c, err := initiator.Dial(s.addr, o)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Ready(); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 10).Draw(t, "commands") {
			lba := rapid.IntRange(0, blocks-1).Draw(t, "lba")
			n := rapid.IntRange(1, blocks-lba).Draw(t, "blocks")
			there := twin[lba*512 : (lba+n)*512]
			if rapid.Bool().Draw(t, "write") {
				data := bytes.Repeat([]byte{rapid.Byte().Draw(t, "fill"), byte(lba), byte(n)}, n*512/3+1)[:n*512]
				r, err := c.Do(initiator.Command{CDB: initiator.Write10(uint32(lba), uint16(n)), Out: data})
				if err != nil || r.Status != 0 {
					t.Fatal(r.Status, err)
				}
				copy(there, data)
				continue
			}
			r, err := c.Do(initiator.Command{CDB: initiator.Read10(uint32(lba), uint16(n)), In: n * 512})
			if err != nil || !bytes.Equal(r.Data, there) {
				t.Fatalf("LBA %d, %d blocks differ, %v", lba, n, err)
			}
		}
	})
}
