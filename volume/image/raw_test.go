package image

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/clinker-io/clinker/volume/driver"
)

func TestARawImageStreamsIntoAVolume(t *testing.T) {
	content := disk(12*mib + 777)
	sum := sha512.Sum512(content)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"as it is": func(r io.Reader) io.Reader { return r }, "in halves": iotest.HalfReader, "with the end": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			vol := newVolume(t, 16*mib)
			if _, err := vol.WriteAt(bytes.Repeat([]byte{0xa5}, 16*mib), 0); err != nil {
				t.Fatal(err)
			}
			r, err := Checked(wrap(bytes.NewReader(content)), "SHA512", hex.EncodeToString(sum[:]))
			if err != nil {
				t.Fatal(err)
			}
			var done int64
			info, err := newConverter(t).Raw(t.Context(), r, int64(len(content)), Raw, vol, func(n, _ int64) { done = n })
			if err != nil || info.VirtualSize != int64(len(content)) || done != info.VirtualSize {
				t.Fatalf("%+v, %d: %v", info, done, err)
			}
			holds(t, vol, content)
			if n := allocated(t, vol); n > 4*mib {
				t.Errorf("%d bytes are allocated", n)
			}
		})
	}
}

func TestATinyRawImage(t *testing.T) {
	for _, n := range []int{0, 1, 511, pieceSize, pieceSize + 1, chunkSize} {
		vol := newVolume(t, 2*mib)
		content := bytes.Repeat([]byte{7}, n)
		if _, err := newConverter(t).Raw(t.Context(), bytes.NewReader(content), int64(n), ISO, vol, nil); err != nil {
			t.Errorf("%d: %v", n, err)
		}
		holds(t, vol, content)
	}
}

// A download that is not what it should be leaves an error, whatever is wrong.
func TestARawDownloadThatGoesWrong(t *testing.T) {
	content := disk(2 * mib)
	checked, err := Checked(bytes.NewReader(content), "md5", strings.Repeat("0", 32))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		r    io.Reader
		size int64
		want error
	}{
		"short":    {bytes.NewReader(content[:mib]), 2 * mib, io.ErrUnexpectedEOF},
		"nothing":  {bytes.NewReader(nil), 2 * mib, io.ErrUnexpectedEOF},
		"broken":   {io.MultiReader(bytes.NewReader(content[:mib]), iotest.ErrReader(errLost)), 2 * mib, errLost},
		"checksum": {checked, 2 * mib, ErrChecksum},
		"long":     {bytes.NewReader(content), mib, nil},
	}
	for name, tc := range cases {
		_, err := newConverter(t).Raw(t.Context(), tc.r, tc.size, Raw, newVolume(t, 4*mib), nil)
		if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is refused is refused before a byte is written.
func TestARawDownloadThatIsRefused(t *testing.T) {
	vol := newVolume(t, mib)
	was := bytes.Repeat([]byte{1}, mib)
	if _, err := vol.WriteAt(was, 0); err != nil {
		t.Fatal(err)
	}
	c := newConverter(t)
	qcow2 := created(t, "-f", "qcow2", "-b", "SECRET", "-F", "raw")
	var u *Unsafe
	var big *TooBig
	for _, declared := range []string{Raw, QCOW2, "ami"} {
		if _, err := c.Raw(t.Context(), bytes.NewReader(qcow2), int64(len(qcow2)), declared, vol, nil); !errors.As(err, &u) {
			t.Errorf("%s: %v", declared, err)
		}
	}
	if _, err := c.Raw(t.Context(), bytes.NewReader(nil), mib+1, Raw, vol, nil); !errors.As(err, &big) {
		t.Errorf("too big: %v", err)
	}
	if _, err := c.Raw(t.Context(), bytes.NewReader(nil), -1, Raw, vol, nil); !errors.As(err, &u) {
		t.Errorf("no size: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Raw(ctx, bytes.NewReader(was), mib, Raw, vol, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	holds(t, vol, was)
}

// full is a volume in a pool that is full.
type full struct{ driver.Device }

func (full) WriteAt([]byte, int64) (int, error) { return 0, driver.ErrNoSpace }

func TestAPoolThatIsFull(t *testing.T) {
	c, content := newConverter(t), disk(4*mib)
	vol := full{newVolume(t, 4*mib)}
	if _, err := c.Raw(t.Context(), bytes.NewReader(content), 4*mib, Raw, vol, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("raw: %v", err)
	}
	src := imageOf(t, content, "-O", "qcow2")
	info := Info{Format: QCOW2, VirtualSize: 4 * mib}
	if err := c.ToRaw(t.Context(), src, info, vol, nil); !errors.Is(err, driver.ErrNoSpace) || errors.Is(err, ErrNoRoom) {
		t.Errorf("qcow2: %v", err)
	}
}

func TestCheckedHashes(t *testing.T) {
	for algorithm, sum := range map[string]string{
		"md5":    "900150983cd24fb0d6963f7d28e17f72",
		"sha1":   "A9993E364706816ABA3E25717850C26C9CD0D89D",
		"sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	} {
		r, err := Checked(strings.NewReader("abc"), algorithm, sum)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(r); err != nil || string(b) != "abc" {
			t.Errorf("%s: %q, %v", algorithm, b, err)
		}
	}
	if _, err := Checked(nil, "crc32", ""); !errors.Is(err, ErrChecksum) {
		t.Errorf("%v", err)
	}
}
