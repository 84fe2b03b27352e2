package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/image/nbd"
)

// Export is an image made of a volume, to be uploaded: its bytes and how many
// they are. Close gives its space back.
type Export struct {
	io.ReadSeekCloser
	Size int64
}

// FromRaw makes an image of src in a disk format of Glance. A raw one is read
// while it is uploaded; any other one is a file without a name when FromRaw returns.
func (c *Converter) FromRaw(ctx context.Context, src Source, diskFormat string, p Progress) (*Export, error) {
	diskFormat = strings.ToLower(diskFormat)
	if diskFormat == Raw {
		return &Export{ReadSeekCloser: newReader(ctx, src, p), Size: src.Size()}, nil
	}
	if qemuName[diskFormat] == "" {
		return nil, &NotAllowed{fmt.Sprintf("A volume cannot be uploaded in the format %.20q.", diskFormat)}
	}
	f, err := c.Temp(0)
	if err != nil {
		return nil, err
	}
	e, err := c.encode(ctx, src, diskFormat, f, p)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return e, nil
}

// encode writes the image to f and makes sure that it is one which Inspect takes.
func (c *Converter) encode(ctx context.Context, src Source, diskFormat string, f *os.File, p Progress) (*Export, error) {
	size := src.Size()
	args := []string{"convert", "--image-opts", "-O", qemuName[diskFormat]}
	switch {
	case diskFormat == QCOW2 && c.opts.CompressOnUpload:
		args = append(args, "-c")
	case diskFormat == VHD:
		args = append(args, "-o", "force_size=on") // else it grows to whole cylinders
	}
	export := exportOf(src)
	read := export.Read
	export.Read = func(b []byte, off int64) error {
		p.tell(off, size)
		return read(b, off)
	}
	err := c.qemu(ctx, job{
		args: append(args, toSocket, inheritedFile), file: f, size: size, output: largestImage(size),
		export: export,
	})
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if diskFormat != Ploop {
		if _, err := New(Options{VMDKTypes: vmdkSingle}).Inspect(f, st.Size(), diskFormat); err != nil {
			return nil, fmt.Errorf("%w: the result is no %s image: %w", ErrConverter, diskFormat, err)
		}
	}
	_, err = f.Seek(0, io.SeekStart)
	return &Export{ReadSeekCloser: f, Size: st.Size()}, err
}

// exportOf is src for reading.
func exportOf(src Source) nbd.Export {
	return nbd.Export{Size: src.Size(), Read: readDevice(src), Extent: extents(src)}
}

// readDevice reads what is inside the device in full.
func readDevice(src io.ReaderAt) func(b []byte, off int64) error {
	return func(b []byte, off int64) error {
		n, err := src.ReadAt(b, off)
		if n == len(b) || errors.Is(err, io.EOF) {
			clear(b[n:]) // it ends in zeroes if it shrank, which it never does
			return nil
		}
		return fmt.Errorf("read the volume: %w", err)
	}
}

// extents says where src has nothing, nil when it cannot tell.
func extents(src Source) func(off int64) (int64, bool, error) {
	if h, ok := src.(driver.HoleFinder); ok {
		return h.Extent
	}
	return nil
}
