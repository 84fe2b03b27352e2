package iscsi
import ("testing";"github.com/clinker-io/clinker/tests/harness")
func TestDev(t *testing.T){
 g:=bootGuest(t, initiatorName)
 con:=harness.Connection{Portal:"127.0.0.1:33260",IQN:"iqn.2026-11.test:t1",User:"u1",Password:"abcdefghijkl"}
 d:=g.login(con)
 t.Log(d, g.run("ls -la /sys/block/%s/device/; cat /sys/block/%s/device/vendor; dmesg | tail -20; busybox uptime", d, d))
}
