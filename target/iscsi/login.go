package iscsi

import (
	"strconv"
	"strings"
)

// login is the negotiation of one connection. It knows nothing of the socket:
// texts go in and come out.
//
//	security ──► operational ──► full feature phase
//	    └──────────────────────────────►┘
type login struct {
	dir       Directory
	stage     byte
	began     bool
	params    Params
	discovery bool
	initiator string
	target    string

	method     string // AuthMethod once chosen
	chap       *chap
	credential *Credential // by which the initiator is let in
	creds      []Credential
	seen       map[string]string // keys of this login with their values
	declared   bool              // our MaxRecvDataSegmentLength
}

func newLogin(dir Directory) *login {
	return &login{dir: dir, params: defaultParams(), seen: make(map[string]string)}
}

// step takes one whole text of the initiator. Transit is whether we go on to
// the next stage that the initiator asked for.
func (l *login) step(req *LoginRequest, text []byte) (reply []byte, transit bool, status LoginStatus) {
	pairs, err := parseText(text)
	if err != nil {
		return nil, false, LoginInitiatorError
	}
	for _, p := range pairs {
		// RFC 7143, 6.2: a key is negotiated once. Saying one's name again is harmless.
		if v, again := l.seen[p.key]; again && !(isName(p.key) && v == p.value) {
			return nil, false, LoginInitiatorError
		}
		l.seen[p.key] = p.value
	}
	if !l.began {
		if reply, status = l.begin(req, pairs); status != LoginSuccess {
			return nil, false, status
		}
	}
	if req.Current != l.stage || (req.Transit && (req.Next <= req.Current || req.Next == 2)) {
		return nil, false, LoginInitiatorError
	}
	var more []byte
	if l.stage == securityStage {
		more, status = l.security(pairs)
	} else {
		more, status = l.operational(pairs)
	}
	if status != LoginSuccess {
		return nil, false, status
	}
	return l.transit(req, append(reply, more...))
}

// transit moves on when the initiator wants to and may.
func (l *login) transit(req *LoginRequest, reply []byte) ([]byte, bool, LoginStatus) {
	if !req.Transit {
		return reply, false, LoginSuccess
	}
	if l.stage == securityStage && l.credential == nil {
		if l.method != "" && l.method != "None" {
			return reply, false, LoginSuccess // CHAP goes on
		}
		if !l.withoutProof() {
			return nil, false, LoginAuthFailed
		}
	}
	l.stage = req.Next
	return reply, true, LoginSuccess
}

// begin takes the keys of the first text: who wants what.
func (l *login) begin(req *LoginRequest, pairs []pair) (reply []byte, status LoginStatus) {
	l.began = true
	kind := "Normal"
	for _, p := range pairs {
		switch p.key {
		case "InitiatorName":
			l.initiator = normalName(p.value)
		case "TargetName":
			l.target = normalName(p.value)
		case "SessionType":
			kind = p.value
		}
	}
	l.discovery = kind == "Discovery"
	switch {
	case kind != "Normal" && kind != "Discovery":
		return nil, LoginNoSessionType
	case l.initiator == "" || len(l.initiator) > maxNameLength:
		return nil, LoginMissingParameter
	case l.target == "" && !l.discovery, len(l.target) > maxNameLength:
		return nil, LoginMissingParameter
	}
	if req.Current > operationalStage {
		return nil, LoginInitiatorError
	}
	l.stage = req.Current
	if status := l.findCredentials(); status != LoginSuccess {
		return nil, status
	}
	if l.stage == operationalStage && !l.withoutProof() {
		return nil, LoginAuthFailed
	}
	if !l.discovery {
		reply = appendPair(reply, "TargetPortalGroupTag", portalGroup)
	}
	return reply, LoginSuccess
}

