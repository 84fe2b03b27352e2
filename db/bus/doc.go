// Package bus carries wake-ups between the processes of one service. A wake-up
// says that a job waits in a queue and nothing more: the job itself is a row in
// PostgreSQL, and the claim loop finds it when every message is lost. So a bus
// may lose, repeat and reorder, but never blocks, grows without bound or hides
// that it lost something: everything it did is counted.
//
// A queue exists from the first time it is served. A wake-up for a queue that
// was never served is counted as Returned and lost. Several who serve one
// queue share its wake-ups.
//
// inprocess is the bus of a process that holds every role, amqp the one over
// RabbitMQ; bustest says what both must do.
package bus
