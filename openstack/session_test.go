package openstack

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

// A Keystone that takes connections and answers nothing costs nobody more than
// the time that he has.
func TestNobodyWaitsForTheLoginOfAnother(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	s, err := NewSession(Login{Section: "nova", AuthURL: "http://" + ln.Addr().String() + "/v3", Username: "u", Password: "p", ProjectName: "service",
		Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if _, err := s.Client(ctx, Endpoint{Type: "compute"}); err == nil {
				t.Error("a login without an answer")
			}
		})
	}
	all.Wait()
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("they took %v", took)
	}
}
