package image

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/clinker-io/clinker/volume/driver"
)

// Disk formats by Glance's names.
const (
	Raw   = "raw"
	ISO   = "iso"
	QCOW2 = "qcow2"
	VMDK  = "vmdk"
	VHD   = "vhd"
	VHDX  = "vhdx"
	VDI   = "vdi"
	Ploop = "ploop" // only written, as Cinder does
)

// Options are those of cinder.conf.
type Options struct {
	Dir               string        // image_conversion_dir
	DisableConversion bool          // image_conversion_disable
	CompressOnUpload  bool          // image_compress_on_upload
	AllowCompressed   bool          // allow_compression_on_image_upload
	VMDKTypes         []string      // vmdk_allowed_types
	CPULimit          time.Duration // image_conversion_cpu_limit, for each GiB
	AddressSpace      int64         // image_conversion_address_space_limit, in bytes
}

// Converter converts as its options say. It may be used at the same time by many.
type Converter struct {
	opts Options
}

// New makes a Converter; nothing is touched before it is used.
func New(o Options) *Converter { return &Converter{opts: o} }

// Info is what the header of an image says, once it has been found safe.
type Info struct {
	Format      string // how its bytes are read: Raw, QCOW2, VMDK, VHD, VHDX or VDI
	VirtualSize int64  // bytes that the volume gets; a multiple of 512, but of a raw image
	Content     string // what lies in a raw image where that is known: "iso", "gpt", "luks"
}

// Progress is told how far a copy is, from one goroutine, after each piece.
// It may be nil.
type Progress func(done, total int64)

// Source is what an image is made of: a [driver.Device] is one. If it is a
// [driver.HoleFinder] too, holes are not read.
type Source interface {
	io.ReaderAt
	Size() int64
}

var _ Source = driver.Device(nil)

// Unsafe refuses an image for what its header says. The reason is a sentence
// for users and operators.
type Unsafe struct {
	Reason string
}

func (u *Unsafe) Error() string { return "the image is refused: " + u.Reason }

func unsafef(format string, args ...any) error {
	return &Unsafe{Reason: fmt.Sprintf(format, args...)}
}

// TooBig refuses an image whose contents do not fit in the volume.
type TooBig struct {
	Image, Volume int64 // bytes
}

func (t *TooBig) Error() string {
	return fmt.Sprintf("Image virtual size is %dGB and doesn't fit in a volume of size %dGB.", gib(t.Image), gib(t.Volume))
}

// NotAllowed refuses what the options do not allow.
type NotAllowed struct {
	Reason string
}

func (n *NotAllowed) Error() string { return n.Reason }

var (
	// ErrNoRoom means that image_conversion_dir has no room for a file; it is
	// not what a full pool of volumes gives, which is [driver.ErrNoSpace].
	ErrNoRoom = errors.New("no room in image_conversion_dir")

	// ErrChecksum means that the image is not what its record says.
	ErrChecksum = errors.New("the checksum of the image is not the one of its record")

	// ErrConverter means that qemu-img failed or came to one of its limits; the
	// text says which.
	ErrConverter = errors.New("the image could not be converted")

	errNoSize = &Unsafe{Reason: "its size is not known"}
)

// gib is a size in GiB, rounded up.
func gib(n int64) int64 { return (n + 1<<30 - 1) >> 30 }
