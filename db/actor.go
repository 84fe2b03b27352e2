package db

import "context"

// Actor is on whose behalf something is done; it travels with the job.
type Actor struct {
	ProjectID       string
	UserID          string
	RequestID       string
	GlobalRequestID string // the one that the caller of the API gave; "": none
}

type actorKey struct{}

// WithActor lets what is done under ctx be told of in the name of a.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf is who acts under ctx; the service itself has no ids.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

// Actor is on whose behalf the job is done.
func (j *Job) Actor() Actor {
	return Actor{ProjectID: j.ProjectID, UserID: j.UserID, RequestID: j.RequestID, GlobalRequestID: j.GlobalRequestID}
}

// PassOn is the request id that other services are told of what the actor
// wants: the one that came from outside, if any.
func (a Actor) PassOn() string {
	if a.GlobalRequestID != "" {
		return a.GlobalRequestID
	}
	return a.RequestID
}

// LogIDs are the attributes by which a logger knows the request of a job.
func (j *Job) LogIDs() []any { return j.Actor().LogIDs() }

// LogIDs are the attributes by which a logger knows the actor's request.
func (a Actor) LogIDs() []any {
	return []any{"request_id", a.RequestID, "global_request_id", a.GlobalRequestID, "user_id", a.UserID, "project_id", a.ProjectID}
}
