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
