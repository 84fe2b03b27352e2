package api

import (
	"net/http"
	"strconv"
)

// Response is a success. The zero value is the route's status with no body.
type Response struct {
	Status int                   // 0: the route's
	Header http.Header           // beyond those of every answer
	Body   func(b []byte) []byte // appends the JSON; nil: no body
	ready  []byte                // the JSON, where it was written already, in a buffer from takeBuffer
}

// JSON is a response whose body append writes.
func JSON(body func(b []byte) []byte) Response { return Response{Body: body} }

// buffers keeps a few buffers of answers for the next ones. A sync.Pool would
// lose them at each collection, which large answers themselves bring about.
var buffers = make(chan []byte, 8)

// keepBuffer is the biggest buffer that is kept.
const keepBuffer = 2 << 20

func takeBuffer() []byte {
	select {
	case b := <-buffers:
		return b
	default:
		return make([]byte, 0, 16<<10)
	}
}

func giveBuffer(b []byte) {
	if cap(b) > keepBuffer {
		return
	}
	select {
	case buffers <- b[:0]:
	default:
	}
}

// write sends the response; status is the route's.
func (p Response) write(w http.ResponseWriter, v version, status int) {
	h := w.Header()
	for k, values := range p.Header {
		h[k] = values
	}
	v.setHeaders(h)
	if p.Status != 0 {
		status = p.Status
	}
	if p.Body == nil && p.ready == nil {
		if status != http.StatusNoContent {
			h.Set("Content-Type", "application/json")
			h.Set("Content-Length", "0")
		}
		w.WriteHeader(status)
		return
	}
	b := p.ready
	if b == nil {
		b = p.Body(takeBuffer())
	}
	writeJSON(w, status, b)
	giveBuffer(b)
}

func writeJSON(w http.ResponseWriter, status int, b []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client is gone: nobody to tell
}
