package scsi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Status is the status byte of a command (SAM-5, 5.3).
type Status uint8

const (
	Good             Status = 0x00
	CheckCondition   Status = 0x02
	Busy             Status = 0x08
	TaskSetFull      Status = 0x28
	senseFixed              = 0x70
	senseLength             = 18
	senseInformation        = 0x80 // VALID
)

// Sense keys (SPC-4, table 48).
const (
	noSense        = 0x0
	notReady       = 0x2
	mediumError    = 0x3
	hardwareError  = 0x4
	illegalRequest = 0x5
	unitAttention  = 0x6
	dataProtect    = 0x7
	abortedCommand = 0xb
	miscompare     = 0xe
)

// Sense is why a command ended with CHECK CONDITION. It is an error.
type Sense struct {
	Key, ASC, ASCQ byte
	HasInfo        bool
	Info           uint32 // bytes or blocks, by command
}

func (s Sense) Error() string {
	return fmt.Sprintf("sense %x/%02x/%02x", s.Key, s.ASC, s.ASCQ)
}

// What commands say of themselves.
var (
	senseNone                = Sense{Key: noSense}
	senseBecomingReady       = Sense{Key: notReady, ASC: 0x04, ASCQ: 0x00} // LOGICAL UNIT NOT READY, CAUSE NOT REPORTABLE
	senseWriteError          = Sense{Key: mediumError, ASC: 0x0c, ASCQ: 0x00}
	senseReadError           = Sense{Key: mediumError, ASC: 0x11, ASCQ: 0x00}
	senseInternalFailure     = Sense{Key: hardwareError, ASC: 0x44, ASCQ: 0x00}
	senseParameterListLength = Sense{Key: illegalRequest, ASC: 0x1a, ASCQ: 0x00}
	senseInvalidOpcode       = Sense{Key: illegalRequest, ASC: 0x20, ASCQ: 0x00}
	senseLBAOutOfRange       = Sense{Key: illegalRequest, ASC: 0x21, ASCQ: 0x00}
	senseInvalidFieldInCDB   = Sense{Key: illegalRequest, ASC: 0x24, ASCQ: 0x00}
	senseNoSuchLUN           = Sense{Key: illegalRequest, ASC: 0x25, ASCQ: 0x00}
	senseInvalidParameter    = Sense{Key: illegalRequest, ASC: 0x26, ASCQ: 0x00}
	senseSavingNotSupported  = Sense{Key: illegalRequest, ASC: 0x39, ASCQ: 0x00}
	senseInvalidInformation  = Sense{Key: illegalRequest, ASC: 0x0e, ASCQ: 0x03} // INVALID FIELD IN COMMAND INFORMATION UNIT
	senseWriteProtected      = Sense{Key: dataProtect, ASC: 0x27, ASCQ: 0x00}
	senseSpaceAllocationFail = Sense{Key: dataProtect, ASC: 0x27, ASCQ: 0x07}
	senseCommandTimeout      = Sense{Key: abortedCommand, ASC: 0x2e, ASCQ: 0x02} // COMMAND TIMEOUT DURING PROCESSING
	senseMiscompare          = Sense{Key: miscompare, ASC: 0x1d, ASCQ: 0x00}
	sensePowerOn             = Sense{Key: unitAttention, ASC: 0x29, ASCQ: 0x00}
	senseReset               = Sense{Key: unitAttention, ASC: 0x29, ASCQ: 0x03}
	senseCleared             = Sense{Key: unitAttention, ASC: 0x2f, ASCQ: 0x00}
	senseCapacityChanged     = Sense{Key: unitAttention, ASC: 0x2a, ASCQ: 0x09}
)

// senseOf says to an initiator what went wrong in the device.
func senseOf(op Op, err error) Sense {
	var s Sense
	switch {
	case errors.As(err, &s):
		return s
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return senseSpaceAllocationFail
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return senseWriteProtected
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrClosed):
		return senseBecomingReady
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return senseCommandTimeout
	case errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENOTCONN):
		return senseInternalFailure
	case op == Read:
		return senseReadError
	}
	return senseWriteError
}

// AppendFixed appends the 18 bytes of fixed format sense data (SPC-4, 4.5.3).
func (s Sense) AppendFixed(dst []byte) []byte {
	b := [senseLength]byte{0: senseFixed, 2: s.Key, 7: senseLength - 8, 12: s.ASC, 13: s.ASCQ}
	if s.HasInfo {
		b[0] |= senseInformation
		b[3], b[4], b[5], b[6] = byte(s.Info>>24), byte(s.Info>>16), byte(s.Info>>8), byte(s.Info)
	}
	return append(dst, b[:]...)
}
