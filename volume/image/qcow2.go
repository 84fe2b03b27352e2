package image

import (
	"encoding/binary"
	"slices"
)

// QEMU's docs/interop/qcow2.txt is the format; all numbers are big-endian.
const (
	qcow2V2Header  = 72
	qcow2V3Header  = 104
	qcow2MaxHeader = 64 << 10

	// Incompatible features: those that a reader must know.
	qcow2Dirty      = 1 << 0 // reference counts may be wrong; a reader needs none
	qcow2Corrupt    = 1 << 1
	qcow2DataFile   = 1 << 2
	qcow2Compressed = 1 << 3 // compression_type is not zlib
	qcow2ExtendedL2 = 1 << 4
	qcow2Known      = qcow2Dirty | qcow2Compressed | qcow2ExtendedL2

	extEnd      = 0
	extDataFile = 0x44415441
	extBacking  = 0xe2792aca
	extCrypto   = 0x0537be77
)

func isQCOW2(start []byte) bool {
	return startsWith("QFI\xfb")(start) && !startsWith("QFI\xfb\x00\x00\x00\x01")(start)
}

func inspectQCOW2(_ *Converter, h *header) (Info, error) {
	b, err := h.at(0, qcow2V2Header)
	if err != nil {
		return Info{}, err
	}
	be := binary.BigEndian
	version, clusterBits := be.Uint32(b[4:]), be.Uint32(b[20:])
	switch {
	case version != 2 && version != 3:
		return Info{}, unsafef("its qcow2 version %d is not known", version)
	case be.Uint64(b[8:]) != 0 || be.Uint32(b[16:]) != 0:
		return Info{}, unsafef("a qcow2 image with a backing file is not allowed")
	case clusterBits < 9 || clusterBits > 21:
		return Info{}, unsafef("its qcow2 clusters have an impossible size")
	case be.Uint32(b[32:]) != 0:
		return Info{}, unsafef("an encrypted qcow2 image cannot be read")
	case be.Uint64(b[40:]) >= uint64(h.size):
		return Info{}, unsafef("its qcow2 tables lie beyond its end")
	}
	length := int64(qcow2V2Header)
	if version == 3 {
		if length, err = inspectQCOW2Features(h); err != nil {
			return Info{}, err
		}
	}
	if err := inspectQCOW2Extensions(h, length, 1<<clusterBits); err != nil {
		return Info{}, err
	}
	return Info{Format: QCOW2, VirtualSize: int64(be.Uint64(b[24:]))}, nil
}

// inspectQCOW2Features reads what version 3 added; it returns the header's length.
func inspectQCOW2Features(h *header) (length int64, err error) {
	b, err := h.at(0, qcow2V3Header)
	if err != nil {
		return 0, err
	}
	be := binary.BigEndian
	incompatible := be.Uint64(b[72:])
	length = int64(be.Uint32(b[100:]))
	switch {
	case incompatible&qcow2DataFile != 0:
		return 0, unsafef("A qcow2 format image is not allowed to have a data file")
	case incompatible&qcow2Corrupt != 0:
		return 0, unsafef("its qcow2 header says that it is corrupt")
	case incompatible&^qcow2Known != 0:
		return 0, unsafef("it needs qcow2 features %#x that are not known", incompatible&^qcow2Known)
	case length < qcow2V3Header || length > qcow2MaxHeader || length%8 != 0:
		return 0, unsafef("its qcow2 header has an impossible length")
	}
	return length, nil
}

// inspectQCOW2Extensions reads the header extensions, which fill the first cluster.
func inspectQCOW2Extensions(h *header, off, cluster int64) error {
	for end := min(cluster, h.size); off+8 <= end; {
		b, err := h.at(off, 8)
		if err != nil {
			return err
		}
		kind, n := binary.BigEndian.Uint32(b), int64(binary.BigEndian.Uint32(b[4:]))
		switch {
		case kind == extEnd:
			return nil
		case kind == extDataFile:
			return unsafef("A qcow2 format image is not allowed to have a data file")
		case slices.Contains([]uint32{extBacking, extCrypto}, kind):
			return unsafef("its qcow2 header has an extension for a backing file or for encryption")
		case n > end-off-8:
			return unsafef("a qcow2 header extension is longer than its cluster")
		}
		off += 8 + (n+7)&^7
	}
	return nil
}
