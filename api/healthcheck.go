package api

import "net/http"

// healthcheck answers load balancers as oslo's middleware does.
func (a *API) healthcheck(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	status, reason := http.StatusOK, "OK"
	if a.Healthcheck != nil {
		if err := a.Healthcheck(r.Context()); err != nil {
			a.Logger.WarnContext(r.Context(), "healthcheck", "error", err)
			status, reason = http.StatusServiceUnavailable, "UNAVAILABLE"
		}
	}
	switch {
	case r.Method == http.MethodHead && status == http.StatusOK:
		w.WriteHeader(http.StatusNoContent)
	case accepted(r) == "application/json":
		writeJSON(w, status, append(appendString([]byte(`{"detailed": false, "reasons": [`), reason), "]}"...))
	default:
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(reason))
	}
}
