package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// filter prepares one check for one request; the check says whether a pool may
// be taken. Neither changes anything.
type filter func(r *Request) func(p *Pool) bool

// filters are the values that the option scheduler_default_filters may list.
var filters = map[string]filter{
	"AvailabilityZoneFilter":     availabilityZoneFilter,
	"CapacityFilter":             capacityFilter,
	"CapabilitiesFilter":         capabilitiesFilter,
	"DifferentBackendFilter":     differentBackendFilter,
	"SameBackendFilter":          sameBackendFilter,
	"DriverFilter":               driverFilter,
	"InstanceLocalityFilter":     instanceLocalityFilter,
	"JsonFilter":                 jsonFilter,
	"RetryFilter":                retryFilter,
	"IgnoreAttemptedHostsFilter": retryFilter, // its class in Cinder
}

var defaultFilters = []string{"AvailabilityZoneFilter", "CapacityFilter", "CapabilitiesFilter"}

func find[T any](option, name string, have map[string]T) (T, error) {
	if v, ok := have[name]; ok {
		return v, nil
	}
	var none T
	allowed := strings.Join(slices.Sorted(maps.Keys(have)), ", ")
	return none, fmt.Errorf("option %s: unknown %q; allowed are %s", option, name, allowed)
}
