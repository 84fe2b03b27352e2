package db

import (
	"context"
	"fmt"
	"maps"
)

// LogLevels are the levels of loggers by their names: DEBUG, INFO, WARNING or ERROR.
type LogLevels map[string]string

// StartLogs tells what the loggers of a service that has just started are at;
// what was asked of its predecessor is forgotten. It reports whether the
// service is registered.
func (s *Store) StartLogs(ctx context.Context, binary, host string, at LogLevels) (bool, error) {
	n, err := s.startLogs(ctx, startLogsParams{Levels: at, Host: host, BinaryName: binary})
	if err != nil {
		return false, fmt.Errorf("log levels of %s on %s: %w", binary, host, err)
	}
	return n > 0, nil
}

// SyncLogs asks what a service's loggers shall be at, lets set do it, and
// tells what they are at afterwards.
func (s *Store) SyncLogs(ctx context.Context, binary, host string, at LogLevels, set func(LogLevels) LogLevels) (LogLevels, error) {
	wanted, err := s.wantedLogs(ctx, wantedLogsParams{Host: host, BinaryName: binary})
	if none(err) {
		return at, nil
	}
	if err != nil {
		return at, fmt.Errorf("log levels of %s on %s: %w", binary, host, err)
	}
	now := set(wanted)
	if maps.Equal(now, at) {
		return at, nil
	}
	if err := s.reportLogs(ctx, reportLogsParams{Levels: now, Host: host, BinaryName: binary}); err != nil {
		return at, fmt.Errorf("log levels of %s on %s: %w", binary, host, err)
	}
	return now, nil
}

// WantLogs asks services to put their loggers whose names begin with prefix at
// a level; they do so within seconds.
func (s *Store) WantLogs(ctx context.Context, serviceIDs []int64, prefix, level string) error {
	if err := s.wantLogs(ctx, wantLogsParams{Level: level, Prefix: prefix, Ids: serviceIDs}); err != nil {
		return fmt.Errorf("ask for log levels: %w", err)
	}
	return nil
}
