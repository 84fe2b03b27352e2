package glance

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// Kinds of errors, found with errors.Is.
var (
	ErrNotFound     = errors.New("image not found")
	ErrUnauthorized = errors.New("not authorised for the image")
	ErrAbsent       = errors.New("the cloud has no image service")
	ErrUnavailable  = errors.New("image service unavailable")
	ErrBroken       = errors.New("the data of the image broke off")
	ErrOverLimit    = errors.New("image quota exceeded")
	ErrConflict     = errors.New("the image is in another state")
	ErrRefused      = errors.New("the image service refuses")
)

// Error is what became of a call.
type Error struct {
	Kind   error
	Status int    // of the answer, 0 without one
	Msg    string // what Glance says, short and without markup
	Err    error
}

func (e *Error) Error() string {
	if e.Msg == "" {
		return e.Kind.Error()
	}
	return fmt.Sprintf("%v: %s", e.Kind, e.Msg)
}

// Is makes the kind findable.
func (e *Error) Is(target error) bool { return target == e.Kind }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

var kinds = map[int]error{
	http.StatusNotFound: ErrNotFound, http.StatusUnauthorized: ErrUnauthorized, http.StatusForbidden: ErrUnauthorized,
	http.StatusConflict: ErrConflict, http.StatusGone: ErrConflict, http.StatusNoContent: ErrConflict,
	http.StatusRequestEntityTooLarge: ErrOverLimit, http.StatusInsufficientStorage: ErrOverLimit,
}

// failure gives an error of gophercloud its kind.
func failure(err error) error {
	var answer gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &answer) {
		return &Error{Kind: ErrUnavailable, Msg: err.Error(), Err: err}
	}
	kind := kinds[answer.Actual]
	switch {
	case kind != nil:
	case answer.Actual >= 500:
		kind = ErrUnavailable
	default:
		kind = ErrRefused
	}
	return &Error{Kind: kind, Status: answer.Actual, Msg: said(answer), Err: nil}
}

var markup = regexp.MustCompile(`<[^>]*>`)

// said is the sentence in an answer: Glance answers faults with a small page.
func said(answer gophercloud.ErrUnexpectedResponseCode) string {
	body := answer.Body[:min(len(answer.Body), 4<<10)]
	if i := strings.Index(string(body), "<body>"); i >= 0 {
		body = body[i:]
	}
	text := strings.Join(strings.Fields(markup.ReplaceAllString(string(body), " ")), " ")
	if len(text) > 300 {
		text = text[:300]
	}
	return fmt.Sprintf("HTTP %d %s: %s", answer.Actual, http.StatusText(answer.Actual), text)
}
