package iscsi

import "io"

// reader reads many small PDUs with one system call, and large data straight
// to where they belong.
type reader struct {
	src        io.Reader
	buf        []byte
	start, end int
	before     func() // called before each read of src, which may block
}

func newReader(src io.Reader, before func()) *reader {
	return &reader{src: src, buf: make([]byte, readBuffer), before: before}
}

func (r *reader) buffered() int { return r.end - r.start }

// next gives the next n bytes, at most the size of the buffer, until the next call.
func (r *reader) next(n int) ([]byte, error) {
	if r.buffered() < n && len(r.buf)-r.start < n {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	for r.buffered() < n {
		if r.buffered() == 0 {
			r.start, r.end = 0, 0
		}
		r.before()
		m, err := r.src.Read(r.buf[r.end:])
		r.end += m
		if err != nil && r.buffered() < n {
			return nil, unexpected(err, r.buffered() > 0)
		}
	}
	b := r.buf[r.start : r.start+n]
	r.start += n
	return b, nil
}

// full fills dst.
func (r *reader) full(dst []byte) error {
	n := copy(dst, r.buf[r.start:r.end])
	r.start += n
	for dst = dst[n:]; len(dst) > 0; dst = dst[n:] {
		if len(dst) < len(r.buf)/2 { // what follows comes along
			b, err := r.next(len(dst))
			if err != nil {
				return unexpected(err, true)
			}
			copy(dst, b)
			return nil
		}
		var err error
		r.before()
		if n, err = r.src.Read(dst); err != nil && n < len(dst) {
			return unexpected(err, true)
		}
	}
	return nil
}

// each gives the next n bytes piece by piece.
func (r *reader) each(n int, use func([]byte)) error {
	for n > 0 {
		m := min(n, len(r.buf))
		b, err := r.next(m)
		if err != nil {
			return unexpected(err, true)
		}
		use(b)
		n -= m
	}
	return nil
}

func unexpected(err error, within bool) error {
	if err == io.EOF && within {
		return io.ErrUnexpectedEOF
	}
	return err
}
