package testproc

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Below the kernel's range for outgoing connections, so that no client takes
// a server's port while it is down between Kill and Restart.
const (
	firstPort = 15000
	lastPort  = 32000
)

// FreePorts returns n loopback ports that nobody listens on.
func FreePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range 1000 {
		p := firstPort + rand.IntN(lastPort-firstPort)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
		if err != nil {
			continue
		}
		defer l.Close() // held until all are chosen, so that they differ
		if ports = append(ports, p); len(ports) == n {
			return ports
		}
	}
	t.Fatal("no free loopback port found")
	return nil
}
