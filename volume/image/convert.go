package image

import (
	"context"
	"io"
	"os"

	"github.com/clinker-io/clinker/volume/driver"
)

// Allowed is nil when an image of that disk format may become a volume, or a
// volume such an image: *NotAllowed when image_conversion_disable forbids it.
func (c *Converter) Allowed(diskFormat string, upload bool) error { return nil }

// Inspect reads the header of an image of size bytes. declared is its
// disk_format in Glance. It reads at most a few MiB, wherever they are.
// *Unsafe when it is refused; an error of r is returned as it is.
func (c *Converter) Inspect(r io.ReaderAt, size int64, declared string) (Info, error) {
	return Info{}, nil
}

// Temp makes a file without a name in image_conversion_dir, for an image of
// need bytes; its space is free once it is closed. ErrNoRoom when it would not fit.
func (c *Converter) Temp(need int64) (*os.File, error) { return nil, nil }

// Raw writes the size bytes that r gives to dst: a raw image (or iso, ami, …) as
// it is downloaded. What comes first is inspected before a byte is written. dst
// ends up with the image and zeroes behind it whatever was there, with its
// zeroes as holes, and flushed. r may end with an error, such as that of [Checked]:
// then dst is not what it should be, and the error is returned.
func (c *Converter) Raw(ctx context.Context, r io.Reader, size int64, declared string, dst driver.Device, p Progress) (Info, error) {
	return Info{}, nil
}

// ToRaw writes what the image in src holds to dst, as Raw does. info is what
// Inspect said of src.
func (c *Converter) ToRaw(ctx context.Context, src *os.File, info Info, dst driver.Device, p Progress) error {
	return nil
}

// Streams says whether an image of that disk format needs no file: it is for
// Raw, any other one for Temp, Inspect and ToRaw.
func Streams(diskFormat string) bool { return false }

// Export is an image made of a volume, to be uploaded: its bytes and how many
// they are. Close gives its space back.
type Export struct {
	io.ReadSeekCloser
	Size int64
}

// FromRaw makes an image of src in a disk format of Glance. A raw one is read
// while it is uploaded; any other one is a file without a name when FromRaw returns.
func (c *Converter) FromRaw(ctx context.Context, src Source, diskFormat string, p Progress) (*Export, error) {
	return nil, nil
}

// Checked gives what r gives, and at its end ErrChecksum instead of io.EOF when
// the hash (algorithm as in os_hash_algo, "md5" for Glance's checksum) is not
// sum, in hex.
func Checked(r io.Reader, algorithm, sum string) (io.Reader, error) { return r, nil }

// CheckSignature refuses an image whose properties say that it is signed, as
// verify_glance_signatures = enabled asks for, with *Unsafe.
func CheckSignature(properties map[string]string) error { return nil }
