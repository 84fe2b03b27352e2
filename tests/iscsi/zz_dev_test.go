package iscsi
import ("testing";"os/exec";"time";"github.com/clinker-io/clinker/tests/harness")
func tgt(t *testing.T) *harness.Process {
 cmd:=exec.Command("tgtd","-f","-C","77","--iscsi","portal=127.0.0.1:33260")
 p,err:=harness.StartProcess(cmd); if err!=nil {t.Fatal(err)}
 out,err:=exec.Command("sh","-c",`cd /tmp/tg; n=0; until tgtadm -C 77 --lld iscsi --op show --mode target >/dev/null 2>&1; do sleep 0.1; n=$((n+1)); [ $n -lt 100 ] || exit 1; done;tgtadm -C 77 --lld iscsi --op new --mode target --tid 1 -T iqn.2026-11.test:t1
 tgtadm -C 77 --lld iscsi --op new --mode account --user u1 --password abcdefghijkl; tgtadm -C 77 --lld iscsi --op bind --mode account --tid 1 --user u1
 tgtadm -C 77 --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b /tmp/tg/disk.img --bstype rdwr;tgtadm -C 77 --lld iscsi --op update --mode logicalunit --tid 1 --lun 1 --params thin_provisioning=1
  tgtadm -C 77 --lld iscsi --op bind --mode target --tid 1 -I ALL`).CombinedOutput()
 if err!=nil {t.Fatal(err,string(out))}
 return p
}
func TestDev(t *testing.T){
 p:=tgt(t)
 defer func(){p.Kill9()}()
 g:=bootGuest(t, initiatorName)
 con:=harness.Connection{Portal:"127.0.0.1:33260",IQN:"iqn.2026-11.test:t1",User:"u1",Password:"abcdefghijkl"}
 disk:=g.login(con)
 g.sizeIs(disk,gib)
	g.run("/sbin/mke2fs -q -t ext4 /dev/%s", disk)
	g.run("mount -t ext4 /dev/%s /mnt", disk)
	g.writeFiles(8)
	g.verifyFiles()
	freesWhatItTrims(t, g, "/tmp/tg")
	g.run("umount /mnt")
	g.run("e2fsck -f -n /dev/%s", disk)
	g.run("mount -t ext4 /dev/%s /mnt", disk)
	g.startLoad()
 for round:=range 2 {
		before := g.loadPasses(g.loadCount() + 3)
		p.Kill9()
	g.eventually("dmesg | grep -q 'detected conn error'")
	begun:=time.Now()
	p=tgt(t)
		g.loadPasses(before + 3)
		t.Logf("round %d: writes went on %v after the restart", round, time.Since(begun).Round(10*time.Millisecond))
 }
 g.endLoad()
	g.run("umount /mnt && e2fsck -f -n /dev/%s", disk)
	g.noErrors()
	g.identifies(disk,"x")
 t.Log(g.run("dmesg | tail -20; cat /sys/block/%s/device/wwid", disk))
	g.logout(con)
}
