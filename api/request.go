package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/api/policy"
	"github.com/clinker-io/clinker/db"
)

// Request is a call whose token, version, body and policy were checked.
type Request struct {
	*http.Request
	Identity     *auth.Identity
	Microversion Microversion
	// Body is the checked body, with only what its schema names.
	Body json.RawMessage

	api     *API
	project string // the one in the path, if any
	creds   policy.Credentials
	rules   *policy.Enforcer // the same for all of the request
	args    query
	parsed  bool
	links   links // of the collection that the answer shows
}

// Param is a part of the path by its name in the pattern.
func (r *Request) Param(name string) string { return chi.URLParam(r.Request, name) }

// Decode reads the checked body into v.
func (r *Request) Decode(v any) error {
	if err := json.Unmarshal(r.Body, v); err != nil {
		return &db.Error{Kind: db.Invalid, Msg: "Malformed request body", Err: fmt.Errorf("schema lets through what %T does not take: %w", v, err)}
	}
	return nil
}

// Query is the arguments of the URL.
func (r *Request) Query() query {
	if !r.parsed {
		r.args, r.parsed = parseQuery(r.URL.RawQuery), true
	}
	return r.args
}

// ID is the request's own id.
func (r *Request) ID() string { return requestID(r.Context()) }

// Actor is the caller as jobs and rows keep him.
func (r *Request) Actor() db.Actor {
	return db.Actor{ProjectID: r.Identity.ProjectID, UserID: r.Identity.UserID, RequestID: r.ID(), GlobalRequestID: globalRequestID(r.Context())}
}

// IsAdmin reports whether the caller is an administrator of the cloud.
func (r *Request) IsAdmin() bool { return r.creds.IsAdmin }

func (r *Request) credentials() {
	id := r.Identity
	r.rules = r.api.Policy.Current()
	r.creds = policy.Credentials{UserID: id.UserID, ProjectID: id.ProjectID, DomainID: id.DomainID, SystemScope: id.SystemScope,
		Roles: id.Roles, IsAdmin: id.IsAdmin, IsAdminProject: !id.OutsideAdminProject}
	if !id.IsAdmin {
		r.creds.IsAdmin = r.rules.Allowed("context_is_admin", &r.creds, nil)
	}
	r.Request = r.WithContext(db.WithActor(r.Context(), r.Actor()))
}

// Allowed asks a rule about something of a project.
func (r *Request) Allowed(rule, project string) bool {
	return r.allowedOn(rule, project, r.Identity.UserID)
}

// allowedOn asks a rule about something of a project that a user made.
func (r *Request) allowedOn(rule, project, user string) bool {
	return r.rules.Allowed(rule, &r.creds, policy.Target{"project_id": project, "user_id": user})
}

// Authorize is Allowed with Cinder's refusal as an error.
func (r *Request) Authorize(rule, project string) error {
	return r.authorizeOn(rule, project, r.Identity.UserID)
}

// authorizeOn is allowedOn with Cinder's refusal as an error.
func (r *Request) authorizeOn(rule, project, user string) error {
	if r.allowedOn(rule, project, user) {
		return nil
	}
	return db.Errorf(db.Forbidden, "Policy doesn't allow %s to be performed.", rule)
}
