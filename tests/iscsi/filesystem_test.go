package iscsi

import (
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

const gib = 1 << 30

func TestALinuxInitiatorKeepsAFileSystemOnAVolume(t *testing.T) {
	t.Parallel()
	svc := harness.Start(t, harness.Options{})
	api := svc.Client(t)
	volume := api.CreateVolume(harness.VolumeSpec{Name: "guest", SizeGiB: 1})
	con := api.Attach(volume.ID, initiatorName)
	g := bootGuest(t, initiatorName)
	disk := g.login(con)

	g.sizeIs(disk, gib)
	g.identifies(disk, volume.ID)
	g.run("/sbin/mke2fs -q -t ext4 /dev/%s", disk)
	g.run("mount -t ext4 /dev/%s /mnt", disk)
	g.writeFiles(8)
	g.verifyFiles()
	freesWhatItTrims(t, g, svc.StateDir)
	g.run("umount /mnt")
	g.run("e2fsck -f -n /dev/%s", disk)
	g.run("mount -t ext4 /dev/%s /mnt", disk)
	g.verifyFiles()
	g.run("umount /mnt")

	g.logout(con)
	disk = g.login(con)
	g.run("mount -o ro -t ext4 /dev/%s /mnt", disk)
	g.verifyFiles()
	g.run("umount /mnt")
	g.noErrors()
	g.logout(con)
	api.Detach(con)
	api.DeleteVolume(volume.ID)
}

func TestALinuxInitiatorIsRefusedWithoutTheSecretOrTheName(t *testing.T) {
	t.Parallel()
	svc := harness.Start(t, harness.Options{})
	api := svc.Client(t)
	mine := api.Attach(api.CreateVolume(harness.VolumeSpec{SizeGiB: 1}).ID, initiatorName)
	others := api.Attach(api.CreateVolume(harness.VolumeSpec{SizeGiB: 1}).ID, initiatorName+"-other")
	g := bootGuest(t, initiatorName)

	wrong := mine
	wrong.Password = strings.Repeat("x", len(mine.Password))
	for name, con := range map[string]harness.Connection{"a wrong secret": wrong, "another initiator's volume": others} {
		g.configure(con)
		if out, ok := g.try("%s --login 2>&1", node(con)); ok {
			t.Errorf("the login with %s was accepted: %s", name, out)
		}
		g.run("%s -o delete", node(con))
	}
	g.sizeIs(g.login(mine), gib)
}

// sizeIs compares what the kernel learnt from READ CAPACITY.
func (g *guest) sizeIs(disk string, want int64) {
	g.t.Helper()
	sectors, err := strconv.ParseInt(g.run("cat /sys/block/%s/size", disk), 10, 64)
	if err != nil || sectors*512 != want {
		g.t.Fatalf("the disk has %d bytes (%v), want %d", sectors*512, err, want)
	}
}

// identifies looks at what INQUIRY and the pages of vital product data told the
// kernel: multipath and /dev/disk/by-id depend on it.
func (g *guest) identifies(disk, volume string) {
	g.t.Helper()
	device := "/sys/block/" + disk + "/device"
	for _, file := range []string{"vendor", "model", "rev"} {
		if g.run("cat %s/%s", device, file) == "" {
			g.t.Errorf("INQUIRY: the %s is empty", file)
		}
	}
	serial := g.run("tail -c +5 %s/vpd_pg80", device)
	if !strings.Contains(strings.ReplaceAll(serial, "-", ""), strings.ReplaceAll(volume, "-", "")) {
		g.t.Errorf("the unit serial number %q does not hold the volume's id %s", serial, volume)
	}
	if wwid := g.run("cat %s/wwid", device); !strings.HasPrefix(wwid, "naa.") && !strings.HasPrefix(wwid, "eui.") && !strings.HasPrefix(wwid, "t10.") {
		g.t.Errorf("the designation descriptors give the name %q", wwid)
	}
	queue := "/sys/block/" + disk + "/queue"
	if got := g.run("cat %s/discard_max_bytes", queue); got == "0" {
		g.t.Errorf("the kernel does not discard on this disk")
	}
	if got := g.run("cat %s/write_cache", queue); got != "write back" {
		g.t.Errorf("the kernel takes the write cache for %q: it would not flush", got)
	}
}

// writeFiles makes n files of 4 MiB of noise, and their checksums in the
// guest's memory.
func (g *guest) writeFiles(n int) {
	g.t.Helper()
	g.run("for i in $(seq %d); do dd if=/dev/urandom of=/mnt/file$i bs=1M count=4 2>/dev/null || exit 1; done", n)
	g.run("cd /mnt && sha256sum file* >/tmp/sums && sync")
}

// verifyFiles reads them from the disk and not from the guest's cache.
func (g *guest) verifyFiles() {
	g.t.Helper()
	g.run("echo 3 >/proc/sys/vm/drop_caches; cd /mnt && sha256sum -c /tmp/sums")
}

// freesWhatItTrims writes and deletes a file, trims, and compares the space that
// the state folder takes.
func freesWhatItTrims(t *testing.T, g *guest, stateDir string) {
	t.Helper()
	const mib, size = 1 << 20, 96
	g.run("dd if=/dev/urandom of=/mnt/large bs=1M count=%d conv=fsync 2>/dev/null", size)
	before := usedBytes(t, stateDir)
	g.run("rm /mnt/large && sync")
	t.Log(g.run("fstrim -v /mnt"))
	if freed := before - usedBytes(t, stateDir); freed < size*mib*3/4 {
		t.Errorf("trimming a deleted file of %d MiB freed %d MiB", size, freed/mib)
	}
	g.verifyFiles()
}

// usedBytes is what the files below a folder take on disk.
func usedBytes(t *testing.T, dir string) int64 {
	t.Helper()
	var blocks int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // files of PostgreSQL come and go, and may be another user's
		}
		if info, err := d.Info(); err == nil {
			blocks += info.Sys().(*syscall.Stat_t).Blocks
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return blocks * 512
}
