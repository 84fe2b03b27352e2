package iscsi

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pdu is what every PDU can do.
type pdu interface {
	Decode([]byte) error
	Encode([]byte) []byte
}

func allPDUs() []pdu {
	return []pdu{&NopOut{}, &SCSICommand{}, &TaskRequest{}, &LoginRequest{}, &TextRequest{}, &DataOut{}, &LogoutRequest{},
		&NopIn{}, &SCSIResponse{}, &TaskResponse{}, &LoginResponse{}, &TextResponse{}, &DataIn{}, &LogoutResponse{}, &R2T{}, &Reject{}}
}

func TestPDUsComeBackAsTheyWere(t *testing.T) {
	seq := Sequence{1, 2, 3}
	lun := MakeLUN(300)
	for _, p := range []pdu{
		&NopOut{Immediate: true, LUN: lun, ITT: 1, TTT: 2, CmdSN: 3, ExpStatSN: 4, DataLength: 70000},
		&SCSICommand{Immediate: true, Final: true, Read: true, Write: true, Attribute: 1, DataLength: 5, LUN: lun, ITT: 6,
			Expected: 7, CmdSN: 8, ExpStatSN: 9, CDB: [16]byte{0: 0x28, 15: 0xff}},
		&TaskRequest{Function: LUNReset, LUN: lun, ITT: 1, ReferencedTag: 2, CmdSN: 3, ExpStatSN: 4, RefCmdSN: 5},
		&LoginRequest{Transit: true, Current: 1, Next: 3, VersionMax: 1, ISID: ISID{1, 2, 3, 4, 5, 6}, TSIH: 7, ITT: 8, CID: 9, CmdSN: 10, ExpStatSN: 11, DataLength: 12},
		&TextRequest{Continue: true, LUN: lun, ITT: 1, TTT: 2, CmdSN: 3, ExpStatSN: 4, DataLength: 5},
		&DataOut{Final: true, LUN: lun, ITT: 1, TTT: 2, ExpStatSN: 3, DataSN: 4, BufferOffset: 5, DataLength: 6},
		&LogoutRequest{Immediate: true, Reason: 1, ITT: 2, CID: 3, CmdSN: 4, ExpStatSN: 5},
		&NopIn{Sequence: seq, LUN: lun, ITT: 1, TTT: 2, DataLength: 3},
		&SCSIResponse{Sequence: seq, Response: 1, Status: 2, ITT: 3, ExpDataSN: 4, Residual: Residual{Over: true, Count: 5}, DataLength: 20},
		&TaskResponse{Sequence: seq, Response: 5, ITT: 6},
		&LoginResponse{Sequence: seq, Transit: true, Current: 1, Next: 3, ISID: ISID{1}, TSIH: 2, ITT: 3, Status: LoginAuthFailed, DataLength: 4},
		&TextResponse{Sequence: seq, Final: true, LUN: lun, ITT: 1, TTT: 2, DataLength: 3},
		&DataIn{Sequence: seq, Final: true, HasStatus: true, Status: 8, LUN: lun, ITT: 1, TTT: 2, DataSN: 3, BufferOffset: 4, Residual: Residual{Under: true, Count: 5}, DataLength: 6},
		&LogoutResponse{Sequence: seq, Response: 2, ITT: 3},
		&R2T{Sequence: seq, LUN: lun, ITT: 1, TTT: 2, R2TSN: 3, BufferOffset: 4, Length: 5},
		&Reject{Sequence: seq, Reason: RejectProtocol, DataLength: 48},
	} {
		wire := p.Encode(nil)
		back := reflect.New(reflect.TypeOf(p).Elem()).Interface().(pdu)
		if err := back.Decode(wire); err != nil || !reflect.DeepEqual(p, back) {
			t.Errorf("%+v came back as %+v, %v", p, back, err)
		}
		if len(wire) != bhsLength {
			t.Errorf("%T has %d bytes", p, len(wire))
		}
		var bad *PDUError
		if err := back.Decode(wire[:47]); !errors.As(err, &bad) {
			t.Errorf("%T of 47 bytes: %v", p, err)
		}
		wire[0] ^= 0x3f
		if err := back.Decode(wire); !errors.As(err, &bad) {
			t.Errorf("%T with another opcode: %v", p, err)
		}
	}
}

func TestLUNsAddressUnits(t *testing.T) {
	for _, n := range []uint64{0, 1, 255, 256, 16383} {
		if got, ok := MakeLUN(n).Number(); !ok || got != n {
			t.Errorf("%d came back as %d, %t", n, got, ok)
		}
	}
	for _, l := range []LUN{{0x80}, {0, 0, 1}, {1, 0}, {0xc1}} {
		if n, ok := l.Number(); ok {
			t.Errorf("% x is unit %d", l[:], n)
		}
	}
}

func TestSerialNumbersWrap(t *testing.T) {
	for _, c := range []struct {
		a, b uint32
		want bool
	}{{1, 2, true}, {2, 1, false}, {1, 1, false}, {0xffffffff, 0, true}, {0, 0xffffffff, false}, {0x80000000, 0, false}} {
		if before(c.a, c.b) != c.want {
			t.Errorf("before(%#x, %#x) is not %t", c.a, c.b, c.want)
		}
	}
}

func TestBufferClassesHoldWhatTheyAreFor(t *testing.T) {
	for _, n := range []int{1, 512, 4096, 4097, 8192, 65536, 65537, 1 << 20, maxTaskBuffer} {
		b := getBuffer(n)
		if len(b.data) < n || int64(len(b.data)) != bufferSize(n) || (n > 4096 && len(b.data) >= 2*n) {
			t.Errorf("a buffer for %d bytes has %d", n, len(b.data))
		}
		putBuffer(b)
	}
}

// FuzzPDU decodes any header as every PDU; what was understood survives being
// encoded.
func FuzzPDU(f *testing.F) {
	for _, p := range allPDUs() {
		f.Add(p.Encode(nil))
	}
	f.Add(bytes.Repeat([]byte{0xff}, bhsLength))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range allPDUs() {
			if p.Decode(b) != nil {
				continue
			}
			again := reflect.New(reflect.TypeOf(p).Elem()).Interface().(pdu)
			if err := again.Decode(p.Encode(nil)); err != nil || !reflect.DeepEqual(p, again) {
				t.Errorf("%+v came back as %+v, %v", p, again, err)
			}
		}
	})
}
