package standalone

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

func identityVersion(base string) object {
	return object{"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links":       []any{object{"rel": "self", "href": base + "/identity/v3/"}},
		"media-types": []any{object{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}}}
}

func imageVersions(base string) []any {
	return []any{object{"id": "v2.9", "status": "CURRENT", "links": []any{object{"rel": "self", "href": base + "/image/v2/"}}}}
}

func (s *server) tokens(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		s.logIn(w, r)
	case http.MethodGet, http.MethodHead:
		if !s.known(r.Header.Get("X-Auth-Token")) {
			unauthorized(w)
			return
		}
		if !s.known(r.Header.Get("X-Subject-Token")) {
			refuse(w, http.StatusNotFound, "Not Found", "Could not find token.")
			return
		}
		s.token(w, r, http.StatusOK, "password")
	case http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	default:
		notAllowed(w, "DELETE, GET, HEAD, POST")
	}
}

// login is what POST /auth/tokens may hold; other methods than these are
// answered as a wrong password is.
type login struct {
	Auth struct {
		Identity struct {
			Methods  []string `json:"methods"`
			Password struct {
				User struct {
					ID       string `json:"id"`
					Name     string `json:"name"`
					Password string `json:"password"`
				} `json:"user"`
			} `json:"password"`
			Token struct {
				ID string `json:"id"`
			} `json:"token"`
		} `json:"identity"`
		Scope json.RawMessage `json:"scope"`
	} `json:"auth"`
}

func (s *server) logIn(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var l login
	if err != nil || json.Unmarshal(raw, &l) != nil || len(l.Auth.Identity.Methods) == 0 {
		refuse(w, http.StatusBadRequest, "Bad Request", "The request body is not a login.")
		return
	}
	for _, method := range l.Auth.Identity.Methods {
		if !s.proves(method, &l) {
			unauthorized(w)
			return
		}
	}
	if !s.inScope(l.Auth.Scope) {
		unauthorized(w)
		return
	}
	s.token(w, r, http.StatusCreated, l.Auth.Identity.Methods[0])
}

func (s *server) proves(method string, l *login) bool {
	switch method {
	case "password":
		u := l.Auth.Identity.Password.User
		named := same(u.ID, s.UserID)
		if u.ID == "" {
			named = same(u.Name, s.UserName)
		}
		return same(u.Password, s.Password) && named
	case "token":
		return s.known(l.Auth.Identity.Token.ID)
	}
	return false
}

// inScope: the one project, or none named, which is that project too.
func (s *server) inScope(raw json.RawMessage) bool {
	var scope struct {
		Project *struct{ ID, Name string } `json:"project"`
		System  json.RawMessage            `json:"system"`
		Domain  json.RawMessage            `json:"domain"`
	}
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `"unscoped"` {
		return true
	}
	if json.Unmarshal(raw, &scope) != nil || scope.System != nil || scope.Domain != nil {
		return false
	}
	p := scope.Project
	return p == nil || p.ID == s.ProjectID || (p.ID == "" && p.Name == s.ProjectName)
}

// same takes the same time for all texts.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// known reports whether a token is of the one user and project.
func (s *server) known(token string) bool {
	user, project, _ := strings.Cut(token, ":")
	return same(user, s.UserID) && same(project, s.ProjectID)
}

func unauthorized(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Keystone uri="/identity"`)
	refuse(w, http.StatusUnauthorized, "Unauthorized", "The request you have made requires authentication.")
}

// tokenLife is long: the token never changes.
const tokenLife = 24 * time.Hour

func (s *server) token(w http.ResponseWriter, r *http.Request, status int, method string) {
	const layout = "2006-01-02T15:04:05.000000Z"
	now := time.Now().UTC()
	domain := object{"id": "default", "name": "Default"}
	w.Header().Set("X-Subject-Token", s.UserID+":"+s.ProjectID)
	w.Header().Set("Vary", "X-Auth-Token")
	answer(w, status, object{"token": object{
		"methods":    []string{method},
		"user":       object{"id": s.UserID, "name": s.UserName, "domain": domain, "password_expires_at": nil},
		"project":    object{"id": s.ProjectID, "name": s.ProjectName, "domain": domain},
		"is_domain":  false,
		"roles":      roles,
		"catalog":    s.catalog(base(r)),
		"audit_ids":  []string{"clinker"},
		"issued_at":  now.Format(layout),
		"expires_at": now.Add(tokenLife).Format(layout),
	}})
}

var roles = []any{
	object{"id": "00000000000000000000000000000001", "name": "admin"},
	object{"id": "00000000000000000000000000000002", "name": "member"},
	object{"id": "00000000000000000000000000000003", "name": "reader"},
}

func (s *server) catalogOf(w http.ResponseWriter, r *http.Request) {
	if !s.known(r.Header.Get("X-Auth-Token")) {
		unauthorized(w)
		return
	}
	get(w, r, http.StatusOK, object{"catalog": s.catalog(base(r)), "links": object{"self": base(r) + "/identity/v3/auth/catalog"}})
}

func (s *server) catalog(base string) []any {
	volume := base + "/v3/" + s.ProjectID
	return []any{
		s.service("1", "identity", "keystone", base+"/identity"),
		s.service("2", "volumev3", "cinderv3", volume),
		s.service("3", "block-storage", "cinder", volume),
		s.service("4", "image", "glance", base+"/image"),
		s.service("5", "compute", "nova", base+computePath),
	}
}

func (s *server) service(id, kind, name, url string) object {
	var endpoints []any
	for i, face := range []string{"public", "internal", "admin"} {
		endpoints = append(endpoints, object{"id": id + string(rune('a'+i)), "interface": face, "region": s.Region, "region_id": s.Region, "url": url})
	}
	return object{"id": id, "type": kind, "name": name, "endpoints": endpoints}
}
