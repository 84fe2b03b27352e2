package barbicantest

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Keys are the ids of all secrets that nobody has deleted, of every project,
// sorted: what Barbican's own database says.
func (s *Server) Keys() []string {
	s.t.Helper()
	ids := s.query("SELECT id FROM secrets WHERE NOT deleted")
	slices.Sort(ids)
	return ids
}

// ProjectOf is the project of Keystone that a secret belongs to.
func (s *Server) ProjectOf(id string) string {
	s.t.Helper()
	found := s.query("SELECT p.external_id FROM secrets s JOIN projects p ON p.id = s.project_id WHERE s.id = $1 AND NOT s.deleted", id)
	if len(found) != 1 {
		s.t.Fatalf("%d secrets %s in Barbican's database", len(found), id)
	}
	return found[0]
}

// query returns the first column of Barbican's database.
func (s *Server) query(sql string, args ...any) []string {
	s.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.DSN)
	if err != nil {
		s.t.Fatalf("Barbican's database: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		s.t.Fatalf("Barbican's database: %v", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.t.Fatalf("Barbican's database: %v", err)
	}
	return found
}
