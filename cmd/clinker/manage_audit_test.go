package main

import (
	"testing"
	"time"
)

func TestTheLastCompletePeriod(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ length, now, begin, end string }{
		{"month", "2026-11-21 11:30:00", "2026-10-01 00:00:00", "2026-11-01 00:00:00"},
		{"month", "2026-01-01 00:00:00", "2025-11-01 00:00:00", "2025-12-01 00:00:00"},
		{"month@15", "2026-11-14 00:00:00", "2026-09-15 00:00:00", "2026-10-15 00:00:00"},
		{"day", "2026-03-01 00:00:01", "2026-02-28 00:00:00", "2026-03-01 00:00:00"},
		{"day@18", "2026-03-01 17:00:00", "2026-02-27 18:00:00", "2026-02-28 18:00:00"},
		{"hour", "2026-03-01 17:20:00", "2026-03-01 16:00:00", "2026-03-01 17:00:00"},
		{"hour@30", "2026-03-01 00:20:00", "2026-02-28 22:30:00", "2026-02-28 23:30:00"},
		{"year", "2026-03-01 00:00:00", "2025-01-01 00:00:00", "2026-01-01 00:00:00"},
		{"year@4", "2026-03-01 00:00:00", "2024-04-01 00:00:00", "2025-04-01 00:00:00"},
	} {
		now, err := time.Parse(time.DateTime, c.now)
		if err != nil {
			t.Fatal(err)
		}
		p, err := auditOptions{}.period(c.length, now)
		if err != nil || p.Beginning.Format(time.DateTime) != c.begin || p.Ending.Format(time.DateTime) != c.end {
			t.Errorf("%s at %s: %v until %v, %v", c.length, c.now, p.Beginning, p.Ending, err)
		}
	}
	for _, bad := range []string{"", "week", "day@24", "month@x", "month@29", "@1"} {
		if _, err := (auditOptions{}).period(bad, time.Now()); err == nil {
			t.Errorf("volume_usage_audit_period = %q passes", bad)
		}
	}
	if _, err := (auditOptions{start: "2026-01-02 00:00:00", end: "2026-01-01 00:00:00"}).period("day", time.Now()); err == nil {
		t.Error("an end before the beginning passes")
	}
}
