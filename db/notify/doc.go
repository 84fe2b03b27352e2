// Package notify sends the notifications that transactions have left in the
// database, in oslo.messaging's formats: at least once, those of one resource
// in their order. Any number of processes may send; none of them must live.
package notify
