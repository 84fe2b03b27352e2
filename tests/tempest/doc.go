// Command tempest runs OpenStack's own tests of block storage against the
// service, in a cloud that it starts for them on loopback: PostgreSQL, RabbitMQ,
// Keystone, Glance, Nova with placement, and the service as operators run it, an
// API, a scheduler and two volume workers with different backends. It prints
// what passed, failed and was skipped, and ends non-zero when a test failed or
// was skipped for a reason that skips.txt does not name. Nothing stays behind.
package main
