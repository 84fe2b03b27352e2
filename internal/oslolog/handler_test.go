package oslolog

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestLinesAreOslosOwn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := slog.New(New(&out, false).Named("clinker.volume"))
	l.Info("started", "backend", "a b")
	l.With("request_id", "req-1", "user_id", "u", "project_id", "p", "volume", "v").Warn("two\nlines", "err", errors.New("x"), slog.Group("g", "k", 1))
	l.With("request_id", "req-1", "global_request_id", "req-2").WithGroup("g").Error("bad", "k", "")
	want := []string{`INFO clinker\.volume \[-\] started backend="a b"`,
		`WARNING clinker\.volume \[None req-1 u p - - -\] two\\nlines volume=v err=x g\.k=1`,
		`ERROR clinker\.volume \[req-2 req-1 - - - - -\] bad g\.k=""`}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines: %s", len(lines), out.String())
	}
	for i, w := range want {
		if !regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ ` + w + `$`).MatchString(lines[i]) {
			t.Errorf("line %q, want %s", lines[i], w)
		}
	}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	slog.New(New(&out, true).Named("clinker.api")).With("request_id", "req-1").Info("done", "took", time.Second, "n", 3, "err", errors.New("x"))
	var got struct {
		Message, Name, Levelname string
		Context                  map[string]string
		Extra                    map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Message != "done" || got.Name != "clinker.api" || got.Levelname != "INFO" || got.Context["request_id"] != "req-1" ||
		got.Extra["took"] != 1.0 || got.Extra["n"] != 3.0 || got.Extra["err"] != "x" {
		t.Errorf("object %s", out.String())
	}
}

// Handlers that come from one do not write into each other's attributes.
func TestAttributesAreNotShared(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := slog.New(New(&out, false)).With("a", 1, "b", 2, "c", 3)
	x, y := l.With("x", 1), l.With("y", 1)
	x.Info("m", "p", 1)
	y.Info("m")
	if s := out.String(); strings.Contains(s, "x=1 y=1") || !strings.Contains(s, "c=3 y=1\n") {
		t.Error(s)
	}
}
