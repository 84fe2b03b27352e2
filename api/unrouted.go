package api

import (
	"net/http"
	"strings"
)

// notRouted answers a path or verb that no route matches: the router's own
// 404, which is not a fault and has no version.
func notRouted(w http.ResponseWriter, r *http.Request) {
	const text = "The resource could not be found.<br /><br />\n\n\n"
	h := w.Header()
	var body []byte
	switch accepted(r) {
	case "application/json":
		h.Set("Content-Type", "application/json")
		body = append(appendString([]byte(`{"message": `), text), `, "code": "404 Not Found", "title": "Not Found"}`...)
	case "text/html":
		h.Set("Content-Type", "text/html; charset=UTF-8")
		body = []byte("<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  " + text + "\n </body>\n</html>")
	default:
		h.Set("Content-Type", "text/plain; charset=UTF-8")
		body = []byte("404 Not Found\n\nThe resource could not be found.\n\n\n\n\n")
	}
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// accepted is what the Accept header asks for first, of HTML and JSON.
func accepted(r *http.Request) string {
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		media, _, _ := strings.Cut(part, ";")
		switch strings.TrimSpace(media) {
		case "application/json", "application/*":
			return "application/json"
		case "text/html", "text/*", "*/*":
			return "text/html"
		}
	}
	return ""
}

// tooLarge is the answer of Cinder's size filter, which stands before the
// faults: plain text.
func tooLarge(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.WriteHeader(http.StatusRequestEntityTooLarge)
	_, _ = w.Write([]byte("413 Request Entity Too Large\n\nRequest is too large.\n\n\n\n\n"))
}
