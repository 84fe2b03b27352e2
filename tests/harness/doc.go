// Package harness starts the service as users do and talks to it as they do:
// the built binary, its HTTP API, its iSCSI portal. The black-box suites use
// it; it imports nothing of ours, so that what it proves holds for anyone.
//
// Start gives a Service, Service.Client an API client bound to a test, and a
// Connection (what an attachment tells an initiator) runs qemu-io and qemu-img.
//
// Environment: CLINKER_BIN names a built binary, CLINKER_RACE=1 builds one with
// the race detector.
package harness
