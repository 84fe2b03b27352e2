package iscsi

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/clinker-io/clinker/tests/harness"
)

func TestALinuxInitiatorSeesAPauseAndNoErrorWhenTheServiceIsKilled(t *testing.T) {
	t.Parallel()
	svc := harness.Start(t, harness.Options{})
	api := svc.Client(t)
	volume := api.CreateVolume(harness.VolumeSpec{SizeGiB: 1})
	con := api.Attach(volume.ID, initiatorName)
	g := bootGuest(t, initiatorName)
	disk := g.login(con)
	g.run("/sbin/mke2fs -q -t ext4 /dev/%s && mount -t ext4 /dev/%s /mnt", disk, disk)

	g.startLoad()
	portalBefore := svc.ISCSI
	for round := range 3 {
		before := g.loadPasses(g.loadCount() + 3)
		svc.Kill9()
		g.eventually(fmt.Sprintf("[ $(dmesg | grep -c 'detected conn error') -gt %d ]", round))
		begun := time.Now()
		svc.Restart(t)
		if svc.ISCSI != portalBefore {
			t.Fatalf("the portal moved from %s to %s: no initiator would find it", portalBefore, svc.ISCSI)
		}
		g.loadPasses(before + 3)
		t.Logf("round %d: writes went on %v after the restart", round, time.Since(begun).Round(10*time.Millisecond))
	}
	g.endLoad()
	g.run("umount /mnt && e2fsck -f -n /dev/%s", disk)
	g.noErrors()
	g.logout(con)
	api.Detach(con)
}

// startLoad runs testdata/load.sh beside the commands that follow.
func (g *guest) startLoad() {
	g.t.Helper()
	g.run("echo 0 >/tmp/count; sh /load.sh >/dev/null 2>&1 &")
}

// loadCount is the number of files that were written and flushed.
func (g *guest) loadCount() int {
	g.t.Helper()
	n, err := strconv.Atoi(g.run("cat /tmp/count"))
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}

// loadPasses waits until so many files were flushed.
func (g *guest) loadPasses(n int) int {
	g.t.Helper()
	g.eventually(fmt.Sprintf("[ $(cat /tmp/count) -ge %d ]", n))
	return g.loadCount()
}

// endLoad stops the load and compares every file with what was flushed to it.
func (g *guest) endLoad() {
	g.t.Helper()
	g.run("touch /tmp/stop")
	g.eventually("[ -e /tmp/ended ]")
	if out, failed := g.try("cat /tmp/failed"); failed {
		g.t.Errorf("writes failed: %s", out)
	}
	g.run("echo 3 >/proc/sys/vm/drop_caches; cd /mnt && cat /tmp/flushed/* | sha256sum -c")
}
