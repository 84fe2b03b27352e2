// Package notifications reads what the service tells of volumes with
// oslo.messaging, as meters and auditors do, from a real RabbitMQ.
package notifications
