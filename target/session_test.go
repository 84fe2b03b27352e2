package target_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/clinker-io/clinker/target"
	"github.com/clinker-io/clinker/target/internal/initiator"
	"github.com/clinker-io/clinker/target/iscsi"
)

var asAttachment = initiator.Options{Initiator: initiatorIQN, Target: volumeIQN, User: chapUser, Secret: chapSecret}

// login logs in, clears the unit attention, and closes at the end.
func (s *setup) login(t testing.TB, o initiator.Options) *initiator.Session {
	t.Helper()
	c, err := initiator.Dial(s.addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if !o.Discovery {
		if err := c.Ready(); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func do(t testing.TB, c *initiator.Session, cmd initiator.Command) initiator.Result {
	t.Helper()
	r, err := c.Do(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func good(t testing.TB, c *initiator.Session, cmd initiator.Command) initiator.Result {
	t.Helper()
	r := do(t, c, cmd)
	if r.Status != 0 {
		t.Fatalf("CDB % x: status %#x, sense %06x", cmd.CDB, r.Status, r.Key())
	}
	return r
}

func TestDataGoThereAndBackUnderEveryNegotiation(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(16<<20))
	s.grant(t, withCHAP)
	isid := byte(0)
	for _, digest := range []string{"None", "CRC32C"} {
		for _, r2t := range []string{"Yes", "No"} {
			for _, immediate := range []string{"Yes", "No"} {
				for _, segment := range []string{"512", "8192", "262144"} {
					isid++
					o := asAttachment
					o.ISID = iscsi.ISID{0x80, isid}
					o.Keys = [][2]string{{"HeaderDigest", digest}, {"DataDigest", digest}, {"InitialR2T", r2t}, {"ImmediateData", immediate},
						{"MaxRecvDataSegmentLength", segment}, {"MaxBurstLength", "16384"}, {"FirstBurstLength", "12288"}, {"MaxOutstandingR2T", "3"}}
					t.Run(fmt.Sprintf("digest=%s,InitialR2T=%s,ImmediateData=%s,segment=%s", digest, r2t, immediate, segment), func(t *testing.T) {
						thereAndBack(t, s.login(t, o))
					})
				}
			}
		}
	}
}

func thereAndBack(t *testing.T, c *initiator.Session) {
	for _, blocks := range []int{1, 3, 16, 24, 25, 32, 33, 200} {
		out := pattern(blocks*512 + 1)[1:]
		good(t, c, initiator.Command{CDB: initiator.Write10(7, uint16(blocks)), Out: out})
		r := good(t, c, initiator.Command{CDB: initiator.Read10(7, uint16(blocks)), In: len(out)})
		if !bytes.Equal(r.Data, out) {
			t.Fatalf("%d blocks came back changed", blocks)
		}
	}
}

func TestR2TsAskForWhatWasNotSent(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(16<<20))
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	out := pattern(3 << 20)
	r := good(t, c, initiator.Command{CDB: initiator.Write10(0, 6144), Out: out})
	if r.R2Ts != 3 { // 64 KiB unsolicited, then bursts of 1 MiB
		t.Errorf("%d R2Ts", r.R2Ts)
	}
	r = good(t, c, initiator.Command{CDB: initiator.Write10(0, 6144), Out: out, NoData: true})
	if r.R2Ts != 3 {
		t.Errorf("%d R2Ts without unsolicited data", r.R2Ts)
	}
}

func TestCHAP(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	s.grant(t, target.Grant{ID: "second", User: "second", Secret: "another-long-secret", MutualUser: "target", MutualSecret: "the-target-s-secret"})
	for _, c := range []struct {
		name   string
		change func(*initiator.Options)
		status iscsi.LoginStatus
	}{
		{"right", func(*initiator.Options) {}, 0},
		{"text in two PDUs", func(o *initiator.Options) { o.SplitText = true }, 0},
		{"SHA1", func(o *initiator.Options) { o.Algorithm = "6" }, 0},
		{"SHA-256", func(o *initiator.Options) { o.Algorithm = "7" }, 0},
		{"SHA3-256", func(o *initiator.Options) { o.Algorithm = "8" }, 0},
		{"no known algorithm", func(o *initiator.Options) { o.Algorithm = "99" }, iscsi.LoginAuthFailed},
		{"wrong secret", func(o *initiator.Options) { o.Secret = "x" }, iscsi.LoginAuthFailed},
		{"another grant's secret", func(o *initiator.Options) { o.Secret = "another-long-secret" }, iscsi.LoginAuthFailed},
		{"second grant of the initiator", func(o *initiator.Options) { o.User, o.Secret = "second", "another-long-secret" }, 0},
		{"no CHAP", func(o *initiator.Options) { o.User = "" }, iscsi.LoginAuthFailed},
		{"mutual", func(o *initiator.Options) {
			o.User, o.Secret, o.MutualUser, o.MutualSecret = "second", "another-long-secret", "target", "the-target-s-secret"
		}, 0},
		{"mutual where none is configured", func(o *initiator.Options) { o.MutualUser, o.MutualSecret = "t", "s" }, iscsi.LoginAuthFailed},
		{"unknown target", func(o *initiator.Options) { o.Target = "iqn.2010-10.org.openstack:volume-x" }, iscsi.LoginNotFound},
		{"initiator without grant", func(o *initiator.Options) { o.Initiator = "iqn.1993-08.org.debian:01:other" }, iscsi.LoginNotAllowed},
		{"name in upper case", func(o *initiator.Options) { o.Initiator = "IQN.1993-08.org.debian:01:TEST" }, 0},
	} {
		o := asAttachment
		c.change(&o)
		session, err := initiator.Dial(s.addr, o)
		var status iscsi.LoginStatus
		if err != nil && !errors.As(err, &status) || status != c.status {
			t.Errorf("%s: %v, want status %#x", c.name, err, uint16(c.status))
		}
		if session != nil {
			session.Close()
		}
	}
}

func TestNoCHAPForAGrantWithoutSecret(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, target.Grant{})
	o := asAttachment
	o.User = ""
	good(t, s.login(t, o), initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
}

func TestDiscoveryShowsWhatIsGranted(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	other, err := s.server.AddTarget(target.TargetConfig{Name: volumeIQN + "-2", LUNs: []target.LUN{{Device: s.device}}})
	if err != nil {
		t.Fatal(err)
	}
	discover := func(which string) []string {
		t.Helper()
		c := s.login(t, initiator.Options{Initiator: initiatorIQN, Discovery: true, Keys: [][2]string{{"MaxRecvDataSegmentLength", "512"}}})
		names, err := c.SendTargets(which)
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if got := discover("All"); !slices.Equal(got, []string{volumeIQN}) {
		t.Errorf("discovered %v", got)
	}
	if err := other.Grant(target.Grant{ID: "x", Initiator: initiatorIQN}); err != nil {
		t.Fatal(err)
	}
	if got := discover("All"); !slices.Equal(got, []string{volumeIQN, volumeIQN + "-2"}) {
		t.Errorf("discovered %v", got)
	}
	if got := discover(volumeIQN + "-2"); !slices.Equal(got, []string{volumeIQN + "-2"}) {
		t.Errorf("discovered %v", got)
	}
	for i := range 40 { // more than one PDU holds
		tg, err := s.server.AddTarget(target.TargetConfig{Name: fmt.Sprintf("%s-many-%d", volumeIQN, i), LUNs: []target.LUN{{Device: s.device}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := tg.Grant(target.Grant{ID: "x", Initiator: initiatorIQN}); err != nil {
			t.Fatal(err)
		}
	}
	if got := discover("All"); len(got) != 42 {
		t.Errorf("discovered %d targets", len(got))
	}
	s.server.RemoveTarget(volumeIQN + "-2")
	if got := discover("All"); len(got) != 41 {
		t.Errorf("discovered %d targets after a removal", len(got))
	}
}

func TestPingComesBackAndLogoutEnds(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	back, err := c.Ping([]byte("are you there"))
	if err != nil || string(back) != "are you there" {
		t.Errorf("%q, %v", back, err)
	}
	if err := c.Logout(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(); err == nil {
		t.Error("the connection is open after the logout")
	}
}

func TestSameInitiatorPortTakesItsSessionOver(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	first := s.login(t, asAttachment)
	other := asAttachment
	other.ISID = iscsi.ISID{0x80, 9}
	third := s.login(t, other)
	second := s.login(t, asAttachment)
	if _, _, err := first.Read(); err == nil {
		t.Error("the old session goes on")
	}
	good(t, second, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
	good(t, third, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
}

func TestCommandsAreServedInTheOrderOfCmdSN(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	sn := c.CmdSN
	var tags []uint32
	for _, n := range []uint32{2, 1, 0} {
		c.CmdSN = sn + n
		tag, err := c.Start(initiator.Command{CDB: initiator.Write10(0, 1), Out: bytes.Repeat([]byte{byte(n + 1)}, 512)})
		if err != nil {
			t.Fatal(err)
		}
		tags = append(tags, tag)
	}
	for range tags {
		if _, _, err := c.Read(); err != nil {
			t.Fatal(err)
		}
	}
	c.CmdSN = sn + 3
	good(t, c, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
}

func TestReadOnlyGrantCannotWrite(t *testing.T) {
	t.Parallel()
	s := newSetup(t, newMemory(1<<20))
	g := withCHAP
	g.ReadOnly = true
	s.grant(t, g)
	c := s.login(t, asAttachment)
	if r := do(t, c, initiator.Command{CDB: initiator.Write10(0, 1), Out: make([]byte, 512)}); r.Key() != 0x072700 {
		t.Errorf("write: %06x", r.Key())
	}
	r := good(t, c, initiator.Command{CDB: []byte{0x1a, 0, 0x3f, 0, 0xff, 0}, In: 255})
	if r.Data[2]&0x80 == 0 {
		t.Error("MODE SENSE does not say that it is write protected")
	}
	good(t, c, initiator.Command{CDB: initiator.Read10(0, 1), In: 512})
}

func TestGrownDeviceIsAnnounced(t *testing.T) {
	t.Parallel()
	m := newMemory(1 << 20)
	s := newSetup(t, m)
	s.grant(t, withCHAP)
	c := s.login(t, asAttachment)
	if r := do(t, c, initiator.Command{CDB: initiator.Read10(2048, 1), In: 512}); r.Key() != 0x052100 {
		t.Errorf("beyond the end: %06x", r.Key())
	}
	m.grow(2 << 20)
	s.target.CapacityChanged()
	if r := do(t, c, initiator.Command{CDB: make([]byte, 6)}); r.Key() != 0x062a09 {
		t.Errorf("after growing: %06x", r.Key())
	}
	good(t, c, initiator.Command{CDB: initiator.Read10(2048, 1), In: 512})
}
