package api

import (
	"context"
	"errors"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/db"
)

// projectKeeper is an authenticator that knows which projects there are.
type projectKeeper interface {
	HasProject(ctx context.Context, token, id string) (bool, error)
}

// mustBeProject refuses a project that Keystone does not have. Without a
// Keystone every name may be one. Quotas are set for whatever name is given, as
// upstream does.
func (a *API) mustBeProject(r *Request, id string) error {
	k, ok := a.Auth.(projectKeeper)
	if !ok {
		return nil
	}
	found, err := k.HasProject(r.Context(), r.Header.Get("X-Auth-Token"), id)
	if errors.Is(err, auth.ErrNotAllowed) {
		return &db.Error{Kind: db.Forbidden, Msg: "You are not authorized to perform this operation.", Err: err}
	}
	if err != nil {
		return &db.Error{Kind: db.Unavailable, Msg: "The Keystone service is temporarily unavailable.", Err: err}
	}
	if !found {
		return db.Errorf(db.NotFound, "Project with id %s not found.", id)
	}
	return nil
}
