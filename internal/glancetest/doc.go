// Package glancetest starts a real Glance for one test, over a Keystone of
// package keystonetest: its own PostgreSQL, image files and log in a temporary
// folder, on a free loopback port, in Keystone's catalogue as type image.
// Nothing of it outlives the test, not even when the test binary is killed.
package glancetest
