package file

import (
	"context"
	"os"
	"slices"
	"sync"

	"github.com/clinker-io/clinker/volume/driver"
)

// chunkBytes is what a writer copies at most for each chunk it is first to
// touch while a copy runs.
const chunkBytes = 1 << 20

// pointCopy copies a file that is being written to, as it was when the copy was
// put into the gate. A chunk goes through
//
//	to do ──claim──► being copied ──finish──► done
//
// once, by whoever comes first: the copy itself, walking from the front, or a
// writer about to change the chunk. A chunk that is still to do has not been
// changed since the start, so whoever claims it copies the right bytes, and
// holes need no claim at all. Writers of different chunks do not meet.
//
// When the copy fails, by a full disk or a cancelled context, writers stop
// caring for it: their own writes never fail because of it.
type pointCopy struct {
	src, dst *os.File
	size     int64 // of the source when the copy began

	mu   sync.Mutex
	done []uint64                // a bit for each chunk
	busy map[int64]chan struct{} // chunks being copied; closed when done
	err  error                   // the first failure
}

// copyTo copies what n holds at one moment into f, holes kept, while writers
// go on. It returns n's size at that moment.
func (n *node) copyTo(ctx context.Context, f *os.File) (int64, error) {
	c := &pointCopy{src: n.f, dst: f, busy: map[int64]chan struct{}{}}
	n.gate.hold(func() {
		c.size = n.size.Load()
		c.done = make([]uint64, (c.size/chunkBytes+64)/64)
		n.gate.copies = append(slices.Clone(n.gate.copies), c)
	})
	driver.Moment(ctx)
	c.run(ctx)
	// Nobody is inside the gate, so no writer works on the copy any more.
	n.gate.hold(func() {
		n.gate.copies = slices.DeleteFunc(slices.Clone(n.gate.copies), func(x *pointCopy) bool { return x == c })
	})
	return c.size, c.failure()
}

// run walks over the data of the source. Chunks that writers are copying are
// left to them.
func (c *pointCopy) run(ctx context.Context) {
	for off := int64(0); off < c.size && c.failure() == nil; {
		if err := ctx.Err(); err != nil {
			c.fail(err)
			return
		}
		data, ok, err := seekData(c.src, off)
		if err != nil {
			c.fail(err)
			return
		}
		if !ok || data >= c.size {
			return
		}
		i := data / chunkBytes
		if mine, _ := c.claim(i); mine {
			c.copyChunk(i)
		}
		off = (i + 1) * chunkBytes
		driver.Progress(ctx, min(off, c.size), c.size)
		driver.Step(ctx, "chunk copied")
	}
}

// save makes sure that the chunks of a range are copied before they change.
func (c *pointCopy) save(off, n int64) {
	end := min(off+n, c.size)
	for i := off / chunkBytes; i*chunkBytes < end; i++ {
		mine, wait := c.claim(i)
		if mine {
			c.copyChunk(i)
		} else if wait != nil {
			<-wait
		}
	}
}

// claim gives a chunk that is to do to the caller; else wait is what to wait
// for, nil when there is nothing more to do.
func (c *pointCopy) claim(i int64) (mine bool, wait <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil || c.done[i/64]&(1<<(i%64)) != 0 {
		return false, nil
	}
	if busy, ok := c.busy[i]; ok {
		return false, busy
	}
	c.busy[i] = make(chan struct{})
	return true, nil
}

// copyChunk copies a claimed chunk and lets those go on who wait for it.
func (c *pointCopy) copyChunk(i int64) {
	err := copyData(c.dst, c.src, i*chunkBytes, min((i+1)*chunkBytes, c.size))
	if err != nil {
		c.fail(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done[i/64] |= 1 << (i % 64)
	close(c.busy[i])
	delete(c.busy, i)
}

func (c *pointCopy) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

func (c *pointCopy) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
