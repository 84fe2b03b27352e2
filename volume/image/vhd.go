package image

import "encoding/binary"

// Microsoft's Virtual Hard Disk Image Format Specification; big-endian. A
// dynamic disk has a copy of its footer at its start, a fixed one is a raw image
// with a footer behind it.
const (
	vhdCookie    = "conectix"
	vhdFixed     = 2
	vhdDynamic   = 3
	vhdMaxCHS    = 65535 * 16 * 255
	vhdMaxBlocks = 1 << 28
)

// vhdExact are the makers of VHDs whose size is the one in the footer; with any
// other one it is what cylinders, heads and sectors make, as QEMU has it too.
var vhdExact = map[string]bool{"win ": true, "qem2": true, "d2v ": true, "tap\x00": true, "CTXS": true, "wa\x00\x00": true}

func isVHD(start []byte) bool { return startsWith(vhdCookie)(start) }

// hasFooter says whether the image ends as a fixed disk does.
func hasFooter(h *header) bool {
	b, err := h.at(h.size-sector, sector)
	return err == nil && isVHD(b)
}

func inspectVHD(_ *Converter, h *header) (Info, error) {
	footer, err := h.at(0, sector)
	if err != nil {
		return Info{}, err
	}
	be := binary.BigEndian
	if kind := be.Uint32(footer[60:]); kind != vhdDynamic {
		return Info{}, vhdRefusal(kind)
	}
	off := be.Uint64(footer[16:])
	if off > uint64(h.size) {
		return Info{}, unsafef("its VHD header lies beyond its end")
	}
	dynamic, err := h.at(int64(off), 1024)
	switch {
	case err != nil:
		return Info{}, err
	case string(dynamic[:8]) != "cxsparse":
		return Info{}, unsafef("its VHD header is none of a dynamic disk")
	case !allZero(dynamic[40:56]): // the parent's identity
		return Info{}, unsafef("a VHD image with a parent is not allowed")
	case be.Uint32(dynamic[28:]) > vhdMaxBlocks || be.Uint64(dynamic[16:]) > uint64(h.size):
		return Info{}, unsafef("its VHD block table lies beyond its end")
	}
	return vhdInfo(footer)
}

func inspectFixedVHD(h *header) (Info, error) {
	footer, err := h.at(h.size-sector, sector)
	if err != nil {
		return Info{}, err
	}
	if kind := binary.BigEndian.Uint32(footer[60:]); kind != vhdFixed {
		return Info{}, vhdRefusal(kind)
	}
	info, err := vhdInfo(footer)
	if err == nil && info.VirtualSize > h.size-sector {
		return Info{}, unsafef("its VHD footer promises more than there is")
	}
	return info, err
}

func vhdRefusal(kind uint32) error {
	if kind == 4 {
		return unsafef("a VHD image that is a difference to another one is not allowed")
	}
	return unsafef("its VHD type %d is not what such a file holds", kind)
}

func vhdInfo(footer []byte) (Info, error) {
	be := binary.BigEndian
	size := int64(be.Uint16(footer[56:])) * int64(footer[58]) * int64(footer[59]) * sector
	if vhdExact[string(footer[28:32])] || size == vhdMaxCHS*sector {
		exact := be.Uint64(footer[48:])
		if exact > maxVirtual {
			return Info{}, unsafef("its virtual size of %d bytes is no possible one", exact)
		}
		size = int64(exact) &^ (sector - 1)
	}
	return Info{Format: VHD, VirtualSize: size}, nil
}
