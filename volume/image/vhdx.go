package image

import "encoding/binary"

// [MS-VHDX]; little-endian. A table of regions leads to the metadata, a table
// of metadata to size and flags.
const (
	vhdxRegions    = 192 << 10 // first of two tables that are the same
	vhdxTableSize  = 64 << 10
	vhdxMaxEntries = 2047
	vhdxEntrySize  = 32
)

// Identities as they lie in the file.
const (
	vhdxMetadata = "\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e"
	vhdxFile     = "\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b"
	vhdxDisk     = "\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8"
	vhdxParent   = "\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c"
)

func isVHDX(start []byte) bool { return startsWith("vhdxfile")(start) }

func inspectVHDX(_ *Converter, h *header) (Info, error) {
	regions, err := h.at(vhdxRegions, vhdxTableSize)
	if err != nil {
		return Info{}, err
	}
	if string(regions[:4]) != "regi" {
		return Info{}, unsafef("its VHDX table of regions is broken")
	}
	entry := vhdxEntry(regions[16:], binary.LittleEndian.Uint32(regions[8:]), vhdxMetadata)
	if entry == nil {
		return Info{}, unsafef("its VHDX has no metadata")
	}
	base := binary.LittleEndian.Uint64(entry[16:])
	if base > uint64(h.size) {
		return Info{}, unsafef("its VHDX metadata lie beyond its end")
	}
	return inspectVHDXMetadata(h, int64(base))
}

func inspectVHDXMetadata(h *header, base int64) (Info, error) {
	table, err := h.at(base, vhdxTableSize)
	if err != nil {
		return Info{}, err
	}
	if string(table[:8]) != "metadata" {
		return Info{}, unsafef("its VHDX metadata are broken")
	}
	items, count := table[32:], uint32(binary.LittleEndian.Uint16(table[10:]))
	if vhdxEntry(items, count, vhdxParent) != nil {
		return Info{}, unsafef("a VHDX image with a parent is not allowed")
	}
	file, err := vhdxItem(h, base, vhdxEntry(items, count, vhdxFile))
	if err != nil {
		return Info{}, err
	}
	if binary.LittleEndian.Uint32(file[4:])&2 != 0 { // HasParent
		return Info{}, unsafef("a VHDX image with a parent is not allowed")
	}
	size, err := vhdxItem(h, base, vhdxEntry(items, count, vhdxDisk))
	if err != nil {
		return Info{}, err
	}
	return Info{Format: VHDX, VirtualSize: int64(binary.LittleEndian.Uint64(size))}, nil
}

// vhdxEntry finds an identity in a table; both kinds of table have entries of
// one size that begin with it.
func vhdxEntry(table []byte, count uint32, id string) []byte {
	for range min(count, vhdxMaxEntries) {
		if len(table) < vhdxEntrySize {
			return nil
		}
		if string(table[:16]) == id {
			return table[:vhdxEntrySize]
		}
		table = table[vhdxEntrySize:]
	}
	return nil
}

// vhdxItem reads the eight bytes that both items we want have.
func vhdxItem(h *header, base int64, entry []byte) ([]byte, error) {
	if entry == nil {
		return nil, unsafef("its VHDX metadata lack the size or the file parameters")
	}
	return h.at(base+int64(binary.LittleEndian.Uint32(entry[16:])), 8)
}
