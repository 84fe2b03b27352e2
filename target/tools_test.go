package target_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// run runs a real client, which must be installed.
func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is needed: install the Debian packages libiscsi-bin, qemu-utils and qemu-block-extra", name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(out), err
}

func mustRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := run(t, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func (s *setup) url(user, secret string) string {
	who := ""
	if user != "" {
		who = user + "%" + secret + "@"
	}
	return fmt.Sprintf("iscsi://%s%s/%s/0", who, s.addr, volumeIQN)
}

func TestLibiscsiToolsSeeTheUnit(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(64<<20))
	s.grant(t, withCHAP)
	url := s.url(chapUser, chapSecret)
	portal := "iscsi://" + chapUser + "%" + chapSecret + "@" + s.addr
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"iscsi-ls", "-i", initiatorIQN, portal}, "Target:" + volumeIQN},
		{[]string{"iscsi-ls", "-s", "-i", initiatorIQN, portal}, "Lun:0"},
		{[]string{"iscsi-inq", "-i", initiatorIQN, url}, "CLINKER"},
		{[]string{"iscsi-inq", "-i", initiatorIQN, "-e", "1", "-c", "128", url}, volumeUUID},
		{[]string{"iscsi-inq", "-i", initiatorIQN, "-e", "1", "-c", "131", url}, volumeIQN},
		{[]string{"iscsi-readcapacity16", "-i", initiatorIQN, url}, "Total size:67108864"},
	} {
		if out := mustRun(t, c.args[0], c.args[1:]...); !strings.Contains(out, c.want) {
			t.Errorf("%s does not say %q:\n%s", strings.Join(c.args, " "), c.want, out)
		}
	}
}

func TestLibiscsiToolsAreTurnedAway(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	for _, c := range []struct{ name, initiator, user, secret string }{
		{"wrong secret", initiatorIQN, chapUser, "wrong-horse-battery"},
		{"wrong user", initiatorIQN, "somebody", chapSecret},
		{"no CHAP", initiatorIQN, "", ""},
		{"another initiator", "iqn.1993-08.org.debian:01:other", chapUser, chapSecret},
	} {
		if out, err := run(t, "iscsi-inq", "-i", c.initiator, s.url(c.user, c.secret)); err == nil {
			t.Errorf("%s: got in:\n%s", c.name, out)
		}
	}
	out := mustRun(t, "iscsi-ls", "-i", "iqn.1993-08.org.debian:01:other", "iscsi://"+s.addr)
	if strings.Contains(out, "Target:") {
		t.Errorf("discovery shows another initiator's target:\n%s", out)
	}
}

// qemuImage is the unit as qemu's options have it.
func (s *setup) qemuImage() string {
	return fmt.Sprintf("driver=iscsi,transport=tcp,portal=%s,target=%s,lun=0,user=%s,password=%s,initiator-name=%s",
		s.addr, volumeIQN, chapUser, chapSecret, initiatorIQN)
}

func TestQemuCopiesAndComparesAnImage(t *testing.T) {
	t.Parallel()
	const size = 32 << 20
	s := newSetup(t, newMemory(size))
	s.grant(t, withCHAP)
	file := filepath.Join(t.TempDir(), "image")
	data := pattern(size)
	clear(data[3<<20 : 9<<20])
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "qemu-img", "convert", "-n", "-f", "raw", "--target-image-opts", file, s.qemuImage())
	mustRun(t, "qemu-img", "compare", "--image-opts", "driver=raw,file.driver=file,file.filename="+file, s.qemuImage())
	if out := mustRun(t, "qemu-img", "info", "--image-opts", s.qemuImage()); !strings.Contains(out, "32 MiB") {
		t.Errorf("qemu-img info:\n%s", out)
	}
}

func TestQemuIOWritesDiscardsAndFlushes(t *testing.T) {
	t.Parallel()
	m := newMemory(16 << 20)
	s := newSetup(t, m)
	s.grant(t, withCHAP)
	out := mustRun(t, "qemu-io", "--image-opts", "-d", "unmap", s.qemuImage(),
		"-c", "write -P 0xa5 4k 3M", "-c", "write -f -P 0x5a 1M 64k", "-c", "aio_write -P 0x11 8M 1M", "-c", "aio_flush",
		"-c", "read -P 0xa5 4k 1020k", "-c", "read -P 0x5a 1M 64k", "-c", "read -P 0x11 8M 1M",
		"-c", "discard 2M 512k", "-c", "read -P 0 2M 512k", "-c", "write -z 8M 64k", "-c", "write -z -u 9000k 64k",
		"-c", "read -P 0 8M 64k", "-c", "flush")
	if strings.Contains(out, "fail") || strings.Contains(out, "rror") {
		t.Errorf("qemu-io:\n%s", out)
	}
	if m.flushes.Load() == 0 || !m.durable() {
		t.Errorf("flushes %d, durable %t", m.flushes.Load(), m.durable())
	}
}

// pattern has no two equal blocks.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i) ^ byte(i>>9) ^ byte(i>>17)*31
	}
	return b
}
