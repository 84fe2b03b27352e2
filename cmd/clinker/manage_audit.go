package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clinker-io/clinker/db"
)

// auditOptions are those of cinder-volume-usage-audit.
type auditOptions struct {
	start, end string
	actions    bool
}

func manageAudit(o *manageOptions) *cobra.Command {
	var a auditOptions
	cmd := &cobra.Command{Use: "volume-usage-audit", Short: "Tell, in notifications, which volumes and snapshots existed in a period",
		Long: `Sends a notification volume.exists or snapshot.exists for each volume and snapshot that
exists and was made before the end of a period: the last one that is complete
(option volume_usage_audit_period), or the one given. Run it once in each period, as
cinder-volume-usage-audit. What was deleted in the period was told when it was
deleted: its rows do not stay.`,
		Example: "  clinker manage volume-usage-audit --send_actions\n" +
			`  clinker manage volume-usage-audit --start_time "2026-10-01 00:00:00" --end_time "2026-11-01 00:00:00"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.audit(cmd, a) }}
	f := cmd.Flags()
	f.StringVar(&a.start, "start_time", "", `beginning of the period in UTC, as "2026-10-01 00:00:00"`)
	f.StringVar(&a.end, "end_time", "", "end of the period")
	f.BoolVar(&a.actions, "send_actions", false, "also repeat the notifications of what was made in the period")
	return cmd
}

func (o *manageOptions) audit(cmd *cobra.Command, a auditOptions) error {
	cfg, dsn, err := o.database(cmd.Flags().Changed("config-file"))
	if err != nil {
		return err
	}
	p, err := a.period(cfg.Default.UsageAuditPeriod, time.Now().UTC())
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	store, err := db.Open(ctx, dsn, db.Options{MaxConns: 2, Notify: true, Host: hostOf(cfg)})
	if err != nil {
		return err
	}
	defer store.Close()
	sender, err := newSender(ctx, cfg, store, newLogger(cfg.Default.Debug))
	if err != nil {
		return err
	}
	if sender == nil {
		return errors.New("notifications are off: set driver in [oslo_messaging_notifications]")
	}
	if sender.Publisher != nil {
		defer sender.Publisher.Close()
	}
	send := func() error { return sender.Drain(ctx) } // page by page, so that little waits
	volumes, err := store.AuditVolumes(ctx, p, send)
	if err != nil {
		return err
	}
	snapshots, err := store.AuditSnapshots(ctx, p, send)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s until %s: %d volumes and %d snapshots.\n",
		p.Beginning.Format(time.DateTime), p.Ending.Format(time.DateTime), volumes, snapshots)
	return nil
}

// period is the one given, or the last one of that length that is complete.
func (a auditOptions) period(length string, now time.Time) (p db.Period, err error) {
	p.Actions = a.actions
	if p.Beginning, p.Ending, err = completedPeriod(length, now); err != nil {
		return p, fmt.Errorf("option volume_usage_audit_period = %q: %w", length, err)
	}
	for _, given := range []struct {
		text string
		to   *time.Time
	}{{a.start, &p.Beginning}, {a.end, &p.Ending}} {
		if given.text == "" {
			continue
		}
		if *given.to, err = time.Parse(time.DateTime, given.text); err != nil {
			return p, fmt.Errorf("%q is not a time such as 2026-10-01 00:00:00", given.text)
		}
	}
	if !p.Ending.After(p.Beginning) {
		return p, fmt.Errorf("the end time (%s) must be after the start time (%s)", p.Ending.Format(time.DateTime), p.Beginning.Format(time.DateTime))
	}
	return p, nil
}

var errAuditPeriod = errors.New("must be hour, day, month or year, or one of these with @ and where it begins")

// completedPeriod is the last period that has ended by now. Where it begins is
// counted in the next smaller unit: minutes, hours, days, months.
func completedPeriod(length string, now time.Time) (begin, end time.Time, err error) {
	unit, offset, err := cutOffset(length)
	if err != nil {
		return begin, end, err
	}
	var years, months int
	var fixed time.Duration
	switch unit {
	case "hour":
		end, fixed = time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), offset, 0, 0, time.UTC), time.Hour
	case "day":
		end, fixed = time.Date(now.Year(), now.Month(), now.Day(), offset, 0, 0, 0, time.UTC), 24*time.Hour
	case "month":
		end, months = time.Date(now.Year(), now.Month(), max(offset, 1), 0, 0, 0, 0, time.UTC), 1
	case "year":
		end, years = time.Date(now.Year(), time.Month(max(offset, 1)), 1, 0, 0, 0, 0, time.UTC), 1
	}
	earlier := func(t time.Time) time.Time { return t.AddDate(-years, -months, 0).Add(-fixed) }
	if !end.Before(now) {
		end = earlier(end)
	}
	return earlier(end), end, nil
}

// offsets are how far a period may begin after its unit does; 28 days are in every month.
var offsets = map[string]int{"hour": 59, "day": 23, "month": 28, "year": 12}

func cutOffset(length string) (unit string, offset int, err error) {
	unit, text, has := strings.Cut(length, "@")
	most, ok := offsets[unit]
	if has {
		if offset, err = strconv.Atoi(text); err != nil || offset < 0 || offset > most {
			ok = false
		}
	}
	if !ok {
		return "", 0, errAuditPeriod
	}
	return unit, offset, nil
}
