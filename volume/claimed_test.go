package volume_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/clinker-io/clinker/volume"
)

// File systems made by their own programs say how far they reach.
func TestHowFarAFileSystemReaches(t *testing.T) {
	t.Parallel()
	const size = 512 << 20
	image := func() string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "disk")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		return path
	}
	reaches := func(name, path string, want int64) {
		t.Helper()
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		if got := volume.Claimed(f); got != want {
			t.Errorf("%s reaches to byte %d, want %d", name, got, want)
		}
	}
	reaches("nothing", image(), 0)
	for _, c := range []struct {
		want int64
		cmd  []string // of the whole disk, but where more is given
		more []string
	}{
		{size, []string{"/sbin/mke2fs", "-q", "-t", "ext2", "-b", "1024"}, nil},
		{size, []string{"/sbin/mke2fs", "-q", "-t", "ext4", "-O", "64bit"}, nil},
		{100 << 20, []string{"/sbin/mke2fs", "-q", "-t", "ext4"}, []string{"100m"}},
		{size, []string{"/sbin/mkfs.xfs", "-q"}, nil},
		{size, []string{"/sbin/mkswap", "-q"}, nil},
	} {
		path := image()
		args := append(append(c.cmd[1:len(c.cmd):len(c.cmd)], path), c.more...)
		if out, err := exec.CommandContext(t.Context(), c.cmd[0], args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", c.cmd, err, out)
		}
		reaches(c.cmd[0], path, c.want)
	}
	path, table := image(), make([]byte, 512)
	table[446+4], table[510], table[511] = 0x83, 0x55, 0xaa
	binary.LittleEndian.PutUint32(table[446+8:], 2048)
	binary.LittleEndian.PutUint32(table[446+12:], 4096)
	if err := os.WriteFile(path, append(table, make([]byte, 1<<20)...), 0o600); err != nil {
		t.Fatal(err)
	}
	reaches("a table of partitions", path, 6144*512)
}
