package barbican

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// line is the way to Barbican, which can be bad.
type line struct {
	URL string

	barbican http.Handler

	mu    sync.Mutex
	fault http.HandlerFunc // nil: Barbican answers
}

func newLine(t *testing.T, barbican string) *line {
	t.Helper()
	to, err := url.Parse(barbican)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{barbican: httputil.NewSingleHostReverseProxy(to)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		fault := l.fault
		l.mu.Unlock()
		if fault == nil {
			fault = l.barbican.ServeHTTP
		}
		fault(w, r)
	}))
	t.Cleanup(s.Close)
	l.URL = s.URL
	return l
}

// set makes the line bad until the function that it returns is called.
func (l *line) set(fault http.HandlerFunc) (mend func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = fault
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.fault = nil
	}
}

// half does what is asked and loses the answer when something was made.
func (l *line) half(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		l.barbican.ServeHTTP(w, r)
		return
	}
	l.barbican.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// The faults.
var faults = map[string]http.HandlerFunc{
	"away": func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
	"slow": func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() },
	"null": func(w http.ResponseWriter, r *http.Request) { garbage(w, r, "null") },
	"text": func(w http.ResponseWriter, r *http.Request) { garbage(w, r, "<html>Welcome</html>") },
	"lies": func(w http.ResponseWriter, r *http.Request) {
		garbage(w, r, `{"order_ref": "x", "secret_ref": "http://x/../", "status": "ACTIVE"}`)
	},
	"broken": func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no database", http.StatusInternalServerError)
	},
	"locked": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who are you?", http.StatusUnauthorized) },
}

// garbage has the status that the caller hopes for; a delete fails, or it would have worked.
func garbage(w http.ResponseWriter, r *http.Request, body string) {
	status := map[string]int{http.MethodPost: http.StatusAccepted, http.MethodGet: http.StatusOK, http.MethodDelete: http.StatusTeapot}[r.Method]
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
