package scheduler

import (
	"slices"
	"strings"
)

// wanted is one extra spec that a pool's report must satisfy.
type wanted struct {
	path []string
	spec spec
}

// capabilitiesFilter: every extra spec without a scope, or in the scope
// capabilities, matches what the pool reports. Other scopes are not for us.
func capabilitiesFilter(r *Request) func(*Pool) bool {
	var all []wanted
	for key, text := range r.ExtraSpecs {
		path, ours := capabilityPath(key)
		switch {
		case !ours:
		case slices.Contains(r.NullSpecs, key):
			all = append(all, wanted{path, spec{null: true}})
		default:
			all = append(all, wanted{path, parseSpec(text)})
		}
	}
	return func(p *Pool) bool {
		if r.ExtendAttached && !p.OnlineExtend {
			return false
		}
		for _, w := range all {
			if !w.spec.match(capability(p.Stats, w.path)) {
				return false
			}
		}
		return true
	}
}

// capabilityPath splits a:b:c, nested keys. A first part other than
// capabilities is somebody else's scope.
func capabilityPath(key string) (path []string, ours bool) {
	path = strings.Split(key, ":")
	if path[0] == "capabilities" {
		return path[1:], true
	}
	return path, len(path) == 1
}

// capability is what the report says under a path; nil when it says nothing.
func capability(stats map[string]any, path []string) any {
	var v any = stats
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	if name, ok := v.(string); ok && len(path) == 1 && path[0] == "storage_protocol" {
		return protocolSpellings(name)
	}
	return v
}
