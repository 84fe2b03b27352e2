// Package standalone lets ordinary OpenStack clients use a service that has no
// Keystone: an identity endpoint for one user of one project, the version
// document of an image endpoint and the little of a compute endpoint that the
// commands for volumes ask for, all on the service's own port.
//
// The token is the text "user:project" of noauth and proves nothing: whoever
// reaches the port is an administrator, with or without the password. It is
// for loopback only.
package standalone

import (
	"net/http"
	"strings"
)

// Config names the one user.
type Config struct {
	UserID      string // 32 hex digits, as all ids
	UserName    string
	Password    string
	ProjectID   string
	ProjectName string
	Region      string // "RegionOne" when empty
}

// maxBody bounds what is read of a login.
const maxBody = 64 << 10

type server struct {
	Config
	next http.Handler
}

// New serves /identity/, /image/ and /compute/, and leaves the rest to next.
func New(c Config, next http.Handler) http.Handler {
	if c.Region == "" {
		c.Region = "RegionOne"
	}
	return &server{Config: c, next: next}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case path == "/identity":
		get(w, r, http.StatusMultipleChoices, object{"versions": object{"values": []any{identityVersion(base(r))}}})
	case path == "/identity/v3":
		get(w, r, http.StatusOK, object{"version": identityVersion(base(r))})
	case path == "/identity/v3/auth/tokens":
		s.tokens(w, r)
	case path == "/identity/v3/auth/catalog":
		s.catalogOf(w, r)
	case strings.HasPrefix(path, "/identity/v3/"):
		s.resources(w, r, path)
	case path == "/image":
		get(w, r, http.StatusMultipleChoices, object{"versions": imageVersions(base(r))})
	case path == "/image/versions":
		get(w, r, http.StatusOK, object{"versions": imageVersions(base(r))})
	case path == "/compute" || path == computePath || strings.HasPrefix(path, computePath+"/"):
		s.compute(w, r, path)
	case strings.HasPrefix(path, "/identity/") || strings.HasPrefix(path, "/image/"):
		notFound(w)
	default:
		s.next.ServeHTTP(w, r)
	}
}

// base is where the caller reached us.
func base(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}
