//go:build !linux

package iscsi

import "net"

// nonBlocking has no way to write without waiting here: the writer goroutine
// sends everything.
type nonBlocking struct{}

func (*nonBlocking) open(net.Conn) {}

func (*nonBlocking) write(k *chunk, nc net.Conn, mayWait bool) (int, error) {
	if !mayWait {
		return 0, nil
	}
	return writeAndWait(k, nc)
}
