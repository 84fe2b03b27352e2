package volume

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/openstack"
	"github.com/clinker-io/clinker/openstack/nova"
)

// Compute is the compute service, asked as our own user.
type Compute interface {
	// Tell sends an event about a volume to servers; a second time is no harm.
	Tell(ctx context.Context, log *slog.Logger, requestID string, e nova.Event, volume string, servers []string) error
	// SwapVolume asks for a server to change one volume for another.
	SwapVolume(ctx context.Context, requestID, server, from, to string) error
}

// errLater says that a job was put back on purpose, and is no news.
var errLater = errors.New("put back for later")

// maxTells is how often the compute service is told of something: about five
// minutes, should it be away.
const maxTells = 10

// tell tells the compute service what became of a volume.
func (w *Worker) tell(ctx context.Context, j *db.Job) error {
	args, err := j.Tell()
	if err != nil {
		return err
	}
	if w.Compute == nil {
		return w.Store.Told(ctx, j)
	}
	log := w.Log.With("event", args.Event, "volume", args.Volume, "request", j.RequestID)
	err = w.Compute.Tell(ctx, log, j.RequestID, nova.Event(args.Event), args.Volume, args.Servers)
	switch {
	case err == nil:
		return w.Store.Told(ctx, j)
	case ctx.Err() != nil:
		return err
	case refusedByCompute(err) || j.Attempts >= maxTells:
		log.Error("the compute service is not told", "servers", args.Servers, "attempt", j.Attempts, "err", err)
		return w.Store.NotTold(ctx, j, "The compute service could not be told.")
	}
	log.Warn("the compute service is told later", "attempt", j.Attempts, "err", err)
	return w.later(ctx, j, min(time.Second<<j.Attempts, time.Minute))
}

// refusedByCompute reports whether asking again would bring the same answer.
func refusedByCompute(err error) bool {
	return errors.Is(err, nova.ErrRefused) || errors.Is(err, nova.ErrNotFound) || errors.Is(err, openstack.ErrNoEndpoint)
}

// later puts a job back.
func (w *Worker) later(ctx context.Context, j *db.Job, delay time.Duration) error {
	if err := w.Store.Retry(ctx, j, delay); err != nil {
		return err
	}
	return errLater
}
