// Package rabbittest starts a real RabbitMQ for one test: its own data, log
// and cookie in a temporary folder, its own port mapper, free loopback ports.
// Nothing of it outlives the test, not even when the test binary is killed.
package rabbittest
