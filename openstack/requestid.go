package openstack

import (
	"context"
	"net/http"
)

type requestIDKey struct{}

// WithRequestID lets every service that is asked under ctx know the request
// that it is asked for: their logs can be joined with ours.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// passOn adds X-OpenStack-Request-ID to what goes to other services.
type passOn struct{ http.RoundTripper }

func (p passOn) RoundTrip(r *http.Request) (*http.Response, error) {
	if id, _ := r.Context().Value(requestIDKey{}).(string); id != "" {
		r = r.Clone(r.Context()) // a round tripper leaves the request as it is
		r.Header.Set("X-Openstack-Request-Id", id)
	}
	return p.RoundTripper.RoundTrip(r)
}

// CloseIdleConnections is for http.Client's.
func (p passOn) CloseIdleConnections() {
	if c, ok := p.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
