package iscsi

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
)

// book is a Directory of one target.
type book struct{ creds []Credential }

const (
	bookTarget    = "iqn.2010-10.org.openstack:volume-1"
	bookInitiator = "iqn.1993-08.org.debian:01:a"
)

func (b book) Targets(string) []string { return []string{bookTarget} }
func (b book) Credentials(target, initiator string) ([]Credential, bool) {
	if initiator != bookInitiator {
		return nil, target == bookTarget
	}
	return b.creds, target == bookTarget || target == ""
}
func (b book) Admit(*Session) LoginStatus { return LoginSuccess }
func (b book) Leave(*Session)             {}
func (b book) ResetTarget(_ *Session, _ TaskFunction, _ uint64, done func()) {
	done()
}

var (
	openBook   = book{[]Credential{{}}}
	secretBook = book{[]Credential{{User: "u", Secret: "s3cret"}}}
)

func text(pairs ...string) []byte { return []byte(strings.Join(pairs, "\x00") + "\x00") }

const who = "InitiatorName=" + bookInitiator + "\x00TargetName=" + bookTarget

func readable(b []byte) string {
	return strings.TrimSuffix(strings.ReplaceAll(string(b), "\x00", " "), " ")
}

func TestOperationalKeysAreAnswered(t *testing.T) {
	for _, c := range []struct{ offer, want string }{
		{"HeaderDigest=CRC32C,None", "HeaderDigest=CRC32C"},
		{"HeaderDigest=None,CRC32C", "HeaderDigest=None"},
		{"DataDigest=SHA9,CRC32C", "DataDigest=CRC32C"},
		{"DataDigest=SHA9", "DataDigest=Reject"},
		{"InitialR2T=Yes", "InitialR2T=Yes"},
		{"InitialR2T=No", "InitialR2T=No"},
		{"InitialR2T=Perhaps", "InitialR2T=Reject"},
		{"ImmediateData=Yes", "ImmediateData=Yes"},
		{"ImmediateData=No", "ImmediateData=No"},
		{"MaxBurstLength=16776192", "MaxBurstLength=1048576"},
		{"MaxBurstLength=512", "MaxBurstLength=512"},
		{"MaxBurstLength=511", "MaxBurstLength=Reject"},
		{"MaxBurstLength=0x1000", "MaxBurstLength=4096"},
		{"FirstBurstLength=1048576", "FirstBurstLength=65536"},
		{"MaxOutstandingR2T=1", "MaxOutstandingR2T=1"},
		{"MaxConnections=8", "MaxConnections=1"},
		{"DefaultTime2Wait=2", "DefaultTime2Wait=2"},
		{"DefaultTime2Retain=20", "DefaultTime2Retain=0"},
		{"ErrorRecoveryLevel=2", "ErrorRecoveryLevel=0"},
		{"DataPDUInOrder=No", "DataPDUInOrder=Yes"},
		{"DataSequenceInOrder=No", "DataSequenceInOrder=Yes"},
		{"MaxRecvDataSegmentLength=65536", ""},
		{"MaxRecvDataSegmentLength=1", "MaxRecvDataSegmentLength=Reject"},
		{"IFMarker=Yes", "IFMarker=No"},
		{"OFMarkInt=1~2", "OFMarkInt=Reject"},
		{"TaskReporting=FastAbort,RFC3720", "TaskReporting=RFC3720"},
		{"iSCSIProtocolLevel=2", "iSCSIProtocolLevel=1"},
		{"X-com.example.key=1", "X-com.example.key=NotUnderstood"},
		{"InitiatorAlias=me", ""},
		{"HeaderDigest=NotUnderstood", ""},
	} {
		l := newLogin(openBook)
		req := &LoginRequest{Current: 1, Next: 3, Transit: true}
		reply, transit, status := l.step(req, text(who, c.offer))
		want := strings.TrimSpace("TargetPortalGroupTag=1 " + c.want)
		want = strings.Join(strings.Fields(want+" MaxRecvDataSegmentLength=262144"), " ")
		if readable(reply) != want || !transit || status != LoginSuccess {
			t.Errorf("%s: %q, transit %t, status %#x; want %q", c.offer, readable(reply), transit, uint16(status), want)
		}
	}
}

