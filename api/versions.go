package api

import (
	"net/http"
	"strconv"
)

// versions is the discovery document, at / and at /v3/. It needs no token:
// clients ask before they have one.
func (a *API) versions(w http.ResponseWriter, r *http.Request, status int) {
	_, v, err := negotiate(r.Header)
	if err != nil {
		a.fault(w, r, v, err)
		return
	}
	v.setHeaders(w.Header())
	b := []byte(`{"versions": [{"id": "v3.0", "status": "CURRENT", "version": "3.`)
	b = strconv.AppendInt(b, int64(MaxMicroversion), 10)
	b = append(b, `", "min_version": "3.0", "updated": "2023-08-31T00:00:00Z", "links": `+
		`[{"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"}, {"rel": "self", "href": `...)
	b = appendString(b, a.versionBase(r)+"/v3/")
	b = append(b, `}], "media-types": [{"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}]}]}`...)
	writeJSON(w, status, b)
}
