package pgtest

import (
	"log/slog"
	"testing"

	"github.com/clinker-io/clinker/internal/postgres"
)

// Serve starts a server for the time of the test, with its data in dir, which
// others must be able to reach into.
func Serve(t testing.TB, dir string) *postgres.Server {
	t.Helper()
	s, err := postgres.Start(t.Context(), postgres.Config{Dir: dir, Unsafe: true, MaxConns: 300, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	return s
}
