// Package initiator is a small iSCSI initiator: what target/initiator offers to
// others stands on it, and tests and benchmarks use it as it is, since it can
// also do what a good initiator would not.
package initiator

import (
	"bufio"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/clinker-io/clinker/target/iscsi"
)

// Options say how to log in.
type Options struct {
	Initiator, Target        string
	User, Secret             string // CHAP when set
	MutualUser, MutualSecret string // what the target has to prove
	Algorithm                string // CHAP_A; default "5"
	Keys                     [][2]string
	Discovery                bool
	ISID                     iscsi.ISID
	SplitText                bool // sends the security text in two PDUs
	Timeout                  time.Duration
}

// Session is a session in the full feature phase. It is used by one goroutine.
type Session struct {
	Conn    net.Conn
	r       *bufio.Reader
	w       *bufio.Writer
	CmdSN   uint32
	MaxSN   uint32
	StatSN  uint32
	ITT     uint32
	Keys    map[string]string // what the target said
	TSIH    uint16
	timeout time.Duration

	HeaderDigest, DataDigest bool
	MaxSend, FirstBurst      int
	InitialR2T, Immediate    bool
	head                     [64]byte
}

const bhsLength = 48

// Dial connects and logs in.
func Dial(addr string, o Options) (*Session, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	s, err := Login(nc, o)
	if err != nil {
		_ = nc.Close()
		return nil, err
	}
	return s, nil
}

// Login logs in on a connection.
func Login(nc net.Conn, o Options) (*Session, error) {
	s := &Session{Conn: nc, r: bufio.NewReaderSize(nc, 256<<10), w: bufio.NewWriterSize(nc, 256<<10),
		CmdSN: 1, Keys: make(map[string]string), timeout: o.Timeout,
		MaxSend: 8192, FirstBurst: 65536, InitialR2T: true, Immediate: true}
	if s.timeout == 0 {
		s.timeout = 20 * time.Second
	}
	if o.ISID == (iscsi.ISID{}) {
		o.ISID = iscsi.ISID{0x80, 1, 2, 3, 4, 5}
	}
	if err := s.security(o); err != nil {
		return nil, err
	}
	if err := s.operational(o); err != nil {
		return nil, err
	}
	return s, nil
}

// security sends who we are, and does CHAP when there is a user.
func (s *Session) security(o Options) error {
	text := "InitiatorName=" + o.Initiator + "\x00"
	if o.Discovery {
		text += "SessionType=Discovery\x00"
	} else {
		text += "SessionType=Normal\x00TargetName=" + o.Target + "\x00"
	}
	if o.User == "" {
		_, err := s.login(o, 0, 1, true, text+"AuthMethod=None\x00")
		return err
	}
	if o.Algorithm == "" {
		o.Algorithm = "5"
	}
	if o.SplitText {
		if _, err := s.exchange(o, iscsi.LoginRequest{Continue: true}, text[:20]); err != nil {
			return err
		}
		text = text[20:]
	}
	if _, err := s.login(o, 0, 0, false, text+"AuthMethod=CHAP,None\x00"); err != nil {
		return err
	}
	if s.Keys["AuthMethod"] != "CHAP" {
		_, err := s.login(o, 0, 1, true, "")
		return err
	}
	if _, err := s.login(o, 0, 0, false, "CHAP_A="+o.Algorithm+"\x00"); err != nil {
		return err
	}
	return s.chap(o)
}

func (s *Session) chap(o Options) error {
	id, _ := strconv.Atoi(s.Keys["CHAP_I"])
	challenge, err := hex.DecodeString(strings.TrimPrefix(s.Keys["CHAP_C"], "0x"))
	if err != nil {
		return err
	}
	text := "CHAP_N=" + o.User + "\x00CHAP_R=0x" + hex.EncodeToString(chapResponse(o.Algorithm, byte(id), o.Secret, challenge)) + "\x00"
	ours := []byte("a challenge of the initiator")
	if o.MutualSecret != "" {
		text += "CHAP_I=7\x00CHAP_C=0x" + hex.EncodeToString(ours) + "\x00"
	}
	delete(s.Keys, "CHAP_R")
	if _, err := s.login(o, 0, 1, true, text); err != nil {
		return err
	}
	want := "0x" + hex.EncodeToString(chapResponse(o.Algorithm, 7, o.MutualSecret, ours))
	if o.MutualSecret != "" && (s.Keys["CHAP_R"] != want || s.Keys["CHAP_N"] != o.MutualUser) {
		return errors.New("the target did not prove itself")
	}
	return nil
}

func chapResponse(algorithm string, id byte, secret string, challenge []byte) []byte {
	b := append([]byte{id}, secret...)
	b = append(b, challenge...)
	switch algorithm {
	case "6":
		h := sha1.Sum(b)
		return h[:]
	case "7":
		h := sha256.Sum256(b)
		return h[:]
	case "8":
		h := sha3.Sum256(b)
		return h[:]
	}
	h := md5.Sum(b)
	return h[:]
}

