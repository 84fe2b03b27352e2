package iscsi

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// chapAlgorithms by number (RFC 7143, 12.1.3; IANA "CHAP algorithms").
var chapAlgorithms = map[string]func(id byte, secret, challenge []byte) []byte{
	"5": func(id byte, s, c []byte) []byte { h := md5.Sum(chapInput(id, s, c)); return h[:] },
	"6": func(id byte, s, c []byte) []byte { h := sha1.Sum(chapInput(id, s, c)); return h[:] },
	"7": func(id byte, s, c []byte) []byte { h := sha256.Sum256(chapInput(id, s, c)); return h[:] },
	"8": func(id byte, s, c []byte) []byte { h := sha3.Sum256(chapInput(id, s, c)); return h[:] },
}

func chapInput(id byte, secret, challenge []byte) []byte {
	b := append([]byte{id}, secret...)
	return append(b, challenge...)
}

const (
	chapChallenge    = 32   // bytes of ours
	maxChapChallenge = 1024 // bytes of the initiator's (RFC 7143, 12.1.3)
)

// chap is one authentication, by the target of the initiator and perhaps the
// other way round:
//
//	CHAP_A ─► CHAP_A CHAP_I CHAP_C ─► CHAP_N CHAP_R [CHAP_I CHAP_C] ─► [CHAP_N CHAP_R]
type chap struct {
	credentials []Credential
	algorithm   string
	id          byte
	challenge   []byte
	passed      *Credential
}

// begin picks the first algorithm of the initiator's that we know.
func (c *chap) begin(offered string) (reply []byte, status LoginStatus) {
	for a := range strings.SplitSeq(offered, ",") {
		if chapAlgorithms[a] != nil {
			c.algorithm = a
			break
		}
	}
	if c.algorithm == "" {
		return nil, LoginAuthFailed
	}
	random := make([]byte, chapChallenge+1)
	_, _ = rand.Read(random) // never fails
	c.id, c.challenge = random[0], random[1:]
	reply = appendPair(nil, "CHAP_A", c.algorithm)
	reply = appendPair(reply, "CHAP_I", decimal(c.id))
	return appendPair(reply, "CHAP_C", "0x"+hex.EncodeToString(c.challenge)), LoginSuccess
}

// finish checks the response, against each credential of that user.
func (c *chap) finish(text map[string]string) (reply []byte, status LoginStatus) {
	response, ok := decodeBinary(text["CHAP_R"])
	if !ok || len(text["CHAP_N"]) == 0 {
		return nil, LoginAuthFailed
	}
	hash := chapAlgorithms[c.algorithm]
	for i := range c.credentials {
		cr := &c.credentials[i]
		if cr.Secret == "" {
			continue
		}
		// Every secret is tried, so that the time tells nothing.
		right := hmac.Equal(hash(c.id, []byte(cr.Secret), c.challenge), response)
		if right && cr.User == text["CHAP_N"] && c.passed == nil {
			c.passed = cr
		}
	}
	if c.passed == nil {
		return nil, LoginAuthFailed
	}
	if _, mutual := text["CHAP_I"]; !mutual {
		return nil, LoginSuccess
	}
	return c.prove(text)
}

// prove answers the initiator's challenge. Our own challenge sent back is a
// reflection (RFC 7143, 9.2.1).
func (c *chap) prove(text map[string]string) (reply []byte, status LoginStatus) {
	id, ok := parseByte(text["CHAP_I"])
	challenge, ok2 := decodeBinary(text["CHAP_C"])
	if !ok || !ok2 || len(challenge) == 0 || hmac.Equal(challenge, c.challenge) || c.passed.MutualSecret == "" {
		c.passed = nil
		return nil, LoginAuthFailed
	}
	r := chapAlgorithms[c.algorithm](id, []byte(c.passed.MutualSecret), challenge)
	reply = appendPair(nil, "CHAP_N", c.passed.MutualUser)
	return appendPair(reply, "CHAP_R", "0x"+hex.EncodeToString(r)), LoginSuccess
}

// decodeBinary reads a large binary value (RFC 7143, 6.1): hexadecimal or base64.
func decodeBinary(s string) ([]byte, bool) {
	if len(s) < 3 || len(s) > 2+2*maxChapChallenge || s[0] != '0' {
		return nil, false
	}
	var b []byte
	var err error
	switch digits := s[2:]; s[1] {
	case 'x', 'X':
		if len(digits)%2 == 1 {
			digits = "0" + digits
		}
		b, err = hex.DecodeString(digits)
	case 'b', 'B':
		b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(digits, "="))
	default:
		return nil, false
	}
	return b, err == nil && len(b) <= maxChapChallenge
}
