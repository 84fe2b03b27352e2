package image

// behind writes one chunk while the next one is read: a download, its checksum
// and the storage then take as long as the slowest of them.
type behind struct {
	bufs [2][]byte
	next int
	work chan piece
	done chan error // of the piece under way
	busy bool
}

// piece is a chunk and where it goes.
type piece struct {
	b   []byte
	off int64
}

// newBehind starts the writer; end stops it.
func newBehind(s *sink, chunk int64) *behind {
	w := &behind{bufs: [2][]byte{make([]byte, chunk), make([]byte, chunk)}, work: make(chan piece), done: make(chan error, 1)}
	go func() {
		for p := range w.work {
			w.done <- s.write(p.b, p.off)
		}
	}()
	return w
}

// buffer is one that is not being written, for put.
func (w *behind) buffer(n int64) []byte {
	w.next ^= 1
	return w.bufs[w.next][:n]
}

// put hands a buffer over once the one before is written.
func (w *behind) put(b []byte, off int64) error {
	if err := w.wait(); err != nil {
		return err
	}
	w.work <- piece{b, off}
	w.busy = true
	return nil
}

// wait returns when nothing is being written.
func (w *behind) wait() error {
	if !w.busy {
		return nil
	}
	w.busy = false
	return <-w.done
}

// end waits and stops the writer.
func (w *behind) end() error {
	err := w.wait()
	close(w.work)
	return err
}
