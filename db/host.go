package db

import "strings"

// BackendOf cuts host@backend#pool down to host@backend.
func BackendOf(host string) string {
	b, _, _ := strings.Cut(host, "#")
	return b
}

// PoolOf returns the pool of host@backend#pool, "" when there is none.
func PoolOf(host string) string {
	_, p, _ := strings.Cut(host, "#")
	return p
}

// MatchesHost reports whether wanted means host: a pool, a backend with its
// pools, or a node with its backends. Names of clusters are matched alike.
func MatchesHost(host, wanted string) bool {
	switch {
	case host == wanted:
		return true
	case strings.Contains(wanted, "#"):
		return false
	case strings.Contains(wanted, "@"):
		return strings.HasPrefix(host, wanted+"#")
	}
	return strings.HasPrefix(host, wanted+"@")
}
