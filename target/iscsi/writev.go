package iscsi

import "net"

// writeAndWait sends everything that is left.
func writeAndWait(k *chunk, nc net.Conn) (int, error) {
	buffers := net.Buffers(k.left)
	n, err := buffers.WriteTo(nc) // consumes its own slice header and the vectors
	if err == nil {
		k.left = nil
	}
	return int(n), err
}

// advance drops n bytes that were sent.
func (k *chunk) advance(n int) {
	for n > 0 {
		if n < len(k.left[0]) {
			k.left[0] = k.left[0][n:]
			return
		}
		n -= len(k.left[0])
		k.left = k.left[1:]
	}
}
