package iscsi

import (
	"math/bits"
	"sync"

	"github.com/clinker-io/clinker/target/scsi"
)

// maxTaskBuffer is the largest data buffer of a task.
const maxTaskBuffer = scsi.MaxTransfer

const (
	smallestBuffer = 4 << 10
	bufferClasses  = 12 // 4 KiB to 8 MiB
)

// buffer is a data buffer of a task. Its class says which pool it goes back to.
type buffer struct {
	data  []byte // whole
	class int
}

// bufferPools hold buffers by powers of two. What connections may take out of
// them is bounded by Limits.Memory.
var bufferPools [bufferClasses]sync.Pool

func classOf(n int) int {
	if n <= smallestBuffer {
		return 0
	}
	return bits.Len(uint(n-1)) - bits.Len(uint(smallestBuffer-1))
}

// bufferSize is what a buffer of n bytes really takes.
func bufferSize(n int) int64 { return smallestBuffer << classOf(n) }

func getBuffer(n int) *buffer {
	class := classOf(n)
	if b, ok := bufferPools[class].Get().(*buffer); ok {
		return b
	}
	return &buffer{data: make([]byte, smallestBuffer<<class), class: class}
}

func putBuffer(b *buffer) { bufferPools[b.class].Put(b) }