func (s *Session) operational(o Options) error {
	text := ""
	keys := o.Keys
	if keys == nil {
		keys = [][2]string{{"HeaderDigest", "None"}, {"DataDigest", "None"}, {"InitialR2T", "No"}, {"ImmediateData", "Yes"},
			{"MaxRecvDataSegmentLength", "262144"}, {"MaxBurstLength", "1048576"}, {"FirstBurstLength", "65536"}, {"MaxOutstandingR2T", "8"}}
	}
	for _, k := range keys {
		text += k[0] + "=" + k[1] + "\x00"
	}
	resp, err := s.login(o, 1, 3, true, text)
	if err != nil {
		return err
	}
	if !resp.Transit {
		return errors.New("no transit to the full feature phase")
	}
	s.TSIH = resp.TSIH
	s.HeaderDigest, s.DataDigest = s.Keys["HeaderDigest"] == "CRC32C", s.Keys["DataDigest"] == "CRC32C"
	s.InitialR2T, s.Immediate = s.Keys["InitialR2T"] != "No", s.Keys["ImmediateData"] != "No"
	s.MaxSend = s.number("MaxRecvDataSegmentLength", s.MaxSend)
	s.FirstBurst = s.number("FirstBurstLength", s.FirstBurst)
	return nil
}

func (s *Session) number(key string, otherwise int) int {
	if n, err := strconv.Atoi(s.Keys[key]); err == nil {
		return n
	}
	return otherwise
}

func (s *Session) login(o Options, current, next byte, transit bool, text string) (iscsi.LoginResponse, error) {
	return s.exchange(o, iscsi.LoginRequest{Current: current, Next: next, Transit: transit}, text)
}

// exchange sends one login PDU and takes the answer.
func (s *Session) exchange(o Options, req iscsi.LoginRequest, text string) (resp iscsi.LoginResponse, err error) {
	req.ISID, req.CmdSN, req.DataLength = o.ISID, s.CmdSN, len(text)
	if err := s.Write(req.Encode(nil), []byte(text)); err != nil {
		return resp, err
	}
	h, data, err := s.Read()
	if err != nil {
		return resp, err
	}
	if err := resp.Decode(h); err != nil {
		return resp, err
	}
	if resp.Status != iscsi.LoginSuccess {
		return resp, resp.Status
	}
	s.StatSN, s.MaxSN = resp.StatSN+1, resp.MaxCmdSN
	for item := range strings.SplitSeq(string(data), "\x00") {
		if k, v, ok := strings.Cut(item, "="); ok {
			s.Keys[k] = v
		}
	}
	return resp, nil
}

var zeroes [3]byte

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Queue adds a PDU to what Flush sends.
func (s *Session) Queue(bhs, data []byte) error {
	_, err := s.w.Write(bhs)
	if s.HeaderDigest {
		_, err = s.w.Write(binary.LittleEndian.AppendUint32(nil, crc32.Checksum(bhs, castagnoli)))
	}
	if len(data) == 0 {
		return err
	}
	pad := zeroes[:-len(data)&3]
	_, _ = s.w.Write(data)
	_, err = s.w.Write(pad)
	if s.DataDigest {
		crc := crc32.Update(crc32.Checksum(data, castagnoli), castagnoli, pad)
		_, err = s.w.Write(binary.LittleEndian.AppendUint32(nil, crc))
	}
	return err
}

// Flush sends what was queued.
func (s *Session) Flush() error {
	return s.w.Flush()
}

// Write sends one PDU.
func (s *Session) Write(bhs, data []byte) error {
	if err := s.Queue(bhs, data); err != nil {
		return err
	}
	return s.Flush()
}

// Read takes one PDU; the header is valid until the next call.
func (s *Session) Read() (bhs, data []byte, err error) {
	if err := s.Conn.SetReadDeadline(time.Now().Add(s.timeout)); err != nil {
		return nil, nil, err
	}
	bhs, n, err := s.readHeader()
	if err != nil || n == 0 {
		return bhs, nil, err
	}
	data = make([]byte, n+(-n&3))
	if err := s.readFull(data); err != nil {
		return nil, nil, err
	}
	if s.DataDigest {
		var wire [4]byte
		if err := s.readFull(wire[:]); err != nil {
			return nil, nil, err
		}
		if binary.LittleEndian.Uint32(wire[:]) != crc32.Checksum(data, castagnoli) {
			return nil, nil, errors.New("data digest of the target is wrong")
		}
	}
	return bhs, data[:n], nil
}

func (s *Session) readHeader() (bhs []byte, n int, err error) {
	bhs = s.head[:bhsLength]
	if err := s.readFull(bhs); err != nil {
		return nil, 0, err
	}
	if s.HeaderDigest {
		wire := s.head[bhsLength : bhsLength+4]
		if err := s.readFull(wire); err != nil {
			return nil, 0, err
		}
		if binary.LittleEndian.Uint32(wire) != crc32.Checksum(bhs, castagnoli) {
			return nil, 0, errors.New("header digest of the target is wrong")
		}
	}
	s.MaxSN = binary.BigEndian.Uint32(bhs[32:])
	return bhs, int(bhs[5])<<16 | int(bhs[6])<<8 | int(bhs[7]), nil
}

func (s *Session) readFull(p []byte) error {
	for len(p) > 0 {
		n, err := s.r.Read(p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// Skip drops n bytes with their padding, for benchmarks without digests.
func (s *Session) Skip(n int) error {
	_, err := s.r.Discard(n + (-n & 3))
	return err
}

// Header reads a header alone, for benchmarks.
func (s *Session) Header() (bhs []byte, n int, err error) { return s.readHeader() }

// Unexpected is an error that names a PDU.
func Unexpected(bhs []byte) error { return fmt.Errorf("unexpected PDU of opcode %#02x", bhs[0]&0x3f) }

// Close drops the connection.
func (s *Session) Close() { _ = s.Conn.Close() }

// Buffered is how many bytes can be read without waiting.
func (s *Session) Buffered() int { return s.r.Buffered() }