func TestDiscoveryFindsSomeKeysIrrelevant(t *testing.T) {
	l := newLogin(openBook)
	reply, _, status := l.step(&LoginRequest{Current: 1, Next: 3, Transit: true},
		text("InitiatorName="+bookInitiator, "SessionType=Discovery", "InitialR2T=No", "HeaderDigest=None", "DefaultTime2Wait=3"))
	want := "InitialR2T=Irrelevant HeaderDigest=None DefaultTime2Wait=3 MaxRecvDataSegmentLength=262144"
	if status != LoginSuccess || readable(reply) != want {
		t.Errorf("%q, %#x", readable(reply), uint16(status))
	}
}

func TestLoginsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		book book
		req  LoginRequest
		text []byte
		want LoginStatus
	}{
		{"no initiator name", openBook, LoginRequest{}, text("TargetName=" + bookTarget), LoginMissingParameter},
		{"no target name", openBook, LoginRequest{}, text("InitiatorName=" + bookInitiator), LoginMissingParameter},
		{"name of 224 bytes", openBook, LoginRequest{}, text("InitiatorName="+strings.Repeat("x", 224), "TargetName="+bookTarget), LoginMissingParameter},
		{"unknown session type", openBook, LoginRequest{}, text(who, "SessionType=Party"), LoginNoSessionType},
		{"unknown target", openBook, LoginRequest{}, text("InitiatorName="+bookInitiator, "TargetName=iqn.x"), LoginNotFound},
		{"initiator without grant", openBook, LoginRequest{}, text("InitiatorName=iqn.x", "TargetName="+bookTarget), LoginNotAllowed},
		{"key twice", openBook, LoginRequest{Current: 1}, text(who, "InitialR2T=No", "InitialR2T=No"), LoginInitiatorError},
		{"no key=value", openBook, LoginRequest{}, text(who, "nonsense"), LoginInitiatorError},
		{"straight to the operational stage without CHAP", secretBook, LoginRequest{Current: 1, Next: 3, Transit: true}, text(who), LoginAuthFailed},
		{"straight to the end without CHAP", secretBook, LoginRequest{Next: 3, Transit: true}, text(who), LoginAuthFailed},
		{"AuthMethod None where CHAP is needed", secretBook, LoginRequest{Next: 1, Transit: true}, text(who, "AuthMethod=None"), LoginAuthFailed},
		{"AuthMethod CHAP where none is configured", openBook, LoginRequest{}, text(who, "AuthMethod=CHAP"), LoginAuthFailed},
		{"CHAP answer before the challenge", secretBook, LoginRequest{}, text(who, "AuthMethod=CHAP", "CHAP_N=u", "CHAP_R=0x00"), LoginInitiatorError},
		{"CHAP without AuthMethod", secretBook, LoginRequest{}, text(who, "CHAP_A=5"), LoginInitiatorError},
		{"CHAP in the operational stage", openBook, LoginRequest{Current: 1}, text(who, "CHAP_A=5"), LoginInitiatorError},
		{"transit backwards", openBook, LoginRequest{Current: 1, Next: 0, Transit: true}, text(who), LoginInitiatorError},
		{"transit to the reserved stage", openBook, LoginRequest{Current: 1, Next: 2, Transit: true}, text(who), LoginInitiatorError},
		{"begin in the full feature phase", openBook, LoginRequest{Current: 3}, text(who), LoginInitiatorError},
	} {
		if _, _, got := newLogin(c.book).step(&c.req, c.text); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.name, uint16(got), uint16(c.want))
		}
	}
}

