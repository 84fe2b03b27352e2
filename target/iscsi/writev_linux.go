package iscsi

import (
	"net"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nonBlocking writes vectors to a socket without waiting for it.
type nonBlocking struct {
	raw     syscall.RawConn // nil: not a socket
	try     func(fd uintptr) bool
	vectors []unix.Iovec
	written int
	errno   syscall.Errno
}

func (w *nonBlocking) open(nc net.Conn) {
	if sc, ok := nc.(syscall.Conn); ok {
		w.raw, _ = sc.SyscallConn() // without it the writer sends everything
	}
	w.vectors = make([]unix.Iovec, 0, sendVectors)
	w.try = w.writev // made once: a method value allocates
}

// writev always says that it is done, so that RawConn does not wait.
func (w *nonBlocking) writev(fd uintptr) bool {
	for {
		n, _, errno := unix.Syscall(unix.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&w.vectors[0])), uintptr(len(w.vectors)))
		if errno == unix.EINTR {
			continue
		}
		w.written, w.errno = int(n), errno
		return true
	}
}

// write sends what it can of k. Only with mayWait it waits for the socket.
func (w *nonBlocking) write(k *chunk, nc net.Conn, mayWait bool) (int, error) {
	if mayWait {
		return writeAndWait(k, nc)
	}
	if w.raw == nil {
		return 0, nil
	}
	w.vectors = w.vectors[:0]
	for _, b := range k.left {
		v := unix.Iovec{Base: &b[0]}
		v.SetLen(len(b))
		w.vectors = append(w.vectors, v)
	}
	err := w.raw.Write(w.try)
	runtime.KeepAlive(k)
	clear(w.vectors)
	switch {
	case err != nil:
		return 0, err
	case w.errno == unix.EAGAIN:
		return 0, nil
	case w.errno != 0:
		return 0, w.errno
	}
	k.advance(w.written)
	return w.written, nil
}
