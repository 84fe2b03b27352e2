package image

import (
	"errors"
	"io"
	"testing"
)

// measured counts what is read of an image.
type measured struct {
	b    []byte
	read int64
}

func (m *measured) ReadAt(p []byte, off int64) (int, error) {
	m.read += int64(len(p))
	if off >= int64(len(m.b)) {
		return 0, io.EOF
	}
	n := copy(p, m.b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Whatever lies in an image, Inspect answers with what it is or with a refusal,
// reads little, and names no size that cannot be. The corpus in testdata begins
// with good headers of every format.
func FuzzInspect(f *testing.F) {
	for _, declared := range []string{Raw, QCOW2, VMDK, VHD, VHDX, VDI, "other"} {
		f.Add([]byte("QFI\xfb"), declared)
	}
	f.Add(smallVHDX(), VHDX)
	c := New(Options{VMDKTypes: vmdkSingle})
	if info, err := c.Inspect(&measured{b: smallVHDX()}, int64(len(smallVHDX())), VHDX); err != nil || info.VirtualSize != mib {
		f.Fatalf("%+v, %v", info, err)
	}
	f.Fuzz(func(t *testing.T, b []byte, declared string) {
		m := &measured{b: b}
		info, err := c.Inspect(m, int64(len(b)), declared)
		var u *Unsafe
		switch {
		case err != nil && (!errors.As(err, &u) || u.Reason == "" || info != Info{}):
			t.Fatalf("%+v, %v", info, err)
		case err == nil && (info.VirtualSize < 0 || info.VirtualSize > maxVirtual || info.Format == Raw && info.VirtualSize != int64(len(b))):
			t.Fatalf("%+v", info)
		case m.read > 4*mib:
			t.Fatalf("%d bytes were read", m.read)
		}
	})
}

// smallVHDX is a header whose metadata follow it at once; qemu-img's lie MiBs away.
func smallVHDX() []byte {
	const metadata, item = 256 << 10, 64 << 10
	b := make([]byte, metadata+item+16)
	copy(b, "vhdxfile")
	copy(b[vhdxRegions:], "regi")
	le.PutUint32(b[vhdxRegions+8:], 1)
	copy(b[vhdxRegions+16:], vhdxMetadata)
	le.PutUint64(b[vhdxRegions+32:], metadata)
	copy(b[metadata:], "metadata")
	le.PutUint16(b[metadata+10:], 2)
	for i, id := range []string{vhdxFile, vhdxDisk} {
		entry := b[metadata+32+i*vhdxEntrySize:]
		copy(entry, id)
		le.PutUint32(entry[16:], uint32(item+i*8))
	}
	le.PutUint64(b[metadata+item+8:], mib)
	return b
}
