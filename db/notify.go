package db

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Notifications are written by the transaction that they tell of. The rows of
// a transaction travel with its COMMIT: they cost no round trip of their own.
// Package notify sends them.

// In whose name an event is told: of the pool or the backend where the
// resource is, or of this process.
const (
	byProcess = ""
	byBackend = "backend"
	byPool    = "pool"
)

// fields are keys of a payload.
type fields map[string]any

// event is something to tell of.
type event interface {
	write(ctx context.Context, q *Queries, n noteOf) error
}

// noteOf is what all events of a transaction have in common.
type noteOf struct {
	host    string // of this process
	context []byte
}

// volumesEvent tells of volumes as their rows are.
type volumesEvent struct {
	ids    []string
	group  *string // its volumes too
	suffix string  // of the event type volume.SUFFIX
	by     string
	host   string // where the volumes are, when their rows do not yet say it
	extra  fields // over the fields of the row
}

func volumeEvent(id, suffix, by string) volumesEvent {
	return volumesEvent{ids: []string{id}, suffix: suffix, by: by}
}

func (e volumesEvent) write(ctx context.Context, q *Queries, n noteOf) error {
	extra, err := e.extra.encode()
	if err != nil {
		return err
	}
	if e.host != "" {
		n.host = e.host
	}
	return q.noteVolumes(ctx, noteVolumesParams{At: e.by, Host: n.host, Suffix: e.suffix, Context: n.context, Extra: extra, Ids: e.ids, GroupID: e.group})
}

// snapshotsEvent tells of snapshots as their rows are.
type snapshotsEvent struct {
	ids    []string
	group  *string // those of a group snapshot too
	volume *string // those of a volume too
	suffix string  // of the event type snapshot.SUFFIX
	by     string
	extra  fields
}

func snapshotEvent(id, suffix, by string) snapshotsEvent {
	return snapshotsEvent{ids: []string{id}, suffix: suffix, by: by}
}

func (e snapshotsEvent) write(ctx context.Context, q *Queries, n noteOf) error {
	extra, err := e.extra.encode()
	if err != nil {
		return err
	}
	return q.noteSnapshots(ctx, noteSnapshotsParams{At: e.by, Host: n.host, Suffix: e.suffix, Context: n.context, Extra: extra,
		Ids: e.ids, GroupSnapshotID: e.group, VolumeID: e.volume})
}

// groupEvent tells of a group as its row is.
type groupEvent struct {
	id, suffix string
	host       string // where it is, when its row does not yet say it
	extra      fields
}

func (e groupEvent) write(ctx context.Context, q *Queries, n noteOf) error {
	extra, err := e.extra.encode()
	if err != nil {
		return err
	}
	if e.host != "" {
		n.host = BackendOf(e.host)
	}
	return q.noteGroup(ctx, noteGroupParams{Host: n.host, Suffix: e.suffix, Context: n.context, Extra: extra, ID: e.id})
}

// groupSnapshotEvent tells of a group snapshot as its row is.
type groupSnapshotEvent struct {
	id, suffix string
	extra      fields
}

func (e groupSnapshotEvent) write(ctx context.Context, q *Queries, n noteOf) error {
	extra, err := e.extra.encode()
	if err != nil {
		return err
	}
	return q.noteGroupSnapshot(ctx, noteGroupSnapshotParams{Host: n.host, Suffix: e.suffix, Context: n.context, Extra: extra, ID: e.id})
}

// Event tells of what is not a row, or not as it is.
type Event struct {
	Resource  string         // events of one resource are sent in order
	Publisher string         // the part of the publisher's id before the host
	Host      string         // the part after it; "": of this process
	Type      string         // such as volume_type.create
	Failed    bool           // priority ERROR instead of INFO
	Payload   map[string]any // without secrets
}

