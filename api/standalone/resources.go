package standalone

import (
	"net/http"
	"strings"
)

// resources answers what commands that take the name of a project or of a user
// ask of Keystone: there is one of each, in one domain.
func (s *server) resources(w http.ResponseWriter, r *http.Request, path string) {
	if !s.known(r.Header.Get("X-Auth-Token")) {
		unauthorized(w)
		return
	}
	self := base(r) + path
	domain := object{"id": "default", "name": "Default", "description": "", "enabled": true, "links": object{"self": base(r) + "/identity/v3/domains/default"}}
	project := object{"id": s.ProjectID, "name": s.ProjectName, "description": "", "domain_id": "default", "parent_id": "default", "enabled": true,
		"is_domain": false, "tags": []string{}, "options": object{}, "links": object{"self": base(r) + "/identity/v3/projects/" + s.ProjectID}}
	user := object{"id": s.UserID, "name": s.UserName, "domain_id": "default", "enabled": true, "password_expires_at": nil, "options": object{},
		"links": object{"self": base(r) + "/identity/v3/users/" + s.UserID}}
	kind, id, one := strings.Cut(strings.TrimPrefix(path, "/identity/v3/"), "/")
	v := map[string]object{"domains": domain, "projects": project, "users": user}[kind]
	switch {
	case v == nil:
		notFound(w)
	case !one:
		list := []any{}
		if matches(r, v) {
			list = append(list, v)
		}
		get(w, r, http.StatusOK, object{kind: list, "links": object{"self": self, "next": nil, "previous": nil}})
	case v["id"] == id:
		get(w, r, http.StatusOK, object{strings.TrimSuffix(kind, "s"): v})
	default:
		notFound(w)
	}
}

// matches applies the filters that have a value in what is listed.
func matches(r *http.Request, v object) bool {
	query := r.URL.Query()
	for _, key := range []string{"name", "domain_id"} {
		if want := query.Get(key); query.Has(key) && v[key] != nil && v[key] != want {
			return false
		}
	}
	return true
}

func notFound(w http.ResponseWriter) {
	refuse(w, http.StatusNotFound, "Not Found", "The resource could not be found.")
}
