// Package migrations holds the numbered, forward-only schema of Clinker's
// database. Each step is safe while the previous release still runs: it only
// adds, and what it replaces is removed a release later.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"

	_ "github.com/jackc/pgx/v5/stdlib" // goose speaks database/sql
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql
var files embed.FS

// Up brings the database at dsn to the newest version. Several processes may
// call it at once: a session lock lets one work while the others wait.
func Up(ctx context.Context, dsn string) error {
	return with(dsn, func(p *goose.Provider) error {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate database: %w", err)
		}
		return nil
	})
}

// Version is the number of the newest step that the database at dsn has seen.
func Version(ctx context.Context, dsn string) (version int64, err error) {
	err = with(dsn, func(p *goose.Provider) error {
		if version, err = p.GetDBVersion(ctx); err != nil {
			return fmt.Errorf("version of the database: %w", err)
		}
		return nil
	})
	return version, err
}

func with(dsn string, f func(*goose.Provider) error) error {
	conn, err := sql.Open("pgx", dsn)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer conn.Close()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, conn, files, goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	return f(p)
}
