package api

import (
	"fmt"
	"net/http"
	"runtime/debug"
)

// recoverer turns a panic into the generic 500, with the stack in the log.
func (a *API) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				a.Logger.ErrorContext(r.Context(), "panic", "request_id", requestID(r.Context()), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				a.fault(w, r, noVersion, &Fault{Status: http.StatusInternalServerError})
			}
		}()
		next.ServeHTTP(w, r)
	})
}
