package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
)

// Response is a success. The zero value is the route's status with no body.
type Response struct {
	Status int                   // 0: the route's
	Header http.Header           // beyond those of every answer
	Body   func(b []byte) []byte // appends the JSON; nil: no body
	HTML   bool                  // Body is said to be HTML
}

// JSON is a response whose body append writes.
func JSON(body func(b []byte) []byte) Response { return Response{Body: body} }

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

// keepBuffer is the biggest buffer that goes back to the pool.
const keepBuffer = 4 << 20

// bareText is a response of the value alone, text without its quotes, which
// upstream calls HTML; null is empty.
func bareText(value []byte) (Response, error) {
	var text *string
	switch err := json.Unmarshal(value, &text); {
	case err != nil: // a number
		return Response{HTML: true, Body: func(b []byte) []byte { return append(b, value...) }}, nil
	case text == nil:
		return Response{}, nil
	}
	return Response{HTML: true, Body: func(b []byte) []byte { return append(b, *text...) }}, nil
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
	if p.Body == nil {
		if status != http.StatusNoContent {
			h.Set("Content-Type", "application/json")
			h.Set("Content-Length", "0")
		}
		w.WriteHeader(status)
		return
	}
	buf := buffers.Get().(*[]byte)
	b := p.Body((*buf)[:0])
	writeBody(w, status, p.contentType(), b)
	if cap(b) <= keepBuffer {
		*buf = b
		buffers.Put(buf)
	}
}

func (p Response) contentType() string {
	if p.HTML {
		return "text/html; charset=UTF-8"
	}
	return "application/json"
}

func writeJSON(w http.ResponseWriter, status int, b []byte) {
	writeBody(w, status, "application/json", b)
}

func writeBody(w http.ResponseWriter, status int, contentType string, b []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client is gone: nobody to tell
}
