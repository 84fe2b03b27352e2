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

// links are what stands round the id in the links of one collection's objects.
type links struct {
	collection             string
	self, bookmark, finish []byte
}

func (r *Request) linksOf(collection string) *links {
	if r.links.collection == collection {
		return &r.links
	}
	base, rest := r.api.base(r.Request), r.scope()+"/"+collection+"/"
	open := func(b, url string) []byte {
		quoted := appendString([]byte(b), url)
		return quoted[:len(quoted)-1] // the id follows
	}
	r.links = links{collection, open(`[{"rel": "self", "href": `, base+"/v3"+rest),
		open(`"}, {"rel": "bookmark", "href": `, base+rest), []byte(`"}]`)}
	return &r.links
}

// appendLinks appends the two links of an object. Its id needs no escape.
func appendLinks(b []byte, r *Request, collection, id string) []byte {
	l := r.linksOf(collection)
	b = append(append(b, l.self...), id...)
	b = append(append(b, l.bookmark...), id...)
	return append(b, l.finish...)
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
