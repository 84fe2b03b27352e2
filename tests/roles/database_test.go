package roles

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// tables are all of the service's.
func (s *setup) tables() []string {
	s.t.Helper()
	rows, err := s.conn.Query(s.t.Context(), "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
	if err != nil {
		s.t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) < 10 {
		s.t.Fatalf("tables: %v %v", names, err)
	}
	return names
}

// saved is the database as it was: its sums, and a copy of every row.
type saved struct {
	s      *setup
	tables []string
	sum    string // the statement
	clean  map[string]string
}

func (s *setup) save() *saved {
	s.t.Helper()
	d := &saved{s: s, tables: s.tables()}
	var parts []string
	for _, name := range d.tables {
		parts = append(parts, "SELECT '"+name+"' AS name, coalesce(md5(string_agg(r::text, E'\\n' ORDER BY r::text)), '') AS sum FROM "+name+" r")
	}
	d.sum = strings.Join(parts, " UNION ALL ")
	d.exec("DROP SCHEMA IF EXISTS saved CASCADE; CREATE SCHEMA saved")
	for _, name := range d.tables {
		d.exec("CREATE TABLE saved." + name + " AS TABLE " + name)
	}
	d.clean = d.sums()
	return d
}

func (d *saved) exec(sql string) {
	d.s.t.Helper()
	if _, err := d.s.conn.Exec(d.s.t.Context(), sql); err != nil {
		d.s.t.Fatalf("%s: %v", sql, err)
	}
}

func (d *saved) sums() map[string]string {
	d.s.t.Helper()
	rows, err := d.s.conn.Query(d.s.t.Context(), d.sum)
	if err != nil {
		d.s.t.Fatal(err)
	}
	out := make(map[string]string)
	var name, sum string
	if _, err := pgx.ForEachRow(rows, []any{&name, &sum}, func() error { out[name] = sum; return nil }); err != nil {
		d.s.t.Fatal(err)
	}
	return out
}

// changed names the tables that are not as they were.
func (d *saved) changed() (names []string) {
	now := d.sums()
	for _, name := range d.tables {
		if now[name] != d.clean[name] {
			names = append(names, name)
		}
	}
	return names
}

// restore puts every row back.
func (d *saved) restore() {
	d.s.t.Helper()
	var sql strings.Builder
	sql.WriteString("BEGIN; SET LOCAL session_replication_role = replica; TRUNCATE " + strings.Join(d.tables, ", ") + ";")
	for _, name := range d.tables {
		sql.WriteString("INSERT INTO " + name + " OVERRIDING SYSTEM VALUE SELECT * FROM saved." + name + ";")
	}
	d.exec(sql.String() + "COMMIT")
	if left := d.changed(); left != nil {
		d.s.t.Fatalf("not restored: %v", left)
	}
}
