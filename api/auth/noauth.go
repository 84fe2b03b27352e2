package auth

import (
	"net/http"
	"strings"
)

// NoAuth is Cinder's auth_strategy noauth: the token is the text
// "user:project" and whoever sends it is an administrator. It proves nothing,
// so it may only listen where everybody is trusted: loopback, or behind
// something that authenticates.
type NoAuth struct{}

// Authenticate answers a request without a token by 204 and the token that
// would do, as Cinder does.
func (NoAuth) Authenticate(w http.ResponseWriter, r *http.Request) *Identity {
	token := r.Header.Get("X-Auth-Token")
	if token == "" {
		offerToken(w, r)
		return nil
	}
	user, project, _ := strings.Cut(token, ":")
	if project == "" {
		project = user
	}
	return &Identity{UserID: user, ProjectID: project, Roles: []string{"admin"}, IsAdmin: true,
		IsService: r.Header.Get("X-Service-Token") != ""}
}

func offerToken(w http.ResponseWriter, r *http.Request) {
	or := func(name string) string {
		if v := r.Header.Get(name); v != "" {
			return v
		}
		return "admin"
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	h := w.Header()
	h.Set("X-Auth-Token", or("X-Auth-User")+":"+or("X-Auth-Project-Id"))
	h.Set("X-Server-Management-Url", strings.TrimRight(scheme+"://"+r.Host+r.URL.RequestURI(), "/"))
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	w.WriteHeader(http.StatusNoContent)
}
