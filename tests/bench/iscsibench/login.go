package main

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// conn is a logged-in connection, the only one of its session.
type conn struct {
	*socket
	lun       int
	cmdSN     uint32
	maxCmdSN  uint32
	expStatSN uint32

	immediateBytes int   // of a write that may go with its command
	segmentBytes   int   // that the target takes in one PDU
	received       []int // bytes of reads so far, by tag
	loginTag       uint32
	tsih           uint16
}

// Stages of a login, RFC 7143 §11.12.3.
const (
	stageSecurity    = 0
	stageOperational = 1
	stageFull        = 3
)

const ourSegmentBytes = 256 << 10

func dial(o options) (*conn, error) {
	s, err := openSocket(o.portal)
	if err != nil {
		return nil, err
	}
	c := &conn{socket: s, lun: o.lun, cmdSN: 1, segmentBytes: 8192, received: make([]int, o.depth)}
	if err := c.login(o); err != nil {
		_ = s.file.Close()
		return nil, fmt.Errorf("login: %w", err)
	}
	return c, nil
}

func (c *conn) login(o options) error {
	keys, err := c.exchange(stageSecurity, stageSecurity, "InitiatorName="+o.initiator, "TargetName="+o.target, "SessionType=Normal", "AuthMethod=CHAP,None")
	if err != nil {
		return err
	}
	if keys["AuthMethod"] == "CHAP" {
		if err := c.chap(o); err != nil {
			return err
		}
	} else if _, err := c.exchange(stageSecurity, stageOperational); err != nil {
		return err
	}
	return c.negotiate()
}

func (c *conn) chap(o options) error {
	keys, err := c.exchange(stageSecurity, stageSecurity, "CHAP_A=5")
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(keys["CHAP_I"], 0, 8)
	if err != nil {
		return fmt.Errorf("CHAP_I: %w", err)
	}
	challenge, err := binaryValue(keys["CHAP_C"])
	if err != nil {
		return fmt.Errorf("CHAP_C: %w", err)
	}
	// RFC 1994: the hash of identifier, secret and challenge.
	sum := md5.Sum(bytes.Join([][]byte{{byte(id)}, []byte(o.password), challenge}, nil))
	_, err = c.exchange(stageSecurity, stageOperational, "CHAP_N="+o.user, fmt.Sprintf("CHAP_R=0x%x", sum))
	return err
}

// negotiate declares what is best for speed and keeps what the target allows.
func (c *conn) negotiate() error {
	const firstBurst = 256 << 10
	keys, err := c.exchange(stageOperational, stageFull, "HeaderDigest=None", "DataDigest=None", "InitialR2T=Yes", "ImmediateData=Yes",
		"MaxConnections=1", "ErrorRecoveryLevel=0", "MaxOutstandingR2T=1", "DataPDUInOrder=Yes", "DataSequenceInOrder=Yes",
		"MaxBurstLength=16776192", fmt.Sprintf("FirstBurstLength=%d", firstBurst), fmt.Sprintf("MaxRecvDataSegmentLength=%d", ourSegmentBytes))
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(keys["MaxRecvDataSegmentLength"]); err == nil {
		c.segmentBytes = min(n, bufferBytes)
	}
	if keys["ImmediateData"] == "Yes" {
		c.immediateBytes = min(firstBurst, c.segmentBytes)
		if n, err := strconv.Atoi(keys["FirstBurstLength"]); err == nil {
			c.immediateBytes = min(n, c.immediateBytes)
		}
	}
	return nil
}

// exchange sends keys and returns those of the answer; when next differs from
// now it goes on until the target has moved to that stage.
func (c *conn) exchange(now, next byte, keys ...string) (map[string]string, error) {
	got := map[string]string{}
	for range 8 {
		if err := c.sendLogin(now, next, keys); err != nil {
			return nil, err
		}
		h, err := c.recvLogin(got)
		if err != nil {
			return nil, err
		}
		if next == now || h.flags()&flagFinal != 0 {
			return got, nil
		}
		keys = nil
	}
	return nil, errors.New("the target does not move on")
}

func (c *conn) sendLogin(now, next byte, keys []string) error {
	text := []byte{}
	for _, k := range keys {
		text = append(append(text, k...), 0)
	}
	var h bhs
	h[0], h[1] = opLogin|immediate, now<<2
	if next != now {
		h[1] |= flagFinal | next
	}
	h.setDataLength(len(text))
	copy(h[8:], []byte{0x80, 0x11, 0x22, 0x33}) // ISID: random format
	be.PutUint16(h[14:], c.tsih)
	h.setWord(16, c.loginTag)
	h.setWord(24, c.cmdSN)
	h.setWord(28, c.expStatSN)
	return errors.Join(c.put(h[:]), c.put(text), c.put(make([]byte, padding(len(text)))))
}

func (c *conn) recvLogin(keys map[string]string) (*bhs, error) {
	h, err := c.header()
	if err != nil {
		return nil, err
	}
	if h.opcode() != opLoginResponse {
		return nil, fmt.Errorf("the target answers with opcode %#x", h.opcode())
	}
	n := h.dataLength()
	text, err := c.take(n + padding(n))
	if err != nil {
		return nil, err
	}
	if h[36] != 0 {
		return nil, fmt.Errorf("refused with status %#02x%02x (RFC 7143, 11.13.5)", h[36], h[37])
	}
	c.tsih = be.Uint16(h[14:])
	c.sawStatSN(h)
	for pair := range strings.SplitSeq(string(text[:n]), "\x00") {
		if k, v, ok := strings.Cut(pair, "="); ok {
			keys[k] = v
		}
	}
	return h, nil
}

// binaryValue decodes 0x… and 0b… values, RFC 7143 §6.1.
func binaryValue(s string) ([]byte, error) {
	if len(s) < 2 {
		return nil, fmt.Errorf("%q is no binary value", s)
	}
	switch s[:2] {
	case "0x", "0X":
		return hex.DecodeString(s[2:])
	case "0b", "0B":
		return base64.StdEncoding.DecodeString(s[2:])
	}
	return nil, fmt.Errorf("%q is no binary value", s)
}
