package file_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/volume/driver"
	"github.com/clinker-io/clinker/volume/driver/file"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openDriver(t testing.TB, folder string) *file.Driver {
	t.Helper()
	d, err := file.New(file.Options{PoolPath: folder})
	ok(t, err)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	ok(t, d.Check(t.Context()))
	return d
}

func named(size int64) driver.Volume {
	id := uuid.NewString()
	return driver.Volume{ID: id, Name: "volume-" + id, SizeBytes: size}
}

func volume(t testing.TB, d *file.Driver, size int64) driver.Volume {
	t.Helper()
	v := named(size)
	ok(t, d.Create(t.Context(), v))
	return v
}

func snapshot(v driver.Volume) driver.Snapshot {
	id := uuid.NewString()
	return driver.Snapshot{ID: id, Name: "snapshot-" + id, VolumeID: v.ID, VolumeName: v.Name, SizeBytes: v.SizeBytes}
}

func device(t testing.TB, d *file.Driver, v driver.Volume) driver.Device {
	t.Helper()
	dev, err := d.Open(t.Context(), driver.VolumeSource(v), driver.ReadWrite)
	ok(t, err)
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

func fill(t testing.TB, d *file.Driver, v driver.Volume, n int) {
	t.Helper()
	dev, err := d.Open(t.Context(), driver.VolumeSource(v), driver.ReadWrite)
	ok(t, err)
	_, err = dev.WriteAt([]byte(strings.Repeat("clinker ", n/8)), 0)
	ok(t, errors.Join(err, dev.Flush(), dev.Close()))
}

func free(t testing.TB, d *file.Driver) int64 {
	t.Helper()
	st, err := d.Stats(t.Context())
	ok(t, err)
	return st.Pools[0].FreeBytes
}

// allocated is the space that a file takes, by stat(2).
func allocated(t testing.TB, path string) int64 {
	t.Helper()
	var st syscall.Stat_t
	ok(t, syscall.Stat(path, &st))
	return st.Blocks * 512
}

func TestASecondServiceIsTurnedAway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openDriver(t, dir)
	_, err := file.New(file.Options{PoolPath: dir})
	if !errors.Is(err, driver.ErrInUse) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{"file_pool_path", dir, fmt.Sprintf("process %d", os.Getpid())} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

func TestOptionsAreRefusedByName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	ok(t, os.WriteFile(plain, nil, 0o600))
	for option, o := range map[string]file.Options{
		`file_pool_path = "": must be an absolute path`: {},
		`file_pool_path = "volumes"`:                    {PoolPath: "volumes"},
		`file_pool_path = "$state_path/volumes"`:        {PoolPath: "$state_path/volumes"},
		`file_pool_path = "` + plain + `"`:              {PoolPath: plain},
		`volume_backend_name = "a#b"`:                   {PoolPath: dir, BackendName: "a#b"},
		`volume_name_template = "volume"`:               {PoolPath: dir, VolumeNameTemplate: "volume"},
		`volume_name_template = "../%s"`:                {PoolPath: dir, VolumeNameTemplate: "../%s"},
		`volume_name_template = "%s.part"`:              {PoolPath: dir, VolumeNameTemplate: "%s.part"},
		`snapshot_name_template = "%s%s"`:               {PoolPath: dir, SnapshotNameTemplate: "%s%s"},
		`snapshot_name_template = "volume-%s"`:          {PoolPath: dir, SnapshotNameTemplate: "volume-%s"},
	} {
		var config *driver.ConfigError
		if d, err := file.New(o); !errors.As(err, &config) || !strings.Contains(err.Error(), option) {
			t.Errorf("%+v: %v, %v; want %s", o, d, err, option)
		}
	}
}

func TestFilesAreThinAndPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "pool")
	d := openDriver(t, dir)
	v := volume(t, d, 1<<40)
	path := filepath.Join(dir, v.Name)
	dev := device(t, d, v)
	_, err := dev.WriteAt(make([]byte, 1<<20), 1<<39)
	ok(t, errors.Join(err, dev.Flush()))
	if n := allocated(t, path); n < 1<<20 || n > 2<<20 {
		t.Errorf("a volume with 1 MiB in it takes %d bytes", n)
	}
	s := snapshot(v)
	ok(t, d.Snapshot(t.Context(), s))
	if n := allocated(t, filepath.Join(dir, s.Name)); n < 1<<20 || n > 2<<20 {
		t.Errorf("its snapshot takes %d bytes", n)
	}
	ok(t, dev.Discard(1<<39, 1<<20))
	if n := allocated(t, path); n > 1<<16 {
		t.Errorf("after discard it takes %d bytes", n)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, path: 0o600, filepath.Join(dir, s.Name): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

func TestSweepTouchesNothingForeign(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDriver(t, dir)
	id := uuid.NewString()
	foreign := []string{"lost+found", "README", "volume-1", "volume-" + strings.ToUpper(id), "volume-" + id + ".bak", "x.part", "volumes-" + id}
	ours := []string{"volume-" + id + ".part", "snapshot-" + id, "snapshot-" + id + ".part"}
	for _, name := range append(foreign, ours...) {
		ok(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	ok(t, os.Mkdir(filepath.Join(dir, "volume-"+uuid.NewString()), 0o700))
	ok(t, os.Symlink("/etc/passwd", filepath.Join(dir, "volume-"+uuid.NewString())))
	removed, err := d.Sweep(t.Context(), func(kind, _ string) bool { return kind == driver.KindVolume })
	ok(t, err)
	if len(removed) != len(ours) {
		t.Errorf("removed %v, want %v", removed, ours)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != len(foreign)+2 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestAHalfMadeFileIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDriver(t, dir)
	v := named(1000)
	ok(t, os.WriteFile(filepath.Join(dir, v.Name+".part"), []byte(strings.Repeat("old", 500)), 0o600))
	if dev, err := d.Open(t.Context(), driver.VolumeSource(v), driver.ReadOnly); !errors.Is(err, driver.ErrNotFound) {
		t.Fatalf("a half-made volume was opened: %v, %v", dev, err)
	}
	list, err := d.List(t.Context())
	if err != nil || len(list) != 1 || list[0].Made || list[0].ID != v.ID || list[0].Kind != driver.KindVolume {
		t.Errorf("list: %+v, %v", list, err)
	}
	ok(t, d.Create(t.Context(), v))
	if data, err := os.ReadFile(filepath.Join(dir, v.Name)); err != nil || string(data) != string(make([]byte, 1000)) {
		t.Errorf("%d bytes %q, %v", len(data), data[:3], err)
	}
}

func TestNamesDoNotLeadOutOfTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	ok(t, os.WriteFile(outside, []byte("secret"), 0o600))
	d := openDriver(t, dir)
	v := named(6)
	ok(t, os.Symlink(outside, filepath.Join(dir, v.Name)))
	if dev, err := d.Open(t.Context(), driver.VolumeSource(v), driver.ReadWrite); err == nil {
		t.Errorf("a symbolic link out of the folder was opened: %v", dev.Close())
	}
}

func TestAShortFileEndsInZeroes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDriver(t, dir)
	v := named(10000)
	ok(t, os.WriteFile(filepath.Join(dir, v.Name), []byte("short"), 0o600))
	dev := device(t, d, v)
	got := make([]byte, 10000)
	_, err := dev.ReadAt(got, 0)
	ok(t, err)
	if string(got) != "short"+string(make([]byte, 9995)) {
		t.Error("other bytes than the file's and zeroes")
	}
	s := snapshot(v)
	ok(t, d.Snapshot(t.Context(), s))
	if info, err := os.Stat(filepath.Join(dir, s.Name)); err != nil || info.Size() != 10000 {
		t.Errorf("snapshot: %v, %v", info, err)
	}
}

func TestCheckNoticesAnotherFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "pool")
	d := openDriver(t, dir)
	ok(t, os.Rename(dir, dir+".moved"))
	ok(t, os.Mkdir(dir, 0o700))
	if err := d.Check(t.Context()); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("check of an exchanged folder: %v", err)
	}
}
