package iscsi

import (
	"net"
	"strings"

	"github.com/clinker-io/clinker/tests/harness"
)

const initiatorName = "iqn.2026-11.io.clinker:guest"

// portal is how the guest reaches a portal on the host's loopback.
func portal(con harness.Connection) string {
	_, port, _ := net.SplitHostPort(con.Portal)
	return "10.0.2.2:" + port
}

// node begins an iscsiadm command about the connection's target.
func node(con harness.Connection) string {
	return "iscsiadm -m node -T " + con.IQN + " -p " + portal(con)
}

// configure makes the node record with the connection's CHAP secret.
func (g *guest) configure(con harness.Connection) {
	g.t.Helper()
	g.run("%s -o new", node(con))
	for _, option := range [][2]string{{"username", con.User}, {"password", con.Password}} {
		// Not through run, whose failure would print the secret.
		if _, ok := g.try("%s -o update -n node.session.auth.%s -v '%s' >/dev/null", node(con), option[0], option[1]); !ok {
			g.t.Fatalf("guest: cannot set node.session.auth.%s", option[0])
		}
	}
}

// login opens the session and returns the name of its disk, such as "sda".
func (g *guest) login(con harness.Connection) string {
	g.t.Helper()
	g.configure(con)
	g.run("%s --login", node(con))
	g.eventually("ls -d /sys/class/iscsi_session/*/device/target*/*/block/* >/dev/null 2>&1")
	disk := g.run("basename /sys/class/iscsi_session/*/device/target*/*/block/*")
	g.eventually("[ -b /dev/" + disk + " ]")
	return disk
}

func (g *guest) logout(con harness.Connection) {
	g.t.Helper()
	g.run("%s --logout", node(con))
}

// noErrors reads the kernel's messages for anything that an application or a
// file system would have felt.
func (g *guest) noErrors() {
	g.t.Helper()
	for line := range strings.Lines(g.run("dmesg")) {
		for _, bad := range []string{"I/O error", "critical target error", "critical medium error", "EXT4-fs error", "EXT4-fs warning", "Aborting journal", "rejecting I/O", "Sense Key"} {
			if strings.Contains(line, bad) {
				g.t.Errorf("kernel of the guest: %s", strings.TrimSpace(line))
			}
		}
	}
}
