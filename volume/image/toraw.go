package image

import (
	"context"
	"io"
	"os"

	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/image/nbd"
)

// qemuName is what qemu-img calls a format.
var qemuName = map[string]string{QCOW2: "qcow2", VMDK: "vmdk", VHD: "vpc", VHDX: "vhdx", VDI: "vdi", Ploop: "parallels"}

// toSocket is where qemu-img finds the volume: a socket that it inherits.
const toSocket = "driver=raw,file.driver=nbd,file.server.type=fd,file.server.str=3"

// ToRaw writes what the image in src holds to dst, as Raw does. info is what
// Inspect said of src.
func (c *Converter) ToRaw(ctx context.Context, src *os.File, info Info, dst driver.Device, p Progress) error {
	if info.VirtualSize > dst.Size() {
		return &TooBig{Image: info.VirtualSize, Volume: dst.Size()}
	}
	s := &sink{ctx: ctx, dst: dst}
	if info.Format == Raw {
		return copyRaw(s, io.NewSectionReader(src, 0, info.VirtualSize), info.VirtualSize, p)
	}
	if err := s.zero(0, dst.Size()); err != nil {
		return err
	}
	err := c.qemu(ctx, job{
		args: []string{
			"convert", "-n", "--target-is-zero", "-S", "64k", "-W", "-f", qemuName[info.Format],
			"--target-image-opts", inheritedFile, toSocket,
		},
		file: src, size: info.VirtualSize, output: 0,
		export: nbd.Export{Size: info.VirtualSize, Read: readDevice(dst), Write: s.tracked(info.VirtualSize, p), Zero: s.zero, Flush: dst.Flush},
	})
	if err != nil {
		return err
	}
	return s.flush()
}

// tracked writes and tells how far that was; the child goes upward but for a few
// requests that overtake each other.
func (s *sink) tracked(total int64, p Progress) func(b []byte, off int64) error {
	return func(b []byte, off int64) error {
		if err := s.write(b, off); err != nil {
			return err
		}
		p.tell(off+int64(len(b)), total)
		return nil
	}
}
