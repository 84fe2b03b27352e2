// Package db is the truth of Clinker: the rows, the one table of states, the
// quotas and the jobs, all in PostgreSQL. It knows no HTTP, no driver and no
// message bus; whoever opens a Store may ask to be told which queue has work.
//
// Start reading at state.go, then jobs.go, then volumes.go.
package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options of a Store.
type Options struct {
	MaxConns    int           // of the pool; 0: pgx's default
	Wake        Waker         // told after the commit that a queue has a job; nil: nobody
	MessageTTL  time.Duration // how long user messages live
	ServiceDown time.Duration // without a heartbeat for so long a service is down
	Quotas      QuotaDefaults // limits of projects that have none of their own
	// Compute says that there is a compute service to be told what becomes of
	// the volumes of its servers.
	Compute bool
	// NoSnapshotGigabytes leaves snapshots out of the gigabytes quota.
	NoSnapshotGigabytes bool
	// Notify writes notifications, for Host as the name of this node.
	Notify bool
	Host   string
}

// Waker tells a queue that a job waits. It must not block for long, and may
// lose the message: the claim loop of the queue finds the job anyway.
type Waker func(queue, jobID string)

// Store is a pool of connections with the verbs of the service.
type Store struct {
	*Queries
	pool    *pgxpool.Pool
	opts    Options
	waiters waiters
	noted   chan struct{} // holds one when notifications were written
}

// Open connects to the database at dsn (pgx's syntax) and checks that it answers.
func Open(ctx context.Context, dsn string, opts Options) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database connection string: %w", err)
	}
	if opts.MaxConns > 0 {
		cfg.MaxConns = int32(opts.MaxConns)
	}
	if opts.Wake == nil {
		opts.Wake = func(string, string) {}
	}
	if opts.MessageTTL == 0 {
		opts.MessageTTL = 30 * 24 * time.Hour
	}
	if opts.ServiceDown == 0 {
		opts.ServiceDown = time.Minute
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	s := &Store{Queries: New(pool), pool: pool, opts: opts, noted: make(chan struct{}, 1)}
	s.waiters.byJob = make(map[string]chan struct{})
	return s, nil
}

// Close ends the pool; it waits for connections in use.
func (s *Store) Close() { s.pool.Close() }

// Notifies reports whether notifications are written.
func (s *Store) Notifies() bool { return s.opts.Notify }

// Noted yields when this process has written notifications.
func (s *Store) Noted() <-chan struct{} { return s.noted }

// Pool is for the list pages, which build their own SQL.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// ServiceDown is how long a service may be silent before it counts as down.
func (s *Store) ServiceDown() time.Duration { return s.opts.ServiceDown }

// txAttempts is how often a transaction is tried that PostgreSQL ended in
// favour of another one.
const txAttempts = 5

// tx runs f in one transaction, and once the commit is durable wakes the
// queues for which f made jobs. f may run more than once.
func (s *Store) tx(ctx context.Context, f func(t *txn) error) error {
	t := &txn{store: s, actor: ActorOf(ctx)}
	for attempt := 1; ; attempt++ {
		t.wakes, t.notes, t.noted = t.wakes[:0], notes{}, false
		err := s.attempt(ctx, t, f)
		if err == nil {
			break
		}
		if !outrun(err) || attempt == txAttempts {
			return err
		}
	}
	for _, w := range t.wakes {
		s.opts.Wake(w.queue, w.job)
	}
	if t.noted {
		select {
		case s.noted <- struct{}{}:
		default: // whoever sends has not yet looked
		}
	}
	return nil
}

// attempt is one transaction.
func (s *Store) attempt(ctx context.Context, t *txn, f func(t *txn) error) error {
	return s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		tx, err := conn.Begin(ctx)
		if err != nil {
			return err
		}
		t.tx, t.Queries = tx, New(tx)
		if err = f(t); err == nil && (t.notes.batch.Len() > 0 || t.notes.err != nil) {
			if err = t.notes.commit(ctx, tx); err == nil {
				t.noted = true
				return nil // the connection is out of the transaction, as its pool finds
			}
		} else if err == nil {
			return tx.Commit(ctx)
		}
		_ = tx.Rollback(ctx) // a connection on which that fails is closed by its pool
		return err
	})
}

// outrun reports a deadlock or a serialization failure: the same again may succeed.
func outrun(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40P01" || pg.Code == "40001")
}

// txn is a transaction with the wake-ups that follow it.
type txn struct {
	*Queries
	store *Store
	tx    pgx.Tx
	actor Actor // in whose name events are told
	wakes []wake
	notes notes // written with the COMMIT
	noted bool  // something was, or is written already
}

type wake struct{ queue, job string }

func (t *txn) wake(queue, job string) { t.wakes = append(t.wakes, wake{queue, job}) }

// none reports whether err means that no row came back.
func none(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

// uniqueViolation reports whether err is a clash with the named constraint.
func uniqueViolation(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505" && pg.ConstraintName == constraint
}
