package main

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/loglevel"
)

// logTo is where all logs go; what is logged, the levels decide.
var logTo = slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})

// newLevels are the loggers of one service.
func newLevels(debug bool) *loglevel.Set {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	return loglevel.New(logTo, level)
}

// logsEvery is how soon a service follows os-services/set-log.
const logsEvery = 2 * time.Second

// followLogs does what is asked of the loggers of a service, and tells what
// they are at, until ctx ends.
func (b *base) followLogs(ctx context.Context, binary, host string, levels *loglevel.Set) error {
	tick := time.NewTicker(logsEvery)
	defer tick.Stop()
	at, registered := db.LogLevels(levels.Levels("")), false
	for {
		var err error
		if registered {
			at, err = b.store.SyncLogs(ctx, binary, host, at, func(wanted db.LogLevels) db.LogLevels {
				return follow(levels, wanted)
			})
		} else {
			registered, err = b.store.StartLogs(ctx, binary, host, at)
		}
		if err != nil && ctx.Err() == nil {
			b.log.Warn("cannot follow log levels", "binary", binary, "host", host, "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// follow sets loggers, each by its whole name, and tells what all are at.
func follow(levels *loglevel.Set, wanted db.LogLevels) db.LogLevels {
	for _, name := range slices.Sorted(maps.Keys(wanted)) { // a.b after a, whose name it begins with
		levels.Set(name, wanted[name])
	}
	return levels.Levels("")
}
