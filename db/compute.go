package db

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// ComputeEvent is what the compute service is told of a volume that servers have.
type ComputeEvent string

// The events, by the names that Nova has for them.
const (
	ComputeExtended ComputeEvent = "volume-extended"
	ComputeReimaged ComputeEvent = "volume-reimaged"
)

// TellArgs of compute.tell.
type TellArgs struct {
	Event   ComputeEvent `json:"event"`
	Volume  string       `json:"volume"`
	Servers []string     `json:"servers"`
}

// Tell reads the arguments of compute.tell.
func (j *Job) Tell() (TellArgs, error) {
	var args TellArgs
	if err := json.Unmarshal(j.Args, &args); err != nil {
		return args, fmt.Errorf("job arguments: %w", err)
	}
	return args, nil
}

// tellCompute adds the job that tells the compute service what j has done to a
// volume, if servers have it. It stands in a line of its own: the volume's next
// jobs do not wait for a compute service that is away.
func (t *txn) tellCompute(ctx context.Context, j *Job, e ComputeEvent, volume string) error {
	if !t.store.opts.Compute {
		return nil
	}
	servers, err := t.serversOf(ctx, volume)
	if err != nil {
		return fmt.Errorf("servers of %s: %w", volume, err)
	}
	if len(servers) == 0 {
		return nil
	}
	_, err = t.addJob(ctx, Actor{ProjectID: j.ProjectID, UserID: j.UserID, RequestID: j.RequestID},
		newJob{kind: JobComputeTell, queue: j.Queue, volume: uuid.NewString(), args: TellArgs{Event: e, Volume: volume, Servers: servers}})
	return err
}

// Told ends a compute.tell.
func (s *Store) Told(ctx context.Context, j *Job) error {
	return s.end(ctx, j, "", func(*txn) error { return nil })
}

// computeMessages are what users read of events that the compute service does not take.
var computeMessages = map[ComputeEvent]struct {
	action Action
	detail Detail
}{
	ComputeExtended: {ActionExtend, DetailComputeExtend},
	ComputeReimaged: {ActionReimage, DetailReimageFailed},
}

// NotTold ends a compute.tell that has failed for good: the volume is what it
// is, and its user learns that his servers do not know.
func (s *Store) NotTold(ctx context.Context, j *Job, reason string) error {
	args, err := j.Tell()
	if err != nil {
		return err
	}
	m := computeMessages[args.Event]
	return s.end(ctx, j, reason, func(t *txn) error { return t.tell(ctx, j, ResourceVolume, args.Volume, m.action, m.detail) })
}
