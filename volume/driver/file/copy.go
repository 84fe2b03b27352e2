package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// copyBuffers serve where the kernel cannot copy between two files by itself.
var copyBuffers = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// copyData copies the data between off and end to the same place in dst and
// leaves holes holes.
func copyData(dst, src *os.File, off, end int64) error {
	for off < end {
		start, ok, err := seekData(src, off)
		if err != nil {
			return err
		}
		if !ok || start >= end {
			return nil
		}
		stop, err := seekHole(src, start)
		if err != nil {
			return err
		}
		if stop = min(stop, end); stop <= start {
			return nil // the file became shorter under us
		}
		if err := copyExtent(dst, src, start, stop); err != nil {
			return err
		}
		off = stop
	}
	return nil
}

// copyExtent copies a range without holes, in the kernel where it can.
func copyExtent(dst, src *os.File, off, end int64) error {
	for off < end {
		n, err := copyInKernel(dst, src, off, end-off)
		switch {
		case refused(err) || errors.Is(err, unix.EXDEV) || errors.Is(err, unix.EPERM):
			return copyThroughBuffer(dst, src, off, end)
		case err != nil:
			return fmt.Errorf("copy at %d: %w", off, err)
		case n == 0:
			// The file ends here, or this is one of the kernels whose
			// copy_file_range gives up so; reading tells which.
			return copyThroughBuffer(dst, src, off, end)
		}
		off += n
	}
	return nil
}

func copyInKernel(dst, src *os.File, off, n int64) (copied int64, err error) {
	err = retryEINTR(func() error {
		from, to := off, off
		c, err := unix.CopyFileRange(int(src.Fd()), &from, int(dst.Fd()), &to, int(min(n, 1<<30)), 0)
		copied = int64(c)
		return err
	})
	return copied, err
}

func copyThroughBuffer(dst, src *os.File, off, end int64) error {
	buf := copyBuffers.Get().(*[256 << 10]byte)
	defer copyBuffers.Put(buf)
	for off < end {
		n, err := src.ReadAt(buf[:min(end-off, int64(len(buf)))], off)
		if n > 0 {
			if _, err := dst.WriteAt(buf[:n], off); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil // the rest of the range is a hole past the end
		}
		if err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}

// seekData finds the first data at or after off; ok is false when there is
// none. Only results of lseek are used, never the file's own offset, so it may
// run beside anything else.
func seekData(f *os.File, off int64) (data int64, ok bool, err error) {
	data, err = unix.Seek(int(f.Fd()), off, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		return 0, false, nil
	case refused(err):
		return off, true, nil // all is data where the file system cannot tell
	case err != nil:
		return 0, false, fmt.Errorf("find data at %d: %w", off, err)
	}
	return data, true, nil
}

// seekHole finds the end of the data that off is in.
func seekHole(f *os.File, off int64) (int64, error) {
	hole, err := unix.Seek(int(f.Fd()), off, unix.SEEK_HOLE)
	switch {
	case errors.Is(err, unix.ENXIO):
		return off, nil
	case refused(err):
		info, err := f.Stat()
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	case err != nil:
		return 0, fmt.Errorf("find hole at %d: %w", off, err)
	}
	return hole, nil
}
