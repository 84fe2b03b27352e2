//go:build nova

// Package nova uses the service as a real Nova and its users do: real Keystone,
// RabbitMQ, nova-api, scheduler, conductor and compute with the fake hypervisor,
// driven by the real openstack client. make nova runs it.
package nova
