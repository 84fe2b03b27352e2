// Package keystonetest starts a real Keystone for one test: its own
// PostgreSQL, keys and log in a temporary folder, on a free loopback port. Nothing of it
// outlives the test, not even when the test binary is killed.
package keystonetest
