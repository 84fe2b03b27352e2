// Package novatest starts a real Nova for one test, over a Keystone of package
// keystonetest and a broker of package rabbittest: API, scheduler, conductor and
// one compute host with the fake hypervisor, with placement, their own
// PostgreSQL and logs in a temporary folder, on free loopback ports. Nova knows
// no other service but those and the volume service of Keystone's catalogue; in
// the place of Neutron and Glance stands a list of nothing, which is all that a
// server without ports asks for that boots from a volume. Nothing of it outlives
// the test, not even when the test binary is killed.
package novatest
