package api

import (
	"net/http"
	"net/url"
	"strings"
)

// base is scheme, host and path prefix of links, without a slash at the end.
func (a *API) base(r *http.Request) string {
	if a.PublicEndpoint != "" {
		return strings.TrimRight(a.PublicEndpoint, "/")
	}
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if a.TrustProxyHeaders {
		if p := r.Header.Get("X-Forwarded-Proto"); p == "http" || p == "https" {
			scheme = p
		}
		if h := r.Header.Get("X-Forwarded-Host"); h != "" {
			host = strings.TrimSpace(h[strings.LastIndexByte(h, ',')+1:])
		}
	}
	return scheme + "://" + host
}

// versionBase is base for the version document, whose public endpoint may
// already name the version.
func (a *API) versionBase(r *http.Request) string {
	b := a.base(r)
	if a.PublicEndpoint != "" {
		b = strings.TrimRight(strings.TrimSuffix(b, "/v3"), "/")
	}
	return b
}

// scope is the project part of links: there when the request's path had it.
func (r *Request) scope() string {
	if r.project == "" {
		return ""
	}
	return "/" + r.project
}

// appendLinks appends the two links of an object. Its id needs no escape.
func appendLinks(b []byte, r *Request, collection, id string) []byte {
	base, rest := r.api.base(r.Request), r.scope()+"/"+collection+"/"+id
	b = append(b, `[{"rel": "self", "href": `...)
	b = appendString(b, base+"/v3"+rest)
	b = append(b, `}, {"rel": "bookmark", "href": `...)
	b = appendString(b, base+rest)
	return append(b, "}]"...)
}

// nextLink is the page after the item with this id: all arguments again, but
// the marker in place of marker and offset.
func (r *Request) nextLink(collection, id string) string {
	var b strings.Builder
	b.WriteString(r.api.base(r.Request) + "/v3" + r.scope() + "/" + collection + "?")
	for _, p := range r.Query() {
		if p.key != "marker" && p.key != "offset" {
			b.WriteString(url.QueryEscape(p.key) + "=" + url.QueryEscape(p.value) + "&")
		}
	}
	b.WriteString("marker=" + url.QueryEscape(id))
	return b.String()
}
