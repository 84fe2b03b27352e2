package image

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/clinker-io/clinker/volume/driver"
)

const benchSize = 512 * mib

// benchDisk is half data that does not compress and half that does.
func benchDisk() []byte {
	b := make([]byte, benchSize)
	r := rand.NewChaCha8([32]byte{9})
	for off := 0; off < benchSize; off += 2 * mib {
		_, _ = r.Read(b[off : off+mib])
		for i := off + mib; i < off+2*mib; i += 16 {
			b[i] = byte(i >> 8)
		}
	}
	return b
}

func BenchmarkRaw(b *testing.B) {
	content := benchDisk()
	sum := sha512.Sum512(content)
	c, vol := newConverter(b), newVolume(b, benchSize)
	for name, checked := range map[string]bool{"unchecked": false, "sha512": true} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(benchSize)
			b.ReportAllocs()
			for b.Loop() {
				var r io.Reader = bytes.NewReader(content)
				if checked {
					r, _ = Checked(r, "sha512", hex.EncodeToString(sum[:]))
				}
				if _, err := c.Raw(b.Context(), r, benchSize, Raw, vol, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkToRaw compares with what qemu-img does alone, from file to file.
func BenchmarkToRaw(b *testing.B) {
	content := benchDisk()
	for name, args := range map[string][]string{"qcow2": {"-O", "qcow2"}, "compressed": {"-O", "qcow2", "-c"}, "vmdk": {"-O", "vmdk"}} {
		src := imageOf(b, content, args...)
		info := Info{Format: args[1], VirtualSize: benchSize}
		b.Run(name+"/ours", func(b *testing.B) {
			c, vol := newConverter(b), newVolume(b, benchSize)
			b.SetBytes(benchSize)
			for b.Loop() {
				if err := c.ToRaw(b.Context(), src, info, vol, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/qemu-img", func(b *testing.B) {
			out := filepath.Join(b.TempDir(), "raw")
			b.SetBytes(benchSize)
			for b.Loop() {
				qemuImg(b, "convert", "-f", args[1], "-O", "raw", src.Name(), out)
				flush(b, out)
			}
		})
	}
}

// BenchmarkFromRaw is an upload.
func BenchmarkFromRaw(b *testing.B) {
	vol := newVolume(b, benchSize)
	if err := (&sink{ctx: b.Context(), dst: vol}).write(benchDisk(), 0); err != nil {
		b.Fatal(err)
	}
	for _, format := range []string{Raw, QCOW2, VMDK} {
		b.Run(format, func(b *testing.B) {
			c := newConverter(b)
			c.opts.CompressOnUpload = false
			b.SetBytes(benchSize)
			for b.Loop() {
				upload(b, c, vol, format)
			}
		})
	}
}

func upload(b *testing.B, c *Converter, vol driver.Device, format string) {
	b.Helper()
	e, err := c.FromRaw(b.Context(), vol, format, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	if _, err := io.Copy(struct{ io.Writer }{io.Discard}, e); err != nil {
		b.Fatal(err)
	}
}

func flush(b *testing.B, path string) {
	b.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
}
