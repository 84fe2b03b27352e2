package image

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// noise is a volume whose bytes no compressor likes.
type noise struct {
	size int64
	r    *rand.ChaCha8
}

func (n noise) Size() int64 { return n.size }

func (n noise) ReadAt(p []byte, _ int64) (int, error) { return n.r.Read(p) }

// stuck is a volume whose storage does not answer until it is let go.
type stuck struct {
	asked chan struct{} // gets a value with the first read
	free  chan struct{} // closed to answer
}

func newStuck() stuck { return stuck{make(chan struct{}, 1), make(chan struct{})} }

func (s stuck) Size() int64 { return mib }

func (s stuck) ReadAt(p []byte, _ int64) (int, error) {
	select {
	case s.asked <- struct{}{}:
	default:
	}
	<-s.free
	return len(p), nil
}

func TestAConverterThatTakesTooMuchTime(t *testing.T) {
	c := newConverter(t)
	c.opts.CPULimit = time.Second
	_, err := c.FromRaw(t.Context(), noise{1 << 30, rand.NewChaCha8([32]byte{})}, QCOW2, nil)
	if !errors.Is(err, ErrConverter) || !strings.Contains(err.Error(), "image_conversion_cpu_limit") {
		t.Errorf("%v", err)
	}
	noLeftovers(t, c)
}

func TestAConverterThatTakesTooMuchMemory(t *testing.T) {
	c := newConverter(t)
	c.opts.AddressSpace = 48 << 20
	_, err := c.FromRaw(t.Context(), noise{mib, rand.NewChaCha8([32]byte{})}, QCOW2, nil)
	if !errors.Is(err, ErrConverter) || !strings.Contains(err.Error(), "image_conversion_address_space_limit") {
		t.Errorf("%v", err)
	}
	noLeftovers(t, c)
}

// While it decodes it may write no file at all, and one that grows without
// end is cut off.
func TestAConverterThatWritesTooMuch(t *testing.T) {
	c := newConverter(t)
	f, err := c.Temp(0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, limit := range []int64{0, mib} {
		err = c.qemu(t.Context(), job{
			args: []string{"convert", "--image-opts", "-O", "raw", "-S", "0", toSocket, inheritedFile},
			file: f, size: 8 * mib, output: limit, export: exportOf(noise{8 * mib, rand.NewChaCha8([32]byte{})}),
		})
		if st, statErr := f.Stat(); !errors.Is(err, ErrConverter) || statErr != nil || st.Size() > limit {
			t.Errorf("%d: %v, %v", limit, err, statErr)
		}
	}
}

func TestAConversionThatIsCancelled(t *testing.T) {
	c, s := newConverter(t), newStuck()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-s.asked
		cancel()
		waitGone(t, children(t, os.Getpid()))
		close(s.free)
	}()
	if _, err := c.FromRaw(ctx, s, QCOW2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	noLeftovers(t, c)
}

func TestAConverterThatIsKilled(t *testing.T) {
	c, s := newConverter(t), newStuck()
	go func() {
		<-s.asked
		for _, pid := range children(t, os.Getpid()) {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		close(s.free)
	}()
	if _, err := c.FromRaw(t.Context(), s, QCOW2, nil); !errors.Is(err, ErrConverter) {
		t.Errorf("%v", err)
	}
	noLeftovers(t, c)
}

func TestAnImageThatIsBrokenInside(t *testing.T) {
	c := newConverter(t)
	src := imageOf(t, disk(4*mib), "-O", "qcow2")
	b := make([]byte, sizeOf(t, src))
	if _, err := src.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	be.PutUint64(b[be.Uint64(b[40:]):], 0x7fffffff00) // the first L2 table is nowhere
	info := accepted(t, b, QCOW2)
	if err := c.ToRaw(t.Context(), open(t, saved(t, b)), info, newVolume(t, 4*mib), nil); !errors.Is(err, ErrConverter) {
		t.Errorf("%v", err)
	}
	var big *TooBig
	if err := c.ToRaw(t.Context(), src, info, newVolume(t, 3*mib), nil); !errors.As(err, &big) {
		t.Errorf("%v", err)
	}
}

func TestAMachineWithoutTheTools(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	c, vol := newConverter(t), newVolume(t, mib)
	if _, err := c.FromRaw(t.Context(), vol, QCOW2, nil); !errors.Is(err, ErrConverter) || !strings.Contains(err.Error(), "qemu-img is not installed") {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "qemu-img"), nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := c.FromRaw(t.Context(), vol, QCOW2, nil); !errors.Is(err, ErrConverter) || !strings.Contains(err.Error(), "could not be started") {
		t.Errorf("%v", err)
	}
	noLeftovers(t, c)
}

// A volume of 2 TiB that holds little takes little time and room, both ways.
func TestALargeSparseVolume(t *testing.T) {
	const size = 2 << 40
	c := newConverter(t)
	src, dst := newVolume(t, size), newVolume(t, size)
	for _, off := range []int64{0, size/2 + 512, size - mib} {
		if _, err := src.WriteAt([]byte("far away"), off); err != nil {
			t.Fatal(err)
		}
	}
	e, err := c.FromRaw(t.Context(), src, QCOW2, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.Size > 8*mib {
		t.Errorf("the image is %d bytes", e.Size)
	}
	f := e.ReadSeekCloser.(*os.File)
	info, err := c.Inspect(f, e.Size, QCOW2)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ToRaw(t.Context(), f, info, dst, nil); err != nil {
		t.Fatal(err)
	}
	for _, off := range []int64{0, size/2 + 512, size - mib} {
		b := make([]byte, 8)
		if _, err := dst.ReadAt(b, off); err != nil || string(b) != "far away" {
			t.Errorf("at %d: %q, %v", off, b, err)
		}
	}
	if n := allocated(t, dst); n > mib {
		t.Errorf("%d bytes are allocated", n)
	}
}

func TestRoomForAnImage(t *testing.T) {
	c := newConverter(t)
	if _, err := c.Temp(1 << 60); !errors.Is(err, ErrNoRoom) {
		t.Errorf("%v", err)
	}
	f, err := c.Temp(mib)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	noLeftovers(t, c)
	if _, err := io.Copy(f, bytes.NewReader(make([]byte, mib))); err != nil {
		t.Error(err)
	}
}

func TestWhatTheOptionsAllow(t *testing.T) {
	c := newConverter(t)
	if err := errors.Join(c.Allowed(QCOW2, true), c.Allowed(QCOW2, false)); err != nil {
		t.Error(err)
	}
	c.opts.DisableConversion = true
	var no *NotAllowed
	if err := errors.Join(c.Allowed(Raw, true), c.Allowed(Raw, false)); err != nil {
		t.Error(err)
	}
	if !errors.As(c.Allowed(QCOW2, true), &no) || !errors.As(c.Allowed(ISO, false), &no) {
		t.Error("conversion is disabled and allowed")
	}
}
