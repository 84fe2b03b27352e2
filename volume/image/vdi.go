package image

import "encoding/binary"

// The header of VirtualBox's format, little-endian, as QEMU's block/vdi.c reads it.
const (
	vdiMagic   = 0xbeda107f
	vdiDynamic = 1
	vdiStatic  = 2
)

func isVDI(start []byte) bool {
	return len(start) >= 0x44 && binary.LittleEndian.Uint32(start[0x40:]) == vdiMagic
}

func inspectVDI(_ *Converter, h *header) (Info, error) {
	b, err := h.at(0, sector)
	if err != nil {
		return Info{}, err
	}
	le := binary.LittleEndian
	switch kind := le.Uint32(b[0x4c:]); {
	case le.Uint32(b[0x44:]) != 0x00010001:
		return Info{}, unsafef("its VDI version is not known")
	case kind != vdiDynamic && kind != vdiStatic:
		return Info{}, unsafef("a VDI image that is a difference to another one is not allowed")
	case !allZero(b[0x1a8:0x1c8]): // identities of the image linked to and of the parent
		return Info{}, unsafef("a VDI image with a parent is not allowed")
	}
	// QEMU rounds up to whole sectors, VirtualBox makes no other ones.
	size := le.Uint64(b[0x170:])
	if size > maxVirtual {
		return Info{}, unsafef("its virtual size of %d bytes is no possible one", size)
	}
	return Info{Format: VDI, VirtualSize: int64((size + sector - 1) &^ (sector - 1))}, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
