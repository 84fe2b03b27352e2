package file

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/clinker-io/clinker/volume/driver"
)

func openTestDriver(t *testing.T) *Driver {
	t.Helper()
	d, err := New(Options{PoolPath: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func openTestDevice(t *testing.T, d *Driver, v driver.Volume) driver.Device {
	t.Helper()
	if err := d.Create(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	dev, err := d.Open(t.Context(), driver.VolumeSource(v), driver.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

func TestAFailedFlushIsNeverForgotten(t *testing.T) {
	t.Parallel()
	d := openTestDriver(t)
	var broken atomic.Bool
	d.fdatasync = func(int) error {
		if broken.Load() {
			return syscall.EIO
		}
		return nil
	}
	v := driver.Volume{Name: "volume-x", SizeBytes: 4096}
	dev := openTestDevice(t, d, v)
	if err := dev.Flush(); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	first := dev.Flush()
	broken.Store(false)
	if again := dev.Flush(); !errors.Is(first, syscall.EIO) || !errors.Is(again, syscall.EIO) {
		t.Errorf("flushes gave %v, then %v", first, again)
	}
	joined := openTestDevice(t, d, v)
	if err := joined.Flush(); !errors.Is(err, syscall.EIO) {
		t.Errorf("a second device of the volume: %v", err)
	}
	if err := errors.Join(joined.Close(), dev.Close()); err != nil {
		t.Fatal(err)
	}
	if err := openTestDevice(t, d, v).Flush(); err != nil {
		t.Errorf("after opening anew: %v", err)
	}
}

// A writer of one chunk must not wait while another chunk is being copied, nor
// a reader ever.
func TestWritersOfOtherChunksDoNotWait(t *testing.T) {
	t.Parallel()
	d := openTestDriver(t)
	d.noReflink.Store(true)
	v := driver.Volume{Name: "volume-x", SizeBytes: 4 * chunkBytes}
	dev := openTestDevice(t, d, v)
	old := bytes.Repeat([]byte("old "), chunkBytes)
	if _, err := dev.WriteAt(old, 0); err != nil {
		t.Fatal(err)
	}
	n := d.joinNode(v.Name)
	defer d.closeNode(n)
	ctx := driver.WithSteps(t.Context(), func(point string) {
		if point != "chunk copied" {
			return
		}
		c := n.gate.copies[0]
		if mine, _ := c.claim(2); mine { // as if somebody were slow at it
			defer c.copyChunk(2)
			_, err := dev.WriteAt([]byte("new"), 3*chunkBytes)
			_, err2 := dev.ReadAt(make([]byte, chunkBytes), 2*chunkBytes)
			if err := errors.Join(err, err2); err != nil {
				t.Error(err)
			}
		}
	})
	s := driver.Snapshot{Name: "snapshot-x", VolumeName: v.Name}
	if err := d.Snapshot(ctx, s); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(d.opts.PoolPath, s.Name)); err != nil || !bytes.Equal(got, old) {
		t.Errorf("the snapshot is not the volume as it was: %v", err)
	}
}

func TestCopyThroughBuffer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	src, err := os.Create(filepath.Join(dir, "src"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dst, err := os.Create(filepath.Join(dir, "dst"))
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	if _, err := src.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := copyThroughBuffer(dst, src, 10, 2_000_000); err != nil { // past the end
		t.Fatal(err)
	}
	clear(data[:10])
	if got, err := os.ReadFile(dst.Name()); err != nil || !bytes.Equal(got, data) {
		t.Errorf("wrong copy: %v", err)
	}
	if err := writeZeroes(dst, 5, 500_000); err != nil {
		t.Fatal(err)
	}
	clear(data[5:500_005])
	if got, err := os.ReadFile(dst.Name()); err != nil || !bytes.Equal(got, data) {
		t.Errorf("wrong zeroes: %v", err)
	}
}

// What happens on file systems without fallocate's modes and RWF_NOWAIT.
func TestWithoutTheFileSystemsHelp(t *testing.T) {
	t.Parallel()
	d := openTestDriver(t)
	dev := openTestDevice(t, d, driver.Volume{Name: "volume-x", SizeBytes: 3 << 20}).(*device)
	dev.n.noPunch.Store(true)
	dev.n.noZeroRange.Store(true)
	dev.n.noNoWait.Store(true)
	want := bytes.Repeat([]byte("full"), 3<<18)
	if _, err := dev.WriteAt(want, 0); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(dev.Discard(1, 2<<20), dev.WriteZeroes(3<<20-5, 3)); err != nil {
		t.Fatal(err)
	}
	clear(want[1 : 1+2<<20])
	clear(want[3<<20-5 : 3<<20-2])
	got := make([]byte, len(want))
	if n, err := dev.ReadAtNoWait(got, 0); n != 0 || !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := dev.ReadAt(got, 0); err != nil || !bytes.Equal(got, want) {
		t.Errorf("wrong bytes: %v", err)
	}
}

func TestProgressReachesTheEnd(t *testing.T) {
	t.Parallel()
	d := openTestDriver(t)
	d.noReflink.Store(true)
	v := driver.Volume{Name: "volume-x", SizeBytes: 3*chunkBytes + 5}
	if _, err := openTestDevice(t, d, v).WriteAt(make([]byte, v.SizeBytes), 0); err != nil {
		t.Fatal(err)
	}
	var seen []int64
	ctx := driver.WithProgress(t.Context(), func(done, total int64) { seen = append(seen, done, total) })
	if err := d.Snapshot(ctx, driver.Snapshot{Name: "snapshot-x", VolumeName: v.Name}); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 8 || seen[6] != v.SizeBytes || seen[7] != v.SizeBytes {
		t.Errorf("progress %v", seen)
	}
}

func TestClaimsWaitAndGiveUp(t *testing.T) {
	t.Parallel()
	d := openTestDriver(t)
	release, err := d.claim(t.Context(), "volume-x")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.claim(ctx, "volume-x"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if err := d.Close(); !errors.Is(err, driver.ErrInUse) {
		t.Errorf("closed under an operation: %v", err)
	}
	release()
	if err := d.Create(t.Context(), driver.Volume{Name: "volume-x", SizeBytes: 1}); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"volume-0e7a0b1c-0000-4000-8000-000000000001", "snapshot-0e7a0b1c-0000-4000-8000-000000000001.part", "volume-", ".part", ""} {
		f.Add(name)
	}
	o := Options{}.withDefaults()
	f.Fuzz(func(t *testing.T, name string) {
		found, ok := o.parse(name)
		if !ok {
			return
		}
		back := found.Kind + "-" + found.ID
		if !found.Made {
			back += partSuffix
		}
		if back != name || checkName(strings.TrimSuffix(name, partSuffix)) != nil {
			t.Errorf("%q was taken for %+v", name, found)
		}
	})
}

func FuzzFlockHolder(f *testing.F) {
	const line = "1: FLOCK  ADVISORY  WRITE 708 08:01:13548 0 EOF\n"
	for _, text := range []string{line, "", "2: -> " + line, "1: POSIX  ADVISORY  WRITE 1 08:01:13548 0 0\n", "1: FLOCK A W x 08:01:13548"} {
		f.Add(text)
	}
	if pid, ok := flockHolder(line, 8, 1, 13548); pid != 708 || !ok {
		f.Errorf("%d, %v", pid, ok)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if pid, ok := flockHolder(text, 8, 1, 13548); ok && pid <= 0 {
			t.Errorf("process %d", pid)
		}
	})
}
