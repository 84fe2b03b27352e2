package file_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/driver/drivertest"
)

// mountTmpfs gives a folder that holds size ("8m") and no more. Root only.
func mountTmpfs(t testing.TB, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		t.Fatalf("mount a tmpfs on %s (this test needs root): %v", dir, err)
	}
	t.Cleanup(func() { unmount(t, dir) })
	return dir
}

// mountXFS gives a folder on a file system that shares extents.
func mountXFS(t testing.TB) string {
	t.Helper()
	image, dir := filepath.Join(t.TempDir(), "xfs"), t.TempDir()
	run(t, "truncate", "--size=512M", image)
	run(t, "mkfs.xfs", "-q", "-m", "reflink=1", image)
	run(t, "mount", "-o", "loop", image, dir)
	t.Cleanup(func() { unmount(t, dir) })
	return dir
}

// unmount takes the mount away even if a failed test has left a file open. A
// child that another test is just starting has all files open until its exec.
func unmount(t testing.TB, dir string) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Unmount(dir, 0); err != nil {
		t.Errorf("unmount %s: %v", dir, errors.Join(err, unix.Unmount(dir, unix.MNT_DETACH)))
	}
}

// run needs Debian's packages mount and xfsprogs, and root.
func run(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v (this test needs root, mount and xfsprogs): %v\n%s", name, args, err, out)
	}
}

// inside is a Pool whose pools are folders of one mount.
func inside(mount string) drivertest.Pool {
	return drivertest.Pool{Open: openPool, New: func(t testing.TB) string {
		dir, err := os.MkdirTemp(mount, "pool")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.RemoveAll(dir); err != nil {
				t.Error(err)
			}
		})
		return dir
	}}
}

func TestDriverOnTmpfs(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, inside(mountTmpfs(t, "512m")))
}

func TestDriverOnXFSWithReflink(t *testing.T) {
	t.Parallel()
	mount := mountXFS(t)
	d := openDriver(t, filepath.Join(mount, "probe"))
	st, err := d.Stats(t.Context())
	if err != nil || st.Capabilities["reflink"] != true {
		t.Fatalf("XFS reports reflink %v, %v", st.Capabilities["reflink"], err)
	}
	drivertest.Run(t, inside(mount))
}

func BenchmarkDriverOnXFSWithReflink(b *testing.B) { drivertest.Bench(b, inside(mountXFS(b))) }

func TestReflinkSharesSpace(t *testing.T) {
	t.Parallel()
	d := openDriver(t, filepath.Join(mountXFS(t), "pool"))
	v := volume(t, d, 64<<20)
	fill(t, d, v, 64<<20)
	before := free(t, d)
	for range 20 { // 1.3 GB on half a gigabyte
		s := snapshot(v)
		ok(t, d.Snapshot(t.Context(), s))
		ok(t, d.Clone(t.Context(), named(64<<20), driver.SnapshotSource(s)))
	}
	if used := before - free(t, d); used > 16<<20 {
		t.Errorf("40 copies took %d bytes", used)
	}
}

func TestFullPool(t *testing.T) {
	t.Parallel()
	d := openDriver(t, mountTmpfs(t, "8m"))
	v := volume(t, d, 64<<20)
	fill(t, d, v, 5<<20)
	dev := device(t, d, v)

	// No room for a copy: it fails, leaves nothing, and the volume goes on.
	for name, err := range map[string]error{
		"snapshot": d.Snapshot(t.Context(), snapshot(v)),
		"clone":    d.Clone(t.Context(), named(64<<20), driver.VolumeSource(v)),
	} {
		if !errors.Is(err, driver.ErrNoSpace) || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: %v", name, err)
		}
	}
	list, err := d.List(t.Context())
	ok(t, err)
	if len(list) != 1 {
		t.Errorf("left behind: %+v", list)
	}
	_, err = dev.WriteAt(make([]byte, 1<<20), 5<<20)
	ok(t, err)

	// No room for a write: ENOSPC, and what was there stays.
	_, err = dev.WriteAt(make([]byte, 8<<20), 8<<20)
	if !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, driver.ErrNoSpace) {
		t.Errorf("a write to a full pool: %v", err)
	}
	_, err = dev.WriteAt([]byte("over what is there"), 100)
	ok(t, err)
	ok(t, dev.Discard(0, 64<<20))
	_, err = dev.WriteAt(make([]byte, 4<<20), 0)
	ok(t, err)
	ok(t, dev.Flush())
}

// TestWritersOutliveAFailedCopy has the pool run full in the middle of a
// snapshot while a writer has to save chunks for it.
func TestWritersOutliveAFailedCopy(t *testing.T) {
	t.Parallel()
	d := openDriver(t, mountTmpfs(t, "16m"))
	v := volume(t, d, 10<<20)
	fill(t, d, v, 10<<20)
	dev := device(t, d, v)
	chunk := int64(9)
	ctx := driver.WithSteps(t.Context(), func(point string) {
		if point != "chunk copied" || chunk < 0 {
			return
		}
		if _, err := dev.WriteAt([]byte("new"), chunk<<20); err != nil {
			t.Errorf("a write during the copy: %v", err)
		}
		chunk--
	})
	if err := d.Snapshot(ctx, snapshot(v)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("snapshot: %v", err)
	}
	_, err := dev.WriteAt([]byte("after"), 0)
	ok(t, err)
}

func TestDeleteGivesSpaceBack(t *testing.T) {
	t.Parallel()
	d := openDriver(t, mountTmpfs(t, "32m"))
	before := free(t, d)
	v := volume(t, d, 1<<30)
	fill(t, d, v, 8<<20)
	s := snapshot(v)
	ok(t, d.Snapshot(t.Context(), s))
	if used := before - free(t, d); used < 16<<20 || used > 17<<20 {
		t.Errorf("a volume and its snapshot of 8 MiB take %d bytes", used)
	}
	ok(t, d.Delete(t.Context(), v))
	ok(t, d.DeleteSnapshot(t.Context(), s))
	if now := free(t, d); now != before {
		t.Errorf("%d bytes free, %d before", now, before)
	}
}
