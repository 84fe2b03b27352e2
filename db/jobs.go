package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Kinds of jobs.
const (
	JobVolumeCreate   = "volume.create"
	JobVolumeDelete   = "volume.delete"
	JobVolumeExtend   = "volume.extend"
	JobVolumeRetype   = "volume.retype"
	JobVolumeMigrate  = "volume.migrate"
	JobVolumeDiscard  = "volume.discard"
	JobVolumeUpload   = "volume.upload"
	JobVolumeReimage  = "volume.reimage"
	JobSnapshotCreate = "snapshot.create"
	JobSnapshotDelete = "snapshot.delete"
	JobConnect        = "attachment.connect"
	JobDisconnect     = "attachment.disconnect"
	JobInitialize     = "connection.initialize"
	JobTerminate      = "connection.terminate"
	JobComputeTell    = "compute.tell"

	JobVolumeManage     = "volume.manage"
	JobVolumeUnmanage   = "volume.unmanage"
	JobVolumeRevert     = "volume.revert"
	JobSnapshotManage   = "snapshot.manage"
	JobSnapshotUnmanage = "snapshot.unmanage"
	JobListManageable   = "pool.manageable"

	JobGroupCreate         = "group.create"
	JobGroupClone          = "group.clone"
	JobGroupDelete         = "group.delete"
	JobGroupSnapshotCreate = "group_snapshot.create"
	JobGroupSnapshotDelete = "group_snapshot.delete"
)

// QueueScheduler is the queue of every scheduler.
const QueueScheduler = "scheduler"

// Lease is how long a claimed job is its worker's without a heartbeat.
const Lease = 30 * time.Second

// CreateArgs of volume.create.
type CreateArgs struct {
	Hints   json.RawMessage `json:"hints,omitempty"`   // scheduler hints as the user sent them
	Exclude []string        `json:"exclude,omitempty"` // pools that were tried
	Signed  *SignedImage    `json:"signed,omitempty"`  // how its image was signed when it was asked for
	AnyZone bool            `json:"anyZone,omitempty"` // the user and the type's default left the zone open
	ImageID string          `json:"image,omitempty"`   // what the volume is made from
	Rekey   *Rekey          `json:"rekey,omitempty"`   // of a clone that gets a key of its own
}

// DeleteArgs of volume.delete.
type DeleteArgs struct {
	Cascade bool `json:"cascade,omitempty"`
}

// ExtendArgs of volume.extend.
type ExtendArgs struct {
	SizeGiB int32 `json:"size"` // the size to reach
}

// ConnectArgs of attachment.connect.
type ConnectArgs struct {
	Connector json.RawMessage `json:"connector"`
}

// DisconnectArgs of attachment.disconnect.
type DisconnectArgs struct {
	Detach bool `json:"detach,omitempty"` // for os-detach, whose failure the attachment shows
}

// InitializeArgs of connection.initialize.
type InitializeArgs struct {
	Initiator string          `json:"initiator"` // as ConnectionOf knows it
	Connector json.RawMessage `json:"connector"`
}

// TerminateArgs of connection.terminate.
type TerminateArgs struct {
	Initiator string   `json:"initiator,omitempty"` // "": of all initiators
	Dropped   []string `json:"dropped,omitempty"`   // connections whose rows are gone already; then these alone
	Settle    bool     `json:"settle,omitempty"`    // for os-detach of a volume without an attachment
}

// GroupSnapshotArgs of group_snapshot.create and group_snapshot.delete.
type GroupSnapshotArgs struct {
	GroupSnapshotID string `json:"group_snapshot"`
}

// VolumeQueue names the queue of the worker that owns host (host@backend#pool
// or host@backend).
func VolumeQueue(host string) string { return "volume." + BackendOf(host) }

// newJob is the part of a job that its maker decides.
type newJob struct {
	kind, queue string
	volume      string  // whose jobs run one at a time; of a group's job, the group; of a call to a backend, an id of its own
	source      *string // the volume that must stay as it is while the job runs
	snapshot    *string
	attachment  *string
	members     []string // further volumes that the job works on at once
	args        any
	replyTo     string
}

// addJob writes the job into the transaction of the change that it continues.
func (t *txn) addJob(ctx context.Context, a Actor, j newJob) (string, error) {
	args, err := json.Marshal(j.args)
	if err != nil {
		return "", fmt.Errorf("job arguments: %w", err)
	}
	if j.args == nil {
		args = []byte("{}")
	}
	id := uuid.NewString()
	p := insertJobParams{ID: id, Kind: j.kind, Queue: j.queue, ProjectID: a.ProjectID, UserID: a.UserID,
		RequestID: a.RequestID, GlobalRequestID: a.GlobalRequestID, VolumeID: j.volume, SourceVolumeID: j.source, SnapshotID: j.snapshot,
		AttachmentID: j.attachment, Members: j.members, Args: args}
	if j.replyTo != "" {
		p.ReplyTo = &j.replyTo
	}
	if err := t.insertJob(ctx, p); err != nil {
		return "", fmt.Errorf("insert job %s: %w", j.kind, err)
	}
	t.wake(j.queue, id)
	return id, nil
}

