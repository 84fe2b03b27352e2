package iscsi

import (
	"strconv"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

func TestALinuxInitiatorSeesAVolumeGrowWhileItIsMounted(t *testing.T) {
	t.Parallel()
	svc := harness.Start(t, harness.Options{})
	api := svc.Client(t)
	volume := api.CreateVolume(harness.VolumeSpec{SizeGiB: 1})
	con := api.Attach(volume.ID, initiatorName)
	g := bootGuest(t, initiatorName)
	disk := g.login(con)
	g.run("/sbin/mke2fs -q -t ext4 /dev/%s && mount -t ext4 /dev/%s /mnt", disk, disk)
	g.writeFiles(4)

	api.Extend(volume.ID, 3)
	g.growsInPlace(con, disk, 3*gib)
	api.Detach(con)
}

// growsInPlace does what an administrator does after an extend: rescan, let the
// mounted file system fill the disk, use the new room.
func (g *guest) growsInPlace(con harness.Connection, disk string, want int64) {
	g.t.Helper()
	g.run("%s --rescan", node(con))
	g.sizeIs(disk, want)
	g.run("resize2fs /dev/%s 2>&1", disk)
	size, err := strconv.ParseInt(strings.Fields(g.run("df -P -k /mnt | tail -n 1"))[1], 10, 64)
	if err != nil || size<<10 < want*9/10 {
		g.t.Errorf("the file system has %d KiB (%v) on a disk of %d bytes", size, err, want)
	}
	// Not in the page cache of the guest, and past the old end: the tail.
	g.run("dd if=/dev/urandom of=/tmp/tail bs=1M count=1 2>/dev/null && dd if=/tmp/tail of=/mnt/new bs=1M conv=fsync 2>/dev/null")
	g.run("echo 3 >/proc/sys/vm/drop_caches; cmp /tmp/tail /mnt/new")
	g.verifyFiles()
	g.run("umount /mnt && e2fsck -f -n /dev/%s", disk)
	g.run("dd if=/tmp/tail of=/dev/%s bs=1M seek=%d conv=fsync,notrunc 2>/dev/null", disk, want>>20-1)
	g.run("echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/%s bs=1M skip=%d 2>/dev/null | cmp - /tmp/tail", disk, want>>20-1)
	g.noErrors()
	g.logout(con)
}
