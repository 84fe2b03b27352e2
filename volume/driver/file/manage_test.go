package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clinker-io/clinker/volume/driver"
)

func ref(name string) driver.Reference { return driver.Reference{"source-name": name} }

// manageable is what a folder lists: name, and why not.
func manageable(t *testing.T, m driver.Manager, kind string) map[string]string {
	t.Helper()
	all, err := m.Manageable(t.Context(), kind)
	ok(t, err)
	got := map[string]string{}
	for _, x := range all {
		got[x.Reference["source-name"]] = x.Unsafe
	}
	return got
}

func TestWhatAFolderOffersToManage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDriver(t, dir)
	const id = "0e7a0b1c-0000-4000-8000-000000000001"
	write := func(name, data string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		ok(t, os.WriteFile(path, []byte(data), 0o600))
		return path
	}
	for _, name := range []string{"disk.img", "volume-" + id, "snapshot-" + id, "volume-x-unmanaged", "volume-" + id + "-unmanaged", "snapshot-" + id + "-unmanaged",
		".hidden", "volume-" + id + ".part", "copy.part"} {
		write(name, "data")
	}
	write("empty", "")
	outside := filepath.Join(t.TempDir(), "outside")
	ok(t, os.WriteFile(outside, []byte("secret"), 0o600))
	ok(t, os.Symlink(outside, filepath.Join(dir, "link")))
	ok(t, os.Symlink("disk.img", filepath.Join(dir, "inner-link")))
	ok(t, os.Link(write("twice", "data"), filepath.Join(dir, "twice too")))
	ok(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	ok(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	f, err := os.OpenFile(write("busy", "data"), os.O_RDWR, 0)
	ok(t, err)
	defer func() { ok(t, f.Close()) }()

	foreign := map[string]string{"disk.img": "", "volume-x-unmanaged": "", "empty": "empty", "twice": "has several names", "twice too": "has several names"}
	for kind, own := range map[string][]string{
		driver.KindVolume:   {"volume-" + id, "volume-" + id + "-unmanaged"},
		driver.KindSnapshot: {"snapshot-" + id, "snapshot-" + id + "-unmanaged"},
	} {
		want := map[string]string{"busy": kind + " in use"}
		for name, why := range foreign {
			want[name] = why
		}
		for _, name := range own {
			want[name] = ""
		}
		if diff := cmp.Diff(want, manageable(t, d, kind)); diff != "" {
			t.Errorf("%ss (-want +got):\n%s", kind, diff)
		}
	}

	// What cannot be taken over stays as it is.
	before, err := os.ReadDir(dir)
	ok(t, err)
	for name, want := range map[string]error{
		"link": driver.ErrInvalid, "inner-link": driver.ErrInvalid, "folder": driver.ErrInvalid, "pipe": driver.ErrInvalid, "empty": driver.ErrInvalid,
		"twice": driver.ErrInvalid, ".hidden": driver.ErrInvalid, "copy.part": driver.ErrInvalid, "../" + filepath.Base(dir) + "/disk.img": driver.ErrInvalid,
		outside: driver.ErrInvalid, "..": driver.ErrInvalid, "": driver.ErrInvalid, "busy": driver.ErrInUse, "absent": driver.ErrNotFound,
		strings.Repeat("n", 300): driver.ErrInvalid, "disk.img\x00": driver.ErrInvalid,
	} {
		to := driver.VolumeSource(named(1 << 20))
		if _, err := d.Measure(t.Context(), to, ref(name)); !errors.Is(err, want) {
			t.Errorf("measure %.40q: %v, want %v", name, err, want)
		}
		if err := d.Adopt(t.Context(), to, ref(name)); !errors.Is(err, want) {
			t.Errorf("adopt %.40q: %v, want %v", name, err, want)
		}
	}
	if _, err := d.Measure(t.Context(), driver.VolumeSource(named(1)), driver.Reference{"source-id": "1"}); !errors.Is(err, driver.ErrInvalid) {
		t.Errorf("a reference without source-name: %v", err)
	}
	after, err := os.ReadDir(dir)
	ok(t, err)
	if !slices.EqualFunc(before, after, func(a, b os.DirEntry) bool { return a.Name() == b.Name() }) {
		t.Errorf("the folder has changed: %v", after)
	}
}

func TestWhatWasReleasedIsFoundByItsOldName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDriver(t, dir)
	v := volume(t, d, 1<<20)
	ok(t, d.Release(t.Context(), driver.VolumeSource(v)))
	removed, err := d.Sweep(t.Context(), func(kind, id string) bool {
		t.Errorf("the sweep asks for %s %s", kind, id)
		return false
	})
	if err != nil || removed != nil {
		t.Errorf("the sweep removed %v, %v", removed, err)
	}
	to := named(1 << 20)
	ok(t, d.Adopt(t.Context(), driver.VolumeSource(to), ref(v.Name)))
	if got := manageable(t, d, driver.KindVolume); len(got) != 1 || got[to.Name] != "" {
		t.Errorf("listed are %v", got)
	}
	ok(t, os.WriteFile(filepath.Join(dir, to.Name+"-unmanaged"), []byte("somebody's"), 0o600))
	if err := d.Release(t.Context(), driver.VolumeSource(to)); !errors.Is(err, driver.ErrExists) {
		t.Errorf("a release over a file: %v", err)
	}
}
