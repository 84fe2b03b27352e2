// Package auth turns a request's token into an identity. Its two ways are
// noauth (here) and Keystone, behind one interface.
package auth

import (
	"context"
	"net/http"
)

// Identity is who asks, and in which scope.
type Identity struct {
	UserID      string
	ProjectID   string // empty when the token is not of a project
	DomainID    string
	SystemScope string // "all" for a system token
	Roles       []string
	// OutsideAdminProject says that Keystone has an administrators' project
	// and that this is another one.
	OutsideAdminProject bool
	// IsAdmin is set by an authenticator that makes administrators by itself;
	// otherwise the policy rule context_is_admin decides.
	IsAdmin bool
	// ServiceRoles are those of a valid X-Service-Token.
	ServiceRoles []string
	// IsService says that X-Service-Token proves a service that the
	// configuration trusts (service_token_roles).
	IsService bool
}

// Authenticator checks the token of a request.
type Authenticator interface {
	// Authenticate returns the identity, or answers the request itself and
	// returns nil. It must not read the body.
	Authenticate(w http.ResponseWriter, r *http.Request) *Identity
}

type contextKey struct{}

// With returns a context that carries the identity.
func With(ctx context.Context, id *Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, id)
}

// From returns the identity that With put there, or nil.
func From(ctx context.Context) *Identity {
	id, _ := ctx.Value(contextKey{}).(*Identity)
	return id
}
