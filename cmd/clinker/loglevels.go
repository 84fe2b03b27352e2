package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/loglevel"
)

// newLevels are the loggers of one service, on the way that all logs go.
func newLevels(debug bool) *loglevel.Set {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	return loglevel.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}), level)
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
				for name, level := range wanted {
					levels.Set(name, level)
				}
				return levels.Levels("")
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
