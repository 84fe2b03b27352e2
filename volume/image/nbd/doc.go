// Package nbd lets one child process at the other end of a socket read or write
// a block device: a server of the Network Block Device protocol
// (https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md) for one
// connection and one export, as much as qemu speaks. Requests are served one
// after the other, with one buffer.
package nbd