// Claim takes the job of that id, or with id "" the oldest job of the queue
// that may run now, for owner. It returns nil when there is none.
func (s *Store) Claim(ctx context.Context, queue, id, owner string) (*Job, error) {
	p := claimJobParams{Owner: &owner, LeaseSeconds: Lease.Seconds(), Queue: queue}
	if id != "" {
		p.ID = &id
	}
	for {
		j, err := s.claimJob(ctx, p)
		switch {
		case err == nil:
			return &j, nil
		case none(err):
			return nil, nil
		case uniqueViolation(err, "jobs_one_running"):
			continue // another worker was quicker with a job of the same volume
		default:
			return nil, fmt.Errorf("claim a job of %s: %w", queue, err)
		}
	}
}

// Heartbeat extends the leases of all running jobs of owner and returns which
// they are: a job that is not among them is lost.
func (s *Store) Heartbeat(ctx context.Context, owner string) ([]string, error) {
	return s.renewLeases(ctx, renewLeasesParams{LeaseSeconds: Lease.Seconds(), Owner: &owner})
}

// Owner names a process that claims jobs: the host that it works as, and what
// tells it from its predecessors.
func Owner(host string) string { return host + "/" + uuid.NewString() }

// TakeOver ends the leases that predecessors of owner on that host hold. Only
// for a process that knows from HoldHost that none of them is alive.
func (s *Store) TakeOver(ctx context.Context, host, owner string) error {
	if err := s.releaseLeases(ctx, releaseLeasesParams{Host: host, Owner: owner}); err != nil {
		return fmt.Errorf("take over the jobs of %s: %w", host, err)
	}
	return nil
}

// end closes the job within t; f makes the changes that belong to its end.
func (s *Store) end(ctx context.Context, j *Job, failure string, f func(t *txn) error) error {
	return s.endWith(ctx, j, failure, nil, f)
}

// endWith is end with what the one who waits for the job gets from Wait.
func (s *Store) endWith(ctx context.Context, j *Job, failure string, result json.RawMessage, f func(t *txn) error) error {
	ctx = WithActor(ctx, j.Actor())
	return s.tx(ctx, func(t *txn) error {
		p := endJobParams{State: "done", Result: result, ID: j.ID, Owner: j.Owner, Attempts: j.Attempts}
		if failure != "" {
			p.State, p.Error = "failed", &failure
		}
		reply, err := t.endJob(ctx, p)
		if none(err) {
			return ErrLeaseLost
		}
		if err != nil {
			return fmt.Errorf("end job %s: %w", j.ID, err)
		}
		if err := f(t); err != nil {
			return err
		}
		return t.afterJob(ctx, j, reply)
	})
}

// afterJob tells who waits for the end of j: the API process that asked, and
// the queues whose next job j stood in the way of.
func (t *txn) afterJob(ctx context.Context, j *Job, reply *string) error {
	if reply != nil {
		t.wake(*reply, j.ID)
	}
	queues, err := t.closeJob(ctx, closeJobParams{ID: j.ID, Volumes: append(j.MemberVolumeIDs, j.VolumeID)})
	if err != nil {
		return fmt.Errorf("close job %s: %w", j.ID, err)
	}
	for _, q := range queues {
		t.wake(q, "")
	}
	return nil
}

// Pass hands a claimed job on to another queue, in one transaction with f.
func (s *Store) pass(ctx context.Context, j *Job, queue string, args json.RawMessage, f func(t *txn) error) error {
	ctx = WithActor(ctx, j.Actor())
	return s.tx(ctx, func(t *txn) error {
		n, err := t.passJob(ctx, passJobParams{ToQueue: queue, Args: args, ID: j.ID, Owner: j.Owner, Attempts: j.Attempts})
		if err != nil {
			return fmt.Errorf("pass job %s to %s: %w", j.ID, queue, err)
		}
		if n == 0 {
			return ErrLeaseLost
		}
		t.wake(queue, j.ID)
		return f(t)
	})
}

// Retry puts a claimed job back, to be claimed again after delay.
func (s *Store) Retry(ctx context.Context, j *Job, delay time.Duration) error {
	n, err := s.retryJob(ctx, retryJobParams{DelaySeconds: delay.Seconds(), ID: j.ID, Owner: j.Owner, Attempts: j.Attempts})
	if err == nil && n == 0 {
		return ErrLeaseLost
	}
	return err
}

// Purge removes finished jobs that nobody asks for any more and expired messages.
func (s *Store) Purge(ctx context.Context) error {
	if _, err := s.purgeJobs(ctx, (10 * time.Minute).Seconds()); err != nil {
		return fmt.Errorf("purge jobs: %w", err)
	}
	if _, err := s.purgeMessages(ctx); err != nil {
		return fmt.Errorf("purge messages: %w", err)
	}
	return nil
}

// Unfinished counts the jobs that are queued or running.
func (s *Store) Unfinished(ctx context.Context) (int64, error) { return s.unfinishedJobs(ctx) }
