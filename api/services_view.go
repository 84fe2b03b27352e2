package api

import (
	"slices"

	"github.com/clinker-io/clinker/db"
)

func isVolumeService(s *db.ServiceState) bool { return s.Binary == db.BinaryVolume }

var serviceFields = []Field[db.ServiceState]{
	{"binary", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendString(b, s.Binary) }},
	{"host", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendString(b, s.Host) }},
	{"zone", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendString(b, s.AvailabilityZone) }},
	{"status", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte {
		return appendString(b, word(s.Disabled, "disabled", "enabled"))
	}},
	{"state", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte {
		return appendString(b, word(s.Up, "up", "down"))
	}},
	{"updated_at", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendTime(b, s.HeartbeatAt) }},
	{"disabled_reason", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendStringOrNull(b, s.DisabledReason) }},
	{"cluster", 7, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendStringOrNull(b, s.ClusterName) }},
}

// volumeServiceFields are those that only volume services have.
var volumeServiceFields = slices.Concat(serviceFields, []Field[db.ServiceState]{
	{"replication_status", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendString(b, s.ReplicationStatus) }},
	{"active_backend_id", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendStringOrNull(b, s.ActiveBackendID) }},
	{"frozen", 0, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte { return appendBool(b, s.Frozen) }},
	{"backend_state", 49, anyone, func(b []byte, _ *Request, s *db.ServiceState) []byte {
		return appendString(b, word(s.BackendUp, "up", "down"))
	}},
})

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}
