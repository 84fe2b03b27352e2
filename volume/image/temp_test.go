package image

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func TestAnImageIsDownloadedAndDecoded(t *testing.T) {
	c, content := newConverter(t), disk(4*mib)
	for format, args := range map[string][]string{QCOW2: {"-O", "qcow2"}, VHD: {"-O", "vpc", "-o", "subformat=fixed,force_size=on"}, Raw: {"-O", "raw"}} {
		src := imageOf(t, content, args...)
		size := sizeOf(t, src)
		f, info, err := c.Download(t.Context(), iotest.HalfReader(src), size, format)
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		defer f.Close()
		vol := newVolume(t, 4*mib)
		if err := c.ToRaw(t.Context(), f, info, vol, nil); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		holds(t, vol, content)
	}
	noLeftovers(t, c)
}

func TestADownloadThatGoesWrong(t *testing.T) {
	c := newConverter(t)
	image := created(t, "-f", "qcow2")
	fails := func(name string, r io.Reader, size int64, declared string, want error) {
		t.Helper()
		f, info, err := c.Download(t.Context(), r, size, declared)
		if f != nil || err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
	size := int64(len(image))
	cut := func(n int) io.Reader { return bytes.NewReader(image[:n]) }
	fails("nothing", cut(0), size, QCOW2, io.ErrUnexpectedEOF)
	fails("short", cut(headerSize+10), size, QCOW2, io.ErrUnexpectedEOF)
	fails("broken", io.MultiReader(cut(headerSize+10), iotest.ErrReader(errLost)), size, QCOW2, errLost)
	fails("long", cut(len(image)), size-1, QCOW2, nil)
	fails("too large for the folder", cut(len(image)), 1<<60, QCOW2, ErrNoRoom)
	fails("a negative size", cut(len(image)), -1, QCOW2, nil)
	checked, err := Checked(cut(len(image)), "md5", "00")
	if err != nil {
		t.Fatal(err)
	}
	fails("checksum", checked, size, QCOW2, ErrChecksum)

	// Refused by its first bytes: what follows is not asked for.
	backed := created(t, "-f", "qcow2", "-b", "SECRET", "-F", "raw")
	var u *Unsafe
	rest := io.MultiReader(bytes.NewReader(backed[:headerSize]), iotest.ErrReader(errLost))
	if _, _, err := c.Download(t.Context(), rest, 1<<30, VMDK); !errors.As(err, &u) {
		t.Errorf("%v", err)
	}
	if _, _, err := c.Download(t.Context(), bytes.NewReader(backed), int64(len(backed)), QCOW2); !errors.As(err, &u) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Download(ctx, cut(len(image)), size, QCOW2); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	noLeftovers(t, c)
}
