package image

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/clinker-io/clinker/volume/driver"
)

// Every format that Cinder uploads holds the volume: what qemu-img makes of it
// and what a second volume gets of it are the same bytes.
func TestAVolumeBecomesEveryFormat(t *testing.T) {
	content := disk(12 * mib)
	src := newVolume(t, 16*mib)
	if err := (&sink{ctx: t.Context(), dst: src}).write(content, 0); err != nil {
		t.Fatal(err)
	}
	content = append(content, make([]byte, 4*mib)...)
	for _, format := range []string{Raw, QCOW2, VMDK, VHD, VHDX, VDI, Ploop} {
		t.Run(format, func(t *testing.T) {
			c := newConverter(t)
			e, err := c.FromRaw(t.Context(), src, format, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			image, err := io.ReadAll(e)
			if err != nil || int64(len(image)) != e.Size {
				t.Fatalf("%d of %d bytes: %v", len(image), e.Size, err)
			}
			if (format == QCOW2 || format == VMDK || format == VDI) && e.Size > 6*mib {
				t.Errorf("the image is %d bytes", e.Size)
			}
			noLeftovers(t, c)
			if got := decoded(t, image, format); !bytes.Equal(got, content) {
				t.Errorf("qemu-img reads something else in it")
			}
			if format == Ploop {
				return // written only
			}
			f := open(t, saved(t, image))
			info, err := c.Inspect(f, e.Size, format)
			if err != nil || info.VirtualSize != src.Size() {
				t.Fatalf("%+v: %v", info, err)
			}
			back := newVolume(t, 16*mib)
			if err := c.ToRaw(t.Context(), f, info, back, nil); err != nil {
				t.Fatal(err)
			}
			holds(t, back, content)
		})
	}
}

func saved(t *testing.T, image []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func decoded(t *testing.T, image []byte, format string) []byte {
	t.Helper()
	path := saved(t, image)
	name := qemuName[format]
	if format == Raw {
		name = "raw"
	}
	qemuImg(t, "convert", "-f", name, "-O", "raw", path, path+".raw")
	b, err := os.ReadFile(path + ".raw")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// plain is a volume of a driver that knows nothing of holes.
type plain struct{ driver.Device }

func TestAVolumeWithoutKnownHoles(t *testing.T) {
	content := disk(12 * mib)
	vol := newVolume(t, 12*mib)
	c := newConverter(t)
	if _, err := c.Raw(t.Context(), bytes.NewReader(content), 12*mib, Raw, plain{vol}, nil); err != nil {
		t.Fatal(err)
	}
	holds(t, vol, content)
	e, err := c.FromRaw(t.Context(), plain{vol}, QCOW2, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	image, err := io.ReadAll(e)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(decoded(t, image, QCOW2), content) {
		t.Error("the image differs from the volume")
	}
}

func TestCompressionIsAnOption(t *testing.T) {
	vol := newVolume(t, 4*mib)
	if _, err := vol.WriteAt(bytes.Repeat([]byte("compressible "), 4*mib/13), 0); err != nil {
		t.Fatal(err)
	}
	c := newConverter(t)
	size := func() int64 {
		e, err := c.FromRaw(t.Context(), vol, QCOW2, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		return e.Size
	}
	small := size()
	c.opts.CompressOnUpload = false
	if large := size(); small*4 > large {
		t.Errorf("compressed %d bytes, else %d", small, large)
	}
}

func TestFormatsThatAreNotUploaded(t *testing.T) {
	c := newConverter(t)
	var no *NotAllowed
	for _, f := range []string{"iso", "ami", "luks", "", "nbd", "qed"} {
		if _, err := c.FromRaw(t.Context(), newVolume(t, mib), f, nil); !errors.As(err, &no) {
			t.Errorf("%q: %v", f, err)
		}
	}
}

// lost is a volume whose storage goes away.
type lost struct{ driver.Device }

func (lost) ReadAt([]byte, int64) (int, error) { return 0, errLost }

var errLost = errors.New("the storage is away")

func TestAVolumeThatCannotBeRead(t *testing.T) {
	c := newConverter(t)
	if _, err := c.FromRaw(t.Context(), lost{newVolume(t, mib)}, QCOW2, nil); !errors.Is(err, errLost) {
		t.Errorf("qcow2: %v", err)
	}
	e, err := c.FromRaw(t.Context(), lost{newVolume(t, mib)}, Raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(e); !errors.Is(err, errLost) {
		t.Errorf("raw: %v", err)
	}
	noLeftovers(t, c)
}