func (e Event) write(ctx context.Context, q *Queries, n noteOf) error {
	payload, err := fields(e.Payload).encode()
	if err != nil {
		return err
	}
	p := noteOtherParams{Resource: e.Resource, PublisherID: e.Publisher + "." + n.host, EventType: e.Type, Priority: "INFO", Context: n.context, Payload: payload}
	if e.Host != "" {
		p.PublisherID = e.Publisher + "." + e.Host
	}
	if e.Failed {
		p.Priority = "ERROR"
	}
	return q.noteOther(ctx, p)
}

func (f fields) encode() ([]byte, error) {
	if f == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(f)
}

// note tells of e at the end of the transaction, as the rows are then.
func (t *txn) note(ctx context.Context, e event) {
	if t.store.opts.Notify {
		t.notes.add(ctx, t.noteOf(), e)
	}
}

// noteNow tells of rows as they are before the transaction changes them.
func (t *txn) noteNow(ctx context.Context, events ...event) error {
	if !t.store.opts.Notify {
		return nil
	}
	var now notes
	for _, e := range events {
		now.add(ctx, t.noteOf(), e)
	}
	if now.err == nil {
		now.err = t.tx.SendBatch(ctx, &now.batch).Close()
	}
	if now.err != nil {
		return fmt.Errorf("notifications: %w", now.err)
	}
	t.noted = true
	return nil
}

// noteOf has no secrets: the token of a user is not kept.
func (t *txn) noteOf() noteOf {
	a := t.actor
	raw, _ := json.Marshal(map[string]string{"project_id": a.ProjectID, "user_id": a.UserID, "request_id": a.RequestID,
		"global_request_id": a.GlobalRequestID}) // texts alone: no error
	return noteOf{host: t.store.opts.Host, context: raw}
}

// Note tells of an event that belongs to no transaction. It does nothing
// while notifications are off.
func (s *Store) Note(ctx context.Context, e Event) error {
	if !s.opts.Notify {
		return nil
	}
	return s.tx(ctx, func(t *txn) error {
		t.note(ctx, e)
		return nil
	})
}

// once runs f, which makes one statement; in a transaction only where a
// notification has to go with it.
func (s *Store) once(ctx context.Context, f func(t *txn) error) error {
	if s.opts.Notify {
		return s.tx(ctx, f)
	}
	return f(&txn{Queries: s.Queries, store: s, actor: ActorOf(ctx)})
}

// notes are the statements that write events, to be sent together.
type notes struct {
	batch pgx.Batch
	err   error
}

func (n *notes) add(ctx context.Context, of noteOf, e event) {
	if err := e.write(ctx, New(n), of); err != nil && n.err == nil {
		n.err = fmt.Errorf("notification: %w", err)
	}
}

// Exec implements DBTX: it puts the statement into the batch.
func (n *notes) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	n.batch.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}

var errNoAnswer = errors.New("a statement of a batch has no answer yet")

// Query implements DBTX.
func (*notes) Query(context.Context, string, ...any) (pgx.Rows, error) { return nil, errNoAnswer }

// QueryRow implements DBTX.
func (*notes) QueryRow(context.Context, string, ...any) pgx.Row { return noRow{} }

type noRow struct{}

func (noRow) Scan(...any) error { return errNoAnswer }

// commit sends the events with the COMMIT behind them, in one round trip.
func (n *notes) commit(ctx context.Context, tx pgx.Tx) error {
	if n.err != nil {
		return n.err
	}
	n.batch.Queue("COMMIT")
	answers := tx.SendBatch(ctx, &n.batch)
	for range n.batch.Len() - 1 {
		if _, err := answers.Exec(); err != nil {
			_ = answers.Close() // tells the same
			return fmt.Errorf("notifications: %w", err)
		}
	}
	tag, err := answers.Exec()
	if err == nil && tag.String() == "ROLLBACK" {
		err = pgx.ErrTxCommitRollback
	}
	return errors.Join(err, answers.Close())
}
