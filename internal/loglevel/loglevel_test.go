package loglevel

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLevelsChangeByTheBeginningOfNames(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}), slog.LevelInfo)
	jobs, target := s.Logger("clinker.volume.jobs").With("backend", "b"), s.Logger("clinker.target").WithGroup("g")
	says := func(want string) {
		t.Helper()
		jobs.Debug("jobs-debug")
		jobs.Warn("jobs-warn")
		target.Info("target-info", "k", "v")
		var got []string
		for line := range strings.Lines(out.String()) {
			_, msg, _ := strings.Cut(line, "msg=")
			got = append(got, strings.TrimSpace(msg))
		}
		out.Reset()
		if d := cmp.Diff(want, strings.Join(got, "|")); d != "" {
			t.Error(d)
		}
	}
	says("jobs-warn backend=b|target-info g.k=v")
	s.Set("clinker.volume", "DEBUG")
	says("jobs-debug backend=b|jobs-warn backend=b|target-info g.k=v")
	s.Set("", "ERROR")
	says("")
	s.Set("clinker.target", "nonsense")
	s.Set("clinker.target", "WARNING")
	if d := cmp.Diff(map[string]string{"clinker.volume.jobs": "ERROR", "clinker.target": "WARNING"}, s.Levels("")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"clinker.target": "WARNING"}, s.Levels("clinker.t")); d != "" {
		t.Error(d)
	}
	s.Logger("clinker.target").Warn("again")
	if !strings.Contains(out.String(), "again") {
		t.Error("the same name is another logger")
	}
}
