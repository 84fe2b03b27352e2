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

// mayBeProject refuses quotas of a project that Keystone does not have, as Nova
// does: upstream's Cinder takes any name, and nobody ever sees the mistake. Who
// may set quotas need not be one to whom Keystone tells of projects, and need not
// wait until it is there again.
func (a *API) mayBeProject(r *Request, id string) error {
	k, ok := a.Auth.(projectKeeper)
	if !ok || id == r.Identity.ProjectID {
		return nil
	}
	found, err := k.HasProject(r.Context(), r.Header.Get("X-Auth-Token"), id)
	if err != nil {
		a.Logger.WarnContext(r.Context(), "quotas are set for a project that Keystone is not sure of", "project", id, "request", r.ID(), "err", err)
		return nil
	}
	if !found {
		return badRequest("Project ID %s is not a valid project.", id)
	}
	return nil
}

// mustBeProject refuses a project that Keystone does not have. Without a
// Keystone every name may be one.
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
