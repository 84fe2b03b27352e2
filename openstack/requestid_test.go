package openstack

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOthersAreToldTheRequestID(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("X-OpenStack-Request-ID") }))
	defer s.Close()
	c := http.Client{Transport: passOn{http.DefaultTransport}}
	for _, want := range []string{"", "req-3a0c2f6e-91d1-4e35-a0d0-5a4a0f6a1f5c"} {
		r, err := http.NewRequestWithContext(WithRequestID(t.Context(), want), http.MethodGet, s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if id := <-got; id != want || len(r.Header) != 0 {
			t.Errorf("the other service got %q, not %q; the request has %v", id, want, r.Header)
		}
	}
}
