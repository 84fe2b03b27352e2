package image

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
)

// VMware's Virtual Disk Format 5.0; little-endian. Only the formats of one file
// with a sparse header are read; their descriptor is text behind the header.
const (
	vmdkMaxDescriptor = 1 << 20
	vmdkAtEnd         = 1<<64 - 1 // of the grain directory: a footer has the header that counts
	vmdkFooterSize    = 3 * sector
	vmdkParentSearch  = 20 * sector // where QEMU looks for a parent, however long the descriptor is
)

// vmdkSingle are the formats of one file.
var vmdkSingle = []string{"monolithicSparse", "streamOptimized"}

func isVMDK(start []byte) bool {
	const text = "# disk descriptorfile"
	return startsWith("KDMV")(start) || startsWith("COWD")(start) ||
		len(start) >= len(text) && strings.EqualFold(string(start[:len(text)]), text)
}

func inspectVMDK(c *Converter, h *header) (Info, error) {
	if len(c.opts.VMDKTypes) == 0 {
		return Info{}, unsafef("Image is a VMDK, but no VMDK createType is allowed")
	}
	if !startsWith("KDMV")(h.start) { // a descriptor alone, or an older format
		return Info{}, unsafef("Invalid VMDK create-type specified")
	}
	b, err := h.at(0, sector)
	if err != nil {
		return Info{}, err
	}
	le := binary.LittleEndian
	version, capacity := le.Uint32(b[4:]), le.Uint64(b[12:])
	off, n := le.Uint64(b[28:]), le.Uint64(b[36:])
	switch {
	case version < 1 || version > 3:
		return Info{}, unsafef("its VMDK version %d is not known", version)
	case capacity == 0 || capacity > maxVirtual/sector:
		return Info{}, unsafef("its VMDK capacity is no possible one")
	case off != 1 || n == 0 || n > vmdkMaxDescriptor/sector:
		return Info{}, unsafef("its VMDK descriptor is not where it belongs")
	}
	if le.Uint64(b[56:]) == vmdkAtEnd {
		if err := inspectVMDKFooter(h, b); err != nil {
			return Info{}, err
		}
	}
	text, err := h.at(sector, int64(n)*sector)
	if err != nil {
		return Info{}, err
	}
	searched, err := h.at(sector, min(vmdkParentSearch, h.size-sector))
	if err != nil {
		return Info{}, err
	}
	if namesParent(text) || namesParent(searched) {
		return Info{}, unsafef("a VMDK image with a parent is not allowed")
	}
	if err := inspectVMDKDescriptor(text, c.opts.VMDKTypes); err != nil {
		return Info{}, err
	}
	return Info{Format: VMDK, VirtualSize: int64(capacity) * sector}, nil
}

// inspectVMDKFooter makes sure that a reader which trusts the footer sees what
// the header says; they differ in where the grain directory is.
func inspectVMDKFooter(h *header, first []byte) error {
	b, err := h.at(h.size-vmdkFooterSize, vmdkFooterSize)
	if err != nil {
		return err
	}
	last := b[sector : 2*sector]
	if !bytes.Equal(first[:56], last[:56]) || binary.LittleEndian.Uint64(last[56:]) == vmdkAtEnd {
		return unsafef("the footer of the VMDK is not its header")
	}
	return nil
}

// inspectVMDKDescriptor takes each line for what it must be, and refuses any
// other one.
func inspectVMDKDescriptor(text []byte, allowed []string) error {
	text, rest, _ := bytes.Cut(text, []byte{0})
	if !allZero(rest) {
		return unsafef("its VMDK descriptor goes on behind its end")
	}
	var kinds, extents []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		key, value, isField := strings.Cut(line, "=")
		lower := strings.ToLower(strings.TrimSpace(key))
		switch {
		case line == "" || line[0] == '#' || strings.HasPrefix(lower, "ddb."):
		case !printable(line):
			return unsafef("its VMDK descriptor has bytes that are no text")
		case slices.Contains([]string{"rw", "rdonly", "noaccess"}, strings.ToLower(firstWord(line))):
			extents = append(extents, line)
		case isField && lower == "createtype":
			kinds = append(kinds, strings.Trim(strings.TrimSpace(value), `"`))
		case isField && lower == "parentcid":
			if !strings.EqualFold(strings.TrimSpace(value), "ffffffff") {
				return unsafef("a VMDK image with a parent is not allowed")
			}
		case isField && !strings.Contains(lower, " "):
		default:
			return unsafef("its VMDK descriptor has a line that is none of a descriptor")
		}
	}
	return vmdkOneFile(kinds, extents, allowed)
}

func namesParent(b []byte) bool {
	return bytes.Contains(bytes.ToLower(b), []byte("parentfilenamehint"))
}

// vmdkOneFile refuses what is not one extent in this very file.
func vmdkOneFile(kinds, extents, allowed []string) error {
	if len(kinds) != 1 || !slices.Contains(allowed, kinds[0]) || !slices.Contains(vmdkSingle, kinds[0]) {
		return unsafef("Invalid VMDK create-type specified")
	}
	if len(extents) != 1 {
		return unsafef("its VMDK descriptor names %d extents and not one", len(extents))
	}
	words := strings.Fields(extents[0])
	if len(words) < 4 || !strings.EqualFold(words[2], "SPARSE") || strings.ContainsAny(extents[0], `/\`) {
		return unsafef("its VMDK descriptor names an extent that is another file")
	}
	return nil
}

func firstWord(line string) string {
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		return line[:i]
	}
	return line
}

func printable(line string) bool {
	for i := range len(line) {
		if c := line[i]; c != '\t' && (c < ' ' || c > '~') {
			return false
		}
	}
	return true
}
