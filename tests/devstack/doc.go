// Package devstack runs the plugin of DevStack through its phases, in the order
// in which DevStack's scripts do, over a real Keystone, PostgreSQL and RabbitMQ:
// with small stand-ins for DevStack's helper functions, or, where DEVSTACK_DIR
// names a checkout, with DevStack's own (make devstack, in a scratch root).
package devstack
