package driver

import "io"

// Device is an open volume or snapshot. All methods may be called at the same
// time; overlapping writes are ordered by their caller.
//
// ReadAt of a range that passes the end gives what is inside and io.EOF; a
// write, discard or write of zeroes that passes the end is ErrOutOfRange and
// changes nothing. A device opened ReadOnly answers changes with ErrReadOnly,
// a closed one everything with os.ErrClosed. A full pool is an error for which
// errors.Is(err, syscall.ENOSPC) holds.
type Device interface {
	io.ReaderAt
	io.WriterAt

	// Flush returns when every write acknowledged before the call is on stable
	// storage. Once it has failed, what the caller wrote may be gone, so every
	// later Flush fails too until the volume is closed everywhere and opened anew.
	Flush() error

	// Discard gives the space of a range back; it reads as zeroes afterwards.
	Discard(off, n int64) error

	// Size is the present size in bytes; Extend changes it under an open device.
	Size() int64

	// Close waits for calls under way. It does not flush. A second call is a
	// no-op.
	Close() error
}

// NoWaitReader is a power of a Device that can tell what is at hand.
type NoWaitReader interface {
	// ReadAtNoWait reads what needs no waiting for a disk or a network. With
	// fewer than len(p) bytes at hand it returns those and an error for which
	// errors.Is(err, syscall.EAGAIN) holds; ReadAt then gets the rest.
	ReadAtNoWait(p []byte, off int64) (int, error)
}

// ZeroWriter is a power of a Device that zeroes a range without moving data.
type ZeroWriter interface {
	WriteZeroes(off, n int64) error
}

// HoleFinder is a power of a Device that knows where it holds nothing.
type HoleFinder interface {
	// Extent says whether the n bytes from off on are a hole, which reads as
	// zeroes; off is within the device. What is no hole may be zeroes too.
	Extent(off int64) (n int64, hole bool, err error)
}
