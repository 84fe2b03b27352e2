// Package barbicantest starts a real Barbican for one test, over the test's
// Keystone: its own PostgreSQL, key and log in a temporary folder, on a free
// loopback port. Secrets are kept by its plugin simple_crypto. Nothing of it
// outlives the test, not even when the test binary is killed.
package barbicantest
