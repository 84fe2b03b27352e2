// Package pgtest gives each test a database of its own on one private
// PostgreSQL server per test binary.
package pgtest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/clinker-io/clinker/internal/postgres"
)

var (
	once   sync.Once
	server *postgres.Server
	dir    string
	failed error
	number atomic.Int64

	templateMu sync.Mutex
	template   string
)

// Main runs the tests and stops the server, if any test started it. Use it as
// os.Exit(pgtest.Main(m)) in TestMain.
func Main(m *testing.M) int {
	code := m.Run()
	if server != nil {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = 1
		}
	}
	if dir != "" {
		_ = os.RemoveAll(dir)
	}
	return code
}

func start() {
	if dir, failed = os.MkdirTemp("", "clinker-pgtest-"); failed != nil {
		return
	}
	server, failed = postgres.Start(context.Background(), postgres.Config{Dir: dir, Unsafe: true, MaxConns: 300, Log: slog.New(slog.DiscardHandler)})
}

// New returns the DSN of a fresh database. The first call makes a template
// with migrate; the others copy it. All calls of a test binary pass the same migrate.
func New(t testing.TB, migrate func(ctx context.Context, dsn string) error) string {
	t.Helper()
	if once.Do(start); failed != nil {
		t.Fatalf("PostgreSQL for tests: %v", failed)
	}
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	name := fmt.Sprintf("test_%d", number.Add(1))
	templateMu.Lock()
	defer templateMu.Unlock()
	if template == "" {
		if _, err := admin.Exec(ctx, "CREATE DATABASE template_clinker"); err != nil {
			t.Fatal(err)
		}
		if err := migrate(ctx, server.DSN()+" dbname=template_clinker"); err != nil {
			t.Fatal(err)
		}
		template = "template_clinker"
	}
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatal(err)
	}
	return server.DSN() + " dbname=" + name
}