func (l *login) findCredentials() LoginStatus {
	target := l.target
	if l.discovery {
		target = ""
	}
	var found bool
	l.creds, found = l.dir.Credentials(target, l.initiator)
	switch {
	case l.discovery:
	case !found:
		return LoginNotFound
	case len(l.creds) == 0:
		return LoginNotAllowed
	}
	return LoginSuccess
}

// withoutProof lets in an initiator of whom no CHAP is asked. Discovery is
// always open: it shows only what the named initiator may use.
func (l *login) withoutProof() bool {
	if l.discovery {
		l.credential = &Credential{}
		return true
	}
	for i := range l.creds {
		if l.creds[i].Secret == "" {
			l.credential = &l.creds[i]
			return true
		}
	}
	return false
}

func (l *login) needsProof() bool {
	for i := range l.creds {
		if l.creds[i].Secret != "" {
			return true
		}
	}
	return false
}

// security is the stage of AuthMethod and CHAP; other keys are declarations.
func (l *login) security(pairs []pair) (reply []byte, status LoginStatus) {
	answers := make(map[string]string)
	for _, p := range pairs {
		switch {
		case strings.HasPrefix(p.key, "CHAP_"):
			answers[p.key] = p.value
		case p.key == "AuthMethod":
			if l.method = l.chooseMethod(p.value); l.method == "" {
				return nil, LoginAuthFailed
			}
			reply = appendPair(reply, "AuthMethod", l.method)
		default:
			reply = l.answer(reply, p)
		}
	}
	if len(answers) == 0 {
		return reply, LoginSuccess
	}
	if l.method != "CHAP" || l.credential != nil {
		return nil, LoginInitiatorError
	}
	more, status := l.chapStep(answers)
	return append(reply, more...), status
}

// chooseMethod is the initiator's first that can lead anywhere.
func (l *login) chooseMethod(offered string) string {
	for m := range strings.SplitSeq(offered, ",") {
		if m == "CHAP" && l.needsProof() || m == "None" && l.mayBeNone() {
			return m
		}
	}
	return ""
}

func (l *login) mayBeNone() bool {
	may := l.withoutProof()
	l.credential = nil
	return may
}

func (l *login) chapStep(answers map[string]string) (reply []byte, status LoginStatus) {
	if a, ok := answers["CHAP_A"]; ok {
		if l.chap != nil || len(answers) != 1 {
			return nil, LoginInitiatorError
		}
		l.chap = &chap{credentials: l.creds}
		return l.chap.begin(a)
	}
	if l.chap == nil {
		return nil, LoginInitiatorError
	}
	reply, status = l.chap.finish(answers)
	l.credential = l.chap.passed
	return reply, status
}

// operational is the stage of everything else.
func (l *login) operational(pairs []pair) (reply []byte, status LoginStatus) {
	for _, p := range pairs {
		if p.key == "AuthMethod" || strings.HasPrefix(p.key, "CHAP_") {
			return nil, LoginInitiatorError
		}
		reply = l.answer(reply, p)
	}
	if !l.declared {
		l.declared = true
		reply = appendPair(reply, "MaxRecvDataSegmentLength", strconv.Itoa(ourMaxRecv))
	}
	return reply, LoginSuccess
}

// answer appends what is due to one key.
func (l *login) answer(reply []byte, p pair) []byte {
	if isName(p.key) {
		return reply
	}
	if a := l.params.negotiate(p.key, p.value, l.discovery); a != "" {
		reply = appendPair(reply, p.key, a)
	}
	return reply
}

// isName is true of the keys that say who wants what, and need no answer.
func isName(key string) bool {
	return key == "InitiatorName" || key == "TargetName" || key == "SessionType" || key == "InitiatorAlias"
}

// normalName compares names as RFC 3722 has them, as far as ASCII goes.
func normalName(s string) string { return strings.ToLower(s) }

func decimal(b byte) string { return strconv.Itoa(int(b)) }

func parseByte(s string) (byte, bool) {
	n, err := strconv.ParseUint(s, 0, 8)
	return byte(n), err == nil
}
