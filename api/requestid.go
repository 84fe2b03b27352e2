package api

import (
	"context"
	"net/http"
	"regexp"

	"github.com/google/uuid"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack"
)

type requestIDKey struct{}

type ids struct{ own, global string }

var validRequestID = regexp.MustCompile(`^req-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// requestIDs gives every request an id of its own and keeps the one that the
// caller sent for logs and jobs. Only the own one is answered.
func requestIDs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := ids{own: "req-" + uuid.NewString()}
		if g := r.Header.Get("X-OpenStack-Request-ID"); validRequestID.MatchString(g) {
			id.global = g
		}
		w.Header().Set("X-Openstack-Request-Id", id.own)
		ctx := context.WithValue(r.Context(), requestIDKey{}, id)
		ctx = openstack.WithRequestID(ctx, db.Actor{RequestID: id.own, GlobalRequestID: id.global}.PassOn())
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(ids)
	return id.own
}

func globalRequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(ids)
	return id.global
}
