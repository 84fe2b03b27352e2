package db

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SendNotifications claims notifications, oldest first and at most so many,
// and removes those that send took: it returns how many from the first on.
// What send does not take, or what a crash leaves, is claimed again. It returns
// how many were claimed.
func (s *Store) SendNotifications(ctx context.Context, most int, send func(context.Context, []Notification) (int, error)) (claimed int, err error) {
	var sendErr error
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		q := New(tx)
		rows, err := q.claimNotifications(ctx, int32(most))
		if err != nil || len(rows) == 0 {
			return err
		}
		claimed = len(rows)
		all, ids := make([]Notification, len(rows)), make([]int64, len(rows))
		for i, r := range rows {
			all[i], ids[i] = Notification(r), r.ID
		}
		n, err := send(ctx, all)
		sendErr = err
		_, err = q.deleteNotifications(ctx, ids[:n])
		return err
	})
	if sendErr != nil {
		return claimed, sendErr
	}
	if err != nil {
		return claimed, fmt.Errorf("notifications: %w", err)
	}
	return claimed, nil
}

// DropNotifications removes the oldest notifications beyond the newest keep,
// and returns how many.
func (s *Store) DropNotifications(ctx context.Context, keep int) (dropped int64, err error) {
	for {
		n, err := s.dropNotifications(ctx, int32(keep))
		dropped += n
		if err != nil || n == 0 {
			return dropped, err
		}
	}
}

// Period is what an audit is about.
type Period struct {
	Beginning, Ending time.Time
	Actions           bool // also tell again what was made in it
}

func (p Period) fields() fields {
	return fields{"audit_period_beginning": auditTime(p.Beginning), "audit_period_ending": auditTime(p.Ending)}
}

// auditTime is Python's text of a time in UTC.
func auditTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999+00:00") }

// auditPage is how many rows one transaction of an audit tells of.
const auditPage = 500

// AuditVolumes tells that volumes exist, after each page calling written. It
// returns how many there are.
func (s *Store) AuditVolumes(ctx context.Context, p Period, written func() error) (n int, err error) {
	for after := uuid.Nil.String(); after != ""; {
		err := s.tx(ctx, func(t *txn) error {
			rows, err := t.auditVolumes(ctx, auditVolumesParams{Ending: p.Ending, After: after, Most: auditPage})
			if err != nil {
				return err
			}
			e := volumesEvent{suffix: "exists", extra: p.fields()}
			for _, r := range rows {
				e.ids = append(e.ids, r.ID)
			}
			after = nextPage(e.ids)
			n += len(rows)
			t.note(ctx, e)
			for _, r := range rows {
				for _, suffix := range p.actions(r.CreatedAt) {
					t.note(ctx, volumesEvent{ids: []string{r.ID}, suffix: suffix, extra: Period{Beginning: r.CreatedAt, Ending: r.CreatedAt}.fields()})
				}
			}
			return nil
		})
		if err == nil {
			err = written()
		}
		if err != nil {
			return n, fmt.Errorf("audit of volumes: %w", err)
		}
	}
	return n, nil
}

// AuditSnapshots is AuditVolumes of snapshots.
func (s *Store) AuditSnapshots(ctx context.Context, p Period, written func() error) (n int, err error) {
	for after := uuid.Nil.String(); after != ""; {
		err := s.tx(ctx, func(t *txn) error {
			rows, err := t.auditSnapshots(ctx, auditSnapshotsParams{Ending: p.Ending, After: after, Most: auditPage})
			if err != nil {
				return err
			}
			e := snapshotsEvent{suffix: "exists", extra: p.fields()}
			for _, r := range rows {
				e.ids = append(e.ids, r.ID)
			}
			after = nextPage(e.ids)
			n += len(rows)
			t.note(ctx, e)
			for _, r := range rows {
				for _, suffix := range p.actions(r.CreatedAt) {
					t.note(ctx, snapshotsEvent{ids: []string{r.ID}, suffix: suffix, extra: Period{Beginning: r.CreatedAt, Ending: r.CreatedAt}.fields()})
				}
			}
			return nil
		})
		if err == nil {
			err = written()
		}
		if err != nil {
			return n, fmt.Errorf("audit of snapshots: %w", err)
		}
	}
	return n, nil
}

// nextPage is where the page after ids begins; "" after the last one.
func nextPage(ids []string) string {
	if len(ids) < auditPage {
		return ""
	}
	return ids[len(ids)-1]
}

// actions are what is told again of something made at a time.
func (p Period) actions(made time.Time) []string {
	if !p.Actions || !made.After(p.Beginning) || !made.Before(p.Ending) {
		return nil
	}
	return []string{"create.start", "create.end"}
}