// offered reads the challenge of a login and gives the right answer to it.
func offered(t *testing.T, l *login) (response string) {
	t.Helper()
	if _, _, status := l.step(&LoginRequest{}, text(who, "AuthMethod=CHAP,None")); status != LoginSuccess {
		t.Fatal(status)
	}
	if _, _, status := l.step(&LoginRequest{}, text("CHAP_A=5")); status != LoginSuccess {
		t.Fatal(status)
	}
	return "0x" + hex.EncodeToString(chapAlgorithms["5"](l.chap.id, []byte("s3cret"), l.chap.challenge))
}

func TestCHAPIsNotFooled(t *testing.T) {
	last := LoginRequest{Next: 1, Transit: true}
	l := newLogin(secretBook)
	if _, transit, status := l.step(&last, text("CHAP_N=u", "CHAP_R="+offered(t, l))); status != LoginSuccess || !transit {
		t.Errorf("the right answer: %#x", uint16(status))
	}
	l = newLogin(secretBook)
	offered(t, l)
	if _, transit, status := l.step(&last, nil); status != LoginSuccess || transit {
		t.Errorf("no answer: transit %t, %#x", transit, uint16(status))
	}
	l = newLogin(book{[]Credential{{User: "u", Secret: "s3cret", MutualUser: "t", MutualSecret: "other"}}})
	r := offered(t, l)
	reflected := text("CHAP_N=u", "CHAP_R="+r, "CHAP_I="+strconv.Itoa(int(l.chap.id)), "CHAP_C=0x"+hex.EncodeToString(l.chap.challenge))
	if _, _, status := l.step(&last, reflected); status != LoginAuthFailed {
		t.Errorf("our own challenge sent back: %#x", uint16(status))
	}
	for _, bad := range []string{"", "0x", "0xzz", "12", "0b!!", "0x" + strings.Repeat("00", 2000)} {
		l = newLogin(secretBook)
		offered(t, l)
		if _, _, status := l.step(&last, text("CHAP_N=u", "CHAP_R="+bad)); status != LoginAuthFailed {
			t.Errorf("CHAP_R=%.20s: %#x", bad, uint16(status))
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	c := Credential{User: "u", Secret: "s3cret", MutualSecret: "s3cret2"}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "secret", c.Secret, "credential", c)
	fmt.Fprintf(&b, "%v %+v %#v %s %q", c, c, c, c.Secret, c.Secret)
	if strings.Contains(b.String(), "s3cret") {
		t.Errorf("it does: %s", b.String())
	}
}

// FuzzLogin feeds any texts to a login: it never lets anybody in without the secret.
func FuzzLogin(f *testing.F) {
	f.Add(text(who, "AuthMethod=CHAP,None"), text("CHAP_A=5"), text("CHAP_N=u", "CHAP_R=0x00", "CHAP_I=1", "CHAP_C=0b00"), byte(0x81), true)
	f.Add(text(who, "AuthMethod=None", "X-a=b"), text("HeaderDigest=CRC32C"), []byte{0}, byte(0x87), false)
	f.Fuzz(func(t *testing.T, a, b, c []byte, flags byte, needed bool) {
		l := newLogin(openBook)
		if needed {
			l = newLogin(secretBook)
		}
		for _, data := range [][]byte{a, b, c} {
			req := LoginRequest{Transit: flags&0x80 != 0, Current: flags >> 2 & 3, Next: flags & 3}
			_, transit, status := l.step(&req, data)
			if transit && needed && !l.discovery {
				t.Fatal("let in without the secret")
			}
			if status != LoginSuccess {
				return
			}
		}
	})
}

// FuzzText checks the parser of texts.
func FuzzText(f *testing.F) {
	f.Add(text("a=b", "c=", "=d"))
	f.Fuzz(func(t *testing.T, b []byte) {
		pairs, err := parseText(b)
		if err == nil && len(pairs) > maxPairs {
			t.Error("too many keys")
		}
		p := defaultParams()
		for _, x := range pairs {
			p.negotiate(x.key, x.value, false)
		}
		if p.MaxRecv < minSegment || p.MaxBurst < minSegment || p.FirstBurst > ourFirstBurst || p.OutstandingR2T < 1 {
			t.Errorf("%+v", p)
		}
	})
}
