package standalone

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// The commands that attach volumes, show limits and handle quotas ask a compute
// service too. There is none here, and so no server that could be told from another:
// a server is whatever UUID the user names, and there are no others.

const computePath = "/compute/v2.1"

// compute answers what clients of volumes ask of Nova.
func (s *server) compute(w http.ResponseWriter, r *http.Request, path string) {
	rest := strings.TrimPrefix(path, computePath)
	switch {
	case path == "/compute":
		get(w, r, http.StatusOK, object{"versions": []any{computeVersion(base(r))}})
	case rest == "":
		get(w, r, http.StatusOK, object{"version": computeVersion(base(r))})
	case !s.known(r.Header.Get("X-Auth-Token")):
		unauthorized(w)
	case rest == "/limits":
		get(w, r, http.StatusOK, object{"limits": object{"rate": []any{}, "absolute": object{}}})
	case rest == "/servers" || rest == "/servers/detail":
		get(w, r, http.StatusOK, object{"servers": []any{}})
	case strings.HasPrefix(rest, "/os-quota-sets/"):
		id, _, _ := strings.Cut(strings.TrimPrefix(rest, "/os-quota-sets/"), "/")
		get(w, r, http.StatusOK, object{"quota_set": object{"id": id}})
	case strings.HasPrefix(rest, "/os-quota-class-sets/"):
		get(w, r, http.StatusOK, object{"quota_class_set": object{"id": strings.TrimPrefix(rest, "/os-quota-class-sets/")}})
	case rest == "/os-availability-zone":
		get(w, r, http.StatusOK, object{"availabilityZoneInfo": []any{}})
	case rest == "/extensions":
		get(w, r, http.StatusOK, object{"extensions": []any{}})
	default:
		showServer(w, r, strings.TrimPrefix(rest, "/servers/"))
	}
}

func showServer(w http.ResponseWriter, r *http.Request, id string) {
	if uuid.Validate(id) != nil {
		answer(w, http.StatusNotFound, object{"itemNotFound": object{"code": http.StatusNotFound, "message": "Instance " + id + " could not be found."}})
		return
	}
	get(w, r, http.StatusOK, object{"server": object{"id": id, "name": id, "links": []any{}}})
}

func computeVersion(base string) object {
	return object{"id": "v2.1", "status": "CURRENT", "version": "2.1", "min_version": "2.1", "updated": "2013-07-23T11:33:21Z",
		"links": []any{object{"rel": "self", "href": base + computePath + "/"}}}
}
