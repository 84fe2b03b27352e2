package api

import "net/http"

func resourceFilterRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/resource_filters", Since: 33, Status: 200, Handle: (*API).listResourceFilters},
	}
}

// listResourceFilters says what users may filter by; an unknown resource has no
// line.
func (a *API) listResourceFilters(r *Request) (Response, error) {
	asked, _ := r.Query().get("resource")
	return JSON(func(b []byte) []byte {
		b = append(b, `{"resource_filters": [`...)
		first := true
		for _, resource := range sortedKeys(a.ResourceFilters) {
			if asked != "" && asked != resource {
				continue
			}
			if !first {
				b = append(b, ", "...)
			}
			first = false
			b = appendString(append(b, `{"resource": `...), resource)
			b = appendStrings(append(b, `, "filters": `...), a.ResourceFilters[resource])
			b = append(b, '}')
		}
		return append(b, "]}"...)
	}), nil
}

func appendStrings(b []byte, words []string) []byte {
	b = append(b, '[')
	for i, w := range words {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendString(b, w)
	}
	return append(b, ']')
}
