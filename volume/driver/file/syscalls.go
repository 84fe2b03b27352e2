package file

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// refused says that the file system or kernel does not have a call.
func refused(err error) bool {
	return errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL)
}

// retryEINTR repeats a call that a signal broke off; the runtime sends itself
// signals to preempt goroutines.
func retryEINTR(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// punchHole gives the space of a range back. Partial blocks at its ends are
// zeroed by the kernel.
func punchHole(f *os.File, off, n int64) error {
	return fallocate(f, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, n)
}

// zeroRange zeroes a range and keeps blocks reserved for it.
func zeroRange(f *os.File, off, n int64) error {
	return fallocate(f, unix.FALLOC_FL_ZERO_RANGE|unix.FALLOC_FL_KEEP_SIZE, off, n)
}

func fallocate(f *os.File, mode uint32, off, n int64) error {
	return retryEINTR(func() error { return unix.Fallocate(int(f.Fd()), mode, off, n) })
}

var zeroes [1 << 20]byte

// writeZeroes is for file systems that can do neither.
func writeZeroes(f *os.File, off, n int64) error {
	for n > 0 {
		w, err := f.WriteAt(zeroes[:min(n, int64(len(zeroes)))], off)
		if err != nil {
			return err
		}
		off, n = off+int64(w), n-int64(w)
	}
	return nil
}
