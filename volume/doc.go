// Package volume is the engine of one backend: it claims the jobs of its
// host@backend, does them on the driver in steps that may be done twice, and
// exports volumes over iSCSI to the connectors of their attachments.
//
// It shares with the API the database alone, and knows no HTTP. Start reading
// at worker.go; then one file per operation.
package volume
