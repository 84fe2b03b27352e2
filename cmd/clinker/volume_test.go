package main

import (
	"net"
	"testing"
)

func TestConnectorsAreToldAnAddressThatTheyCanReach(t *testing.T) {
	for _, c := range []struct{ listens, told string }{
		{"127.0.0.1:3260", "127.0.0.1:3260"},
		{"0.0.0.0:3260", "192.0.2.1:3260"},
		{"[::]:3260", "192.0.2.1:3260"},
		{"[2001:db8::1]:3260", "[2001:db8::1]:3260"},
	} {
		addr, err := net.ResolveTCPAddr("tcp", c.listens)
		if err != nil {
			t.Fatal(err)
		}
		if got := reachable(addr, "192.0.2.1"); got != c.told {
			t.Errorf("%s: told %s, want %s", c.listens, got, c.told)
		}
	}
}
