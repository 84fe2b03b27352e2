package db

import (
	"errors"
	"fmt"
)

// Kind says what went wrong in words that every edge can map: the API to a
// status, a worker to retry or give up.
type Kind int

// The closed set of kinds.
const (
	Invalid     Kind = iota + 1 // the request or the state of its object does not allow it
	Forbidden                   // the caller may not
	NotFound                    // no such object, or not the caller's
	Conflict                    // another object or caller holds what is asked for
	OverLimit                   // a quota would be exceeded
	TooLarge                    // the request itself is too big
	Unavailable                 // a peer did not answer in time
)

// Error carries a message fit for the user and the cause fit for the log.
type Error struct {
	Kind Kind
	Msg  string
	Err  error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Msg + ": " + e.Err.Error()
	}
	return e.Msg
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error without a cause.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

// IsKind reports whether err is, or wraps, an Error of that kind.
func IsKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// ErrLeaseLost means that a job ran out of its lease and may be running
// elsewhere: whatever this worker still wants to write is refused.
var ErrLeaseLost = errors.New("the job's lease is lost")
