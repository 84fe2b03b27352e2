package image

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"testing"
)

func TestCompressedImages(t *testing.T) {
	c, content := newConverter(t), disk(4*mib)
	c.opts.AllowCompressed = true
	vol := newVolume(t, 4*mib)
	if err := (&sink{ctx: t.Context(), dst: vol}).write(content, 0); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{Raw, QCOW2} {
		e, err := c.FromRaw(t.Context(), vol, format, nil)
		if err != nil {
			t.Fatal(err)
		}
		if e, err = c.Pack(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		packed, err := io.ReadAll(e)
		if err != nil || int64(len(packed)) != e.Size || e.Size > 2*mib || e.Close() != nil {
			t.Fatalf("%d of %d bytes: %v", len(packed), e.Size, err)
		}
		f, size, err := c.Unpack(t.Context(), bytes.NewReader(packed), 4*mib)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := c.Inspect(f, size, format)
		if err != nil {
			t.Fatal(err)
		}
		back := newVolume(t, 4*mib)
		if err := c.ToRaw(t.Context(), f, info, back, nil); err != nil {
			t.Fatal(err)
		}
		holds(t, back, content)
	}
	noLeftovers(t, c)
}

func TestCompressedImagesThatAreRefused(t *testing.T) {
	c := newConverter(t)
	var u *Unsafe
	var no *NotAllowed
	var big *TooBig
	if _, _, err := c.Unpack(t.Context(), nil, mib); !errors.As(err, &u) {
		t.Errorf("not allowed: %v", err)
	}
	e, err := c.FromRaw(t.Context(), newVolume(t, mib), Raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pack(t.Context(), e); !errors.As(err, &no) {
		t.Errorf("not allowed: %v", err)
	}
	c.opts.AllowCompressed = true
	if _, _, err := c.Unpack(t.Context(), bytes.NewReader(make([]byte, 100)), mib); !errors.As(err, &u) {
		t.Errorf("no gzip: %v", err)
	}
	bomb := gzipped(t, 300*mib)
	if _, _, err := c.Unpack(t.Context(), bytes.NewReader(bomb), mib); !errors.As(err, &big) {
		t.Errorf("a bomb of %d bytes: %v", len(bomb), err)
	}
	if _, _, err := c.Unpack(t.Context(), bytes.NewReader(bomb[:len(bomb)/300*20+500]), 400*mib); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut off: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Unpack(ctx, bytes.NewReader(bomb), 400*mib); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	noLeftovers(t, c)
}

// gzipped is a gzip file of n zeroes, in members of a MiB.
func gzipped(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(make([]byte, mib)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat(b.Bytes(), n/mib)
}
