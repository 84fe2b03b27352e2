package api

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// param is one argument of a query, in the order of the URL.
type param struct{ key, value string }

// query is the arguments of a request. Where a key comes twice, the last counts.
type query []param

// parseQuery reads a query as Python's WSGI tools do: a bad escape stays as it
// is instead of losing the argument.
func parseQuery(raw string) query {
	var q query
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		q = append(q, param{unescape(key), unescape(value)})
	}
	return q
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	s = strings.ReplaceAll(s, "+", " ")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if plain, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(plain)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// get returns the last value of key.
func (q query) get(key string) (string, bool) {
	for i := len(q) - 1; i >= 0; i-- {
		if q[i].key == key {
			return q[i].value, true
		}
	}
	return "", false
}

// undecodable reports text that is not UTF-8, or that no column can hold.
func undecodable(s string) bool { return !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 }

func undecodableQuery(raw string) bool {
	for _, p := range parseQuery(raw) {
		if undecodable(p.key) || undecodable(p.value) {
			return true
		}
	}
	return false
}
