package image

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/driver/file"
)

const mib = 1 << 20

// newConverter is one with the defaults of cinder.conf.
func newConverter(t testing.TB) *Converter {
	t.Helper()
	return New(Options{
		Dir: t.TempDir(), VMDKTypes: []string{"streamOptimized", "monolithicSparse"},
		CompressOnUpload: true, CPULimit: time.Minute, AddressSpace: 1 << 30,
	})
}

// newVolume makes a volume of the file driver.
func newVolume(t testing.TB, size int64) driver.Device {
	t.Helper()
	d, err := file.New(file.Options{PoolPath: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	id := uuid.NewString()
	v := driver.Volume{ID: id, Name: "volume-" + id, SizeBytes: size}
	if err := d.Create(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	dev, err := d.Open(t.Context(), driver.VolumeSource(v), driver.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = dev.Close()
		_ = d.Close()
	})
	return dev
}

// disk is content with data here and there, much zero, and a part that compresses.
func disk(size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{1})
	fill := func(off, n int) {
		if off < size {
			_, _ = r.Read(b[off:min(off+n, size)])
		}
	}
	fill(0, 5000)
	fill(3*mib+512, 700_000)
	fill(7*mib, 4096)
	for i := 9 * mib; i < min(10*mib, size); i++ {
		b[i] = byte(i / 1000)
	}
	fill(size-1024, 1024)
	return b
}

// qemuImg runs the real tool, unlimited.
func qemuImg(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command("qemu-img", args...).CombinedOutput(); err != nil {
		t.Fatalf("qemu-img %v: %v\n%s", args, err, out)
	}
}

// imageOf makes an image of content by qemu-img.
func imageOf(t testing.TB, content []byte, args ...string) *os.File {
	t.Helper()
	dir := t.TempDir()
	raw, img := filepath.Join(dir, "raw"), filepath.Join(dir, "image")
	if err := os.WriteFile(raw, content, 0o600); err != nil {
		t.Fatal(err)
	}
	qemuImg(t, append(append([]string{"convert", "-f", "raw"}, args...), raw, img)...)
	return open(t, img)
}

func open(t testing.TB, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func sizeOf(t testing.TB, f *os.File) int64 {
	t.Helper()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

// holds fails unless the volume is want and zeroes behind it.
func holds(t *testing.T, dev driver.Device, want []byte) {
	t.Helper()
	got := make([]byte, dev.Size())
	if _, err := dev.ReadAt(got, 0); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got[:len(want)], want) {
		t.Fatal("the volume differs from the image")
	}
	if !allZero(got[len(want):]) {
		t.Fatal("the volume is not zero behind the image")
	}
}

// allocated is how many bytes of the volume are no hole.
func allocated(t *testing.T, dev driver.Device) (n int64) {
	t.Helper()
	for off := int64(0); off < dev.Size(); {
		part, hole, err := dev.(driver.HoleFinder).Extent(off)
		if err != nil {
			t.Fatal(err)
		}
		if !hole {
			n += part
		}
		off += part
	}
	return n
}

// noLeftovers fails if the conversion folder holds anything.
func noLeftovers(t *testing.T, c *Converter) {
	t.Helper()
	left, err := os.ReadDir(c.opts.Dir)
	if err != nil || len(left) > 0 {
		t.Errorf("image_conversion_dir holds %v (%v)", left, err)
	}
}
