package image

import (
	"errors"
	"io"
	"strings"
)

const (
	headerSize = 64 << 10 // bytes at the start that tell one format from another
	sector     = 512
	maxVirtual = 1 << 56 // bytes; what is larger is an attack on somebody's arithmetic
)

// format is one that the first bytes of an image can show.
type format struct {
	name    string
	matches func(start []byte) bool
	inspect func(c *Converter, h *header) (Info, error) // nil: never accepted
}

// formats that are not raw. Those never accepted are here so that they are not
// taken for raw either.
var formats = []format{
	{QCOW2, isQCOW2, inspectQCOW2},
	{VMDK, isVMDK, inspectVMDK},
	{VHD, isVHD, inspectVHD},
	{VHDX, isVHDX, inspectVHDX},
	{VDI, isVDI, inspectVDI},
	{"qed", startsWith("QED\x00"), nil},
	{"qcow", startsWith("QFI\xfb\x00\x00\x00\x01"), nil},
	{Ploop, isParallels, nil},
}

// header reads from an image whose size is known.
type header struct {
	r     io.ReaderAt
	size  int64
	start []byte // the first headerSize bytes, or all there are
}

// at reads n bytes at off. What lies outside is *Unsafe: the header is cut off.
func (h *header) at(off, n int64) ([]byte, error) {
	switch {
	case off < 0 || n < 0 || off > h.size || n > h.size-off:
		return nil, unsafef("its header is cut off, or points beyond its end")
	case off+n <= int64(len(h.start)):
		return h.start[off : off+n], nil
	}
	b := make([]byte, n)
	if _, err := h.r.ReadAt(b, off); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b, nil
}

// asRaw are disk formats of Glance whose bytes are the volume's.
var asRaw = map[string]bool{Raw: true, ISO: true, "ami": true, "aki": true, "ari": true, "luks": true}

// readable are those that must be decoded.
var readable = map[string]bool{QCOW2: true, VMDK: true, VHD: true, VHDX: true, VDI: true}

// Streams says whether an image of that disk format needs no file: it is for
// Raw, any other one for Download and ToRaw.
func Streams(diskFormat string) bool { return asRaw[strings.ToLower(diskFormat)] }

// Inspect reads the header of an image of size bytes. declared is its
// disk_format in Glance. It reads at most a few MiB, wherever they are.
// *Unsafe when it is refused; an error of r is returned as it is.
func (c *Converter) Inspect(r io.ReaderAt, size int64, declared string) (Info, error) {
	h := &header{r: r, size: max(size, 0)}
	start, err := h.at(0, min(h.size, headerSize))
	if err != nil {
		return Info{}, err
	}
	h.start = start
	return c.inspect(h, strings.ToLower(declared))
}

func (c *Converter) inspect(h *header, declared string) (Info, error) {
	found, err := agree(h.start, declared)
	switch {
	case err != nil:
		return Info{}, err
	case found == nil && asRaw[declared]:
		return Info{Format: Raw, VirtualSize: h.size, Content: content(h.start)}, nil
	case found == nil && hasFooter(h):
		return inspectFixedVHD(h)
	case found == nil:
		return Info{}, another(declared)
	}
	info, err := found.inspect(c, h)
	if err != nil {
		return Info{}, err
	}
	if n := info.VirtualSize; n <= 0 || n > maxVirtual || n%sector != 0 {
		return Info{}, unsafef("its virtual size of %d bytes is no possible one", n)
	}
	return info, nil
}

// agree is the format that the start of an image shows and that was declared;
// nil where the start need show none: of raw images and of fixed VHDs.
func agree(start []byte, declared string) (*format, error) {
	if !asRaw[declared] && !readable[declared] {
		return nil, unsafef("its disk format %.20q is none that can be read", declared)
	}
	found, err := recognize(start)
	switch {
	case err != nil:
		return nil, err
	case found == nil && (asRaw[declared] || declared == VHD):
		return nil, nil
	case found == nil || found.name != declared:
		return nil, another(declared)
	}
	return found, nil
}

func another(declared string) error {
	return unsafef("The image format was claimed to be '%s' but the image data appears to be in a different format.", declared)
}

// recognize finds the format of an image, nil if it is a raw one.
func recognize(start []byte) (*format, error) {
	var found *format
	for i := range formats {
		if !formats[i].matches(start) {
			continue
		}
		if found != nil {
			return nil, unsafef("it is made to look like %s and %s at once", found.name, formats[i].name)
		}
		found = &formats[i]
	}
	return found, nil
}

func startsWith(magic string) func([]byte) bool {
	return func(start []byte) bool { return strings.HasPrefix(string(start[:min(len(start), len(magic))]), magic) }
}

func isParallels(start []byte) bool {
	return startsWith("WithoutFreeSpace")(start) || startsWith("WithouFreSpacExt")(start)
}

// content is what lies in a raw image, as far as its start tells.
func content(start []byte) string {
	has := func(off int, magic string) bool {
		return len(start) >= off+len(magic) && string(start[off:off+len(magic)]) == magic
	}
	switch {
	case has(0, "LUKS\xba\xbe"):
		return "luks"
	case has(510, "\x55\xaa") && has(512, "EFI PART"):
		return "gpt"
	case has(0x8001, "CD001"):
		return "iso"
	}
	return ""
}
