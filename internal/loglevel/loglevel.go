// Package loglevel has loggers whose levels can be changed while they are in
// use, by the beginning of their names.
package loglevel

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// Set is the loggers of one service. A nil Set cannot be used.
type Set struct {
	to     slog.Handler // takes what the levels let through
	start  slog.Level
	starts []start // of some; later ones win

	mu     sync.Mutex
	levels map[string]*slog.LevelVar
}

// New makes a Set that writes to a handler which lets everything through;
// loggers begin at a level.
func New(to slog.Handler, start slog.Level) *Set {
	return &Set{to: to, start: start, levels: make(map[string]*slog.LevelVar)}
}

// Logger is the logger of a name, such as clinker.volume.
func (s *Set) Logger(name string) *slog.Logger {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.levels[name]
	if v == nil {
		v = new(slog.LevelVar)
		v.Set(s.start)
		for _, o := range s.starts {
			if strings.HasPrefix(name, o.prefix) {
				v.Set(o.level)
			}
		}
		s.levels[name] = v
	}
	to := s.to
	if n, ok := to.(interface{ Named(string) slog.Handler }); ok { // it shows the name
		to = n.Named(name)
	}
	return slog.New(handler{to, v})
}

// Start puts the loggers whose names begin with prefix at a level from the
// beginning on, those made already included.
func (s *Set) Start(prefix string, level slog.Level) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts = append(s.starts, start{prefix, level})
	for name, v := range s.levels {
		if strings.HasPrefix(name, prefix) {
			v.Set(level)
		}
	}
}

type start struct {
	prefix string
	level  slog.Level
}

// names are Cinder's, of Python's levels.
var names = map[slog.Level]string{slog.LevelDebug: "DEBUG", slog.LevelInfo: "INFO", slog.LevelWarn: "WARNING", slog.LevelError: "ERROR"}

// Levels tells what the loggers are at whose names begin with prefix.
func (s *Set) Levels(prefix string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]string)
	for name, v := range s.levels {
		if strings.HasPrefix(name, prefix) {
			out[name] = names[v.Level()]
		}
	}
	return out
}

// Set puts the loggers whose names begin with prefix at a level: DEBUG, INFO,
// WARNING or ERROR; another word changes nothing.
func (s *Set) Set(prefix, level string) {
	for l, name := range names {
		if name != level {
			continue
		}
		s.mu.Lock()
		for logger, v := range s.levels {
			if strings.HasPrefix(logger, prefix) {
				v.Set(l)
			}
		}
		s.mu.Unlock()
	}
}

// handler lets through what is at least at a level.
type handler struct {
	slog.Handler
	least *slog.LevelVar
}

func (h handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.least.Level() }

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.least}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.least}
}
