package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/config"
	"github.com/clinker-io/clinker/internal/loglevel"
	"github.com/clinker-io/clinker/internal/oslolog"
)

// logTo is where all logs go; what is logged, the levels decide.
var logTo slog.Handler = oslolog.New(os.Stderr, false)

// newLevels are the loggers of one service.
func newLevels(debug bool) *loglevel.Set {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	s := loglevel.New(logTo, level)
	for _, p := range logPairs {
		s.Start(p.logger, p.level)
	}
	return s
}

// logPairs are the levels that default_log_levels names.
var logPairs []logPair

type logPair struct {
	logger string
	level  slog.Level
}

// openLogs does what the configuration says of logs, for a role such as api.
// The file stays open until the process ends.
func openLogs(cfg *config.Config, role string) error {
	d := cfg.Default
	logPairs = nil
	for _, text := range d.LogLevels {
		p, err := parseLogPair(text)
		if err != nil {
			return fmt.Errorf("option default_log_levels: %q: %w", text, err)
		}
		logPairs = append(logPairs, p)
	}
	path := d.LogFile
	switch {
	case path == "" && d.LogDir == "":
		logTo = oslolog.New(os.Stderr, d.UseJSON)
		return nil
	case path == "":
		path = filepath.Join(d.LogDir, "clinker-"+role+".log")
	case !filepath.IsAbs(path) && d.LogDir != "":
		path = filepath.Join(d.LogDir, path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("options log_file and log_dir: %w", err)
	}
	var w io.Writer = f
	if d.UseStderr {
		w = io.MultiWriter(f, os.Stderr)
	}
	logTo = oslolog.New(w, d.UseJSON)
	return nil
}

func parseLogPair(text string) (p logPair, err error) {
	name, level, ok := strings.Cut(text, "=")
	if p.logger = strings.TrimSpace(name); !ok || p.logger == "" {
		return p, errors.New("must be LOGGER=LEVEL")
	}
	switch strings.ToUpper(strings.TrimSpace(level)) {
	case "DEBUG":
		p.level = slog.LevelDebug
	case "INFO":
		p.level = slog.LevelInfo
	case "WARN", "WARNING":
		p.level = slog.LevelWarn
	case "ERROR", "CRITICAL":
		p.level = slog.LevelError
	default:
		return p, errors.New("the level must be DEBUG, INFO, WARNING or ERROR")
	}
	return p, nil
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
