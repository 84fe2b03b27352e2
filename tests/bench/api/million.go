package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// seed writes volumes straight into the tables: of 10,000 projects, over five
// months, in the states, sizes and names of a large cloud.
const seed = `INSERT INTO volumes (id, project_id, user_id, created_at, updated_at, launched_at, size, status, attach_status, name,
    description, bootable, availability_zone, host, volume_type_id, metadata)
SELECT gen_random_uuid(), md5('project' || i * 7919 % $2), md5('user' || i % $2), at, at + make_interval(secs => i * 7 % 1000), at,
    (1 + i % 100)::int, CASE WHEN i % 100 = 0 THEN 'error' WHEN i % 3 = 0 THEN 'in-use' ELSE 'available' END, 'detached',
    'volume-' || i * 7919 % $1, CASE WHEN i % 2 = 0 THEN 'number ' || i END, i % 4 = 0, CASE WHEN i % 5 = 0 THEN 'az2' ELSE 'nova' END,
    'node' || i % 20 || '@file#file', (SELECT id FROM volume_types LIMIT 1),
    jsonb_build_object('app', 'a' || i % 5000, 'number', i::text, 'managed-by', 'terraform')
FROM (SELECT i, '2026-01-01'::timestamptz + make_interval(secs => i * 13.0) AS at FROM generate_series(1::bigint, $1::bigint) i) s`

const projects = 10000

// fillDatabase seeds so many volumes and has their statistics taken.
func (b *bench) fillDatabase(n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	socket, err := findSocket(b.svc.StateDir)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Stat(socket, &st); err != nil {
		return err
	}
	owner, err := user.LookupId(strconv.Itoa(int(st.Uid))) // the cluster has its role
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, fmt.Sprintf("host=%s user=%s dbname=clinker", filepath.Dir(socket), owner.Username))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	begun := time.Now()
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{"SET clinker.bulk = on", nil},
		{seed, []any{n, projects}},
		{"TRUNCATE pool_usage", nil},
		{"INSERT INTO pool_usage SELECT host, sum(size), count(*) FROM volumes WHERE host IS NOT NULL GROUP BY host", nil},
		{"VACUUM ANALYZE volumes", nil},
	} {
		if _, err := conn.Exec(ctx, step.sql, step.args...); err != nil {
			return fmt.Errorf("seed: %w", err)
		}
	}
	var size int64
	if err := conn.QueryRow(ctx, "SELECT pg_total_relation_size('volumes')").Scan(&size); err != nil {
		return err
	}
	b.note(fmt.Sprintf("seed %d volumes of %d projects by SQL", n, projects), "%.0f s, %d MiB with indexes", time.Since(begun).Seconds(), size>>20)
	return conn.QueryRow(ctx, "SELECT md5('project7')").Scan(&b.tenant)
}

// findSocket looks for that of the private PostgreSQL.
func findSocket(dir string) (string, error) {
	found := ""
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type() == fs.ModeSocket && d.Name() == ".s.PGSQL.5432" {
			found = path
		}
		return nil
	})
	if found == "" {
		err = errors.Join(err, fmt.Errorf("no socket of PostgreSQL below %s", dir))
	}
	return found, err
}

// large measures pages among all of them.
func (b *bench) large(n int) error {
	if err := b.fillDatabase(n); err != nil {
		return err
	}
	const all = "/volumes/detail?all_tenants=1&limit=50"
	pages := []struct{ what, path string }{
		{"project's first page", "/volumes/detail?limit=50"},
		{"project's second page, by marker", ""},
		{"project's page, by name", "/volumes/detail?limit=50&sort=name:asc"},
		{"project's page, filter status", "/volumes/detail?limit=50&status=available"},
		{"all_tenants, first page", all},
		{"all_tenants, tenth page by offset", all + "&offset=450"},
		{"all_tenants, filter name", all + "&name=volume-7919"},
		{"all_tenants, filter status=error", all + "&status=error"},
		{"all_tenants, filter status=deleting (none)", all + "&status=deleting"},
		{"all_tenants, filter metadata of 1 volume", all + "&metadata=%7B%27number%27:%27777%27%7D"},
		{"all_tenants, filter metadata of 200 volumes", all + "&metadata=%7B%27app%27:%27a7%27%7D"},
		{"all_tenants, filter metadata of every volume", all + "&metadata=%7B%27managed-by%27:%27terraform%27%7D"},
	}
	for _, key := range []string{"id", "name", "status", "size", "availability_zone", "bootable", "created_at", "updated_at", "host", "volume_type_id", "project_id"} {
		pages = append(pages, struct{ what, path string }{"all_tenants, sorted by " + key, all + "&sort=" + key + ":desc"})
	}
	tenant := b.in(b.tenant)
	second, err := tenant.nextPage("/volumes/detail?limit=50")
	if err != nil {
		return err
	}
	pages[1].path = second
	for _, p := range pages {
		if _, err := b.measure(p.what, 200, 1, func(int) (string, error) { return "", tenant.get(p.path) }); err != nil {
			return err
		}
	}
	return b.tenthPageByMarker(tenant, all)
}

// tenthPageByMarker follows the links to the ninth page, then asks for the next one.
func (b *bench) tenthPageByMarker(c *cloud, path string) error {
	for range 9 {
		next, err := c.nextPage(path)
		if err != nil {
			return err
		}
		path = next
	}
	_, err := b.measure("all_tenants, tenth page by marker", 200, 1, func(int) (string, error) { return "", c.get(path) })
	return err
}
