package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/clinker-io/clinker/api/schema"
	"github.com/clinker-io/clinker/db"
)

// Fault is an answer that no db.Error has: its status, and a message that is
// fit for the client (empty: the generic one of the status).
type Fault struct {
	Status int
	Msg    string
}

func (f *Fault) Error() string { return fmt.Sprintf("%d %s", f.Status, f.message()) }

func (f *Fault) message() string {
	if f.Msg != "" {
		return f.Msg
	}
	return generic[f.Status]
}

// Answers that several places give.
var (
	errNotFound    = &Fault{Status: http.StatusNotFound}
	errMalformed   = &Fault{http.StatusBadRequest, "Malformed request body"}
	errUndecodable = &Fault{http.StatusBadRequest, "Error decoding your request. Either the URL or the request body contained " +
		"characters that could not be decoded by Cinder."}
)

// badRequest is a 400 with this message.
func badRequest(format string, args ...any) error { return db.Errorf(db.Invalid, format, args...) }

// faultKeys are the names that clients know faults by; others are computeFault.
var faultKeys = map[int]string{
	http.StatusBadRequest:            "badRequest",
	http.StatusUnauthorized:          "unauthorized",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "itemNotFound",
	http.StatusMethodNotAllowed:      "badMethod",
	http.StatusConflict:              "conflictingRequest",
	http.StatusRequestEntityTooLarge: "overLimit",
	http.StatusUnsupportedMediaType:  "badMediaType",
	http.StatusNotImplemented:        "notImplemented",
	http.StatusServiceUnavailable:    "serviceUnavailable",
}

// generic are the messages of faults that have none of their own.
var generic = map[int]string{
	http.StatusBadRequest:            "The server could not comply with the request since it is either malformed or otherwise incorrect.",
	http.StatusUnauthorized:          "This server could not verify that you are authorized to access the document you requested.",
	http.StatusForbidden:             "Access was denied to this resource.",
	http.StatusNotFound:              "The resource could not be found.",
	http.StatusRequestEntityTooLarge: "The body of your request was too large for this server.",
	http.StatusInternalServerError:   "The server has either erred or is incapable of performing the requested operation.",
	http.StatusBadGateway:            "Bad gateway.",
	http.StatusServiceUnavailable:    "The server is currently unavailable. Please try again at a later time.",
}

var statusOf = map[db.Kind]int{
	db.Invalid:     http.StatusBadRequest,
	db.Forbidden:   http.StatusForbidden,
	db.NotFound:    http.StatusNotFound,
	db.Conflict:    http.StatusConflict,
	db.OverLimit:   http.StatusRequestEntityTooLarge,
	db.TooLarge:    http.StatusRequestEntityTooLarge,
	db.Unavailable: http.StatusServiceUnavailable,
}

// answerTo is the one place that turns errors into status and message. What it
// does not know is a 500 whose cause stays in the log.
func answerTo(err error) (f *Fault, overLimit, known bool) {
	var (
		own     *Fault
		fromDB  *db.Error
		refused *schema.Error
	)
	switch {
	case errors.As(err, &own):
		return own, false, own.Status < http.StatusInternalServerError
	case errors.As(err, &fromDB) && statusOf[fromDB.Kind] != 0:
		return &Fault{statusOf[fromDB.Kind], fromDB.Msg}, fromDB.Kind == db.OverLimit, fromDB.Err == nil
	case errors.As(err, &refused):
		return &Fault{http.StatusBadRequest, refused.Msg}, false, true
	case errors.Is(err, context.DeadlineExceeded):
		return &Fault{Status: http.StatusServiceUnavailable}, false, false
	}
	return &Fault{Status: http.StatusInternalServerError}, false, false
}

// fault answers err and logs what the client is not told.
func (a *API) fault(w http.ResponseWriter, r *http.Request, v version, err error) {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		tooLarge(w)
		return
	}
	f, overLimit, known := answerTo(err)
	if !known && r.Context().Err() == nil {
		a.Logger.ErrorContext(r.Context(), "request failed", "request_id", requestID(r.Context()), "global_request_id", globalRequestID(r.Context()),
			"method", r.Method, "path", r.URL.Path, "status", f.Status, "error", err)
	}
	v.setHeaders(w.Header())
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Compute-Request-Id", requestID(r.Context()))
	if overLimit {
		h.Set("Retry-After", "0")
	}
	body := appendFault(nil, f, overLimit)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(f.Status)
	_, _ = w.Write(body) // the client is gone: nobody to tell
}

func appendFault(b []byte, f *Fault, overLimit bool) []byte {
	key, ok := faultKeys[f.Status]
	if !ok {
		key = "computeFault"
	}
	b = append(b, '{')
	b = appendString(b, key)
	b = append(b, `: {"code": `...)
	b = strconv.AppendInt(b, int64(f.Status), 10)
	b = append(b, `, "message": `...)
	b = appendString(b, f.message())
	if overLimit {
		b = append(b, `, "retryAfter": "0"`...)
	}
	return append(b, "}}"...)
}
