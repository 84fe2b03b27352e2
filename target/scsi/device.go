package scsi

import "errors"

// Op is what an [IO] does.
type Op uint8

// Discard gives the space of a range back; Discard and WriteZeroes both leave
// a range that reads as zeroes.
const (
	Read Op = iota + 1
	Write
	Flush
	Discard
	WriteZeroes
	Extent // asks how far from Off the medium is like at Off: the answer is in Len and Hole
)

func (o Op) String() string {
	switch o {
	case Read:
		return "read"
	case Write:
		return "write"
	case Flush:
		return "flush"
	case Discard:
		return "discard"
	case WriteZeroes:
		return "write zeroes"
	case Extent:
		return "extent"
	}
	return "unknown"
}

// ErrQueueFull is the IO.Err of a Device that has no room in its queue. The
// initiator sees TASK SET FULL and sends the command again later.
var ErrQueueFull = errors.New("the queue of the device is full")

// Device is the storage behind a logical unit. It serves what is at hand in
// place and takes the rest as submissions that complete later. All methods may
// be called at the same time.
type Device interface {
	// Size is the present size in bytes. It may grow.
	Size() int64

	// Try serves the IO in place, sets its Err and returns true, if that
	// cannot block. Otherwise it returns false and has changed nothing but
	// Buf: the IO is to be submitted.
	Try(*IO) bool

	// Submit queues IOs and does not wait for them. Each is completed once,
	// from any goroutine, also from within Submit. The slice belongs to the
	// caller again when Submit returns.
	Submit([]*IO)
}

// Completer hears of the end of an IO.
type Completer interface {
	CompleteIO(*IO)
}

// IO is one request to a Device. Its memory belongs to the device from Submit
// until its completion.
type IO struct {
	Op  Op
	FUA bool // Write: done when durable. Read: what was written before is durable first

	Off int64  // bytes from the start of the device
	Len int64  // bytes; 0 for Flush
	Buf []byte // Read, Write: Len bytes

	Hole bool // Extent: nothing is stored there; a device that cannot tell leaves Len and Hole as they are

	Err   error     // how it ended
	Owner Completer // hears of the end of a submitted IO
}

// Complete ends a submitted IO. The device must not touch it afterwards.
func (io *IO) Complete(err error) {
	io.Err = err
	io.Owner.CompleteIO(io)
}

// Batch collects IOs of tasks that were run one after the other, so that a
// device gets them in one Submit. Its zero value is ready; it is used by one
// goroutine.
type Batch struct {
	dev Device
	ios []*IO
}

const maxBatch = 64 // IOs in one Submit

func (b *Batch) add(dev Device, io *IO) {
	if len(b.ios) > 0 && (b.dev != dev || len(b.ios) == maxBatch) {
		b.Submit()
	}
	b.dev = dev
	b.ios = append(b.ios, io)
}

// Submit hands the collected IOs to their device.
func (b *Batch) Submit() {
	if len(b.ios) == 0 {
		return
	}
	b.dev.Submit(b.ios)
	clear(b.ios)
	b.ios = b.ios[:0]
	b.dev = nil
}
