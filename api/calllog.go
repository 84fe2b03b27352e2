package api

import (
	"log/slog"
	"net/http"
	"time"
)

// logCall writes the line of a call that got to its route. Calls that only
// read are many: theirs is at level debug.
func (a *API) logCall(r *Request, status int, started time.Time) {
	level := slog.LevelInfo
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		level = slog.LevelDebug
	}
	if !a.Logger.Enabled(r.Context(), level) {
		return
	}
	a.Logger.With(r.Actor().LogIDs()...).Log(r.Context(), level, r.Method+" "+r.URL.Path, "status", status, "microversion", r.Microversion.String(),
		"took", time.Since(started))
}
