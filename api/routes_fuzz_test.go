package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clinker-io/clinker/db"
	"github.com/clinker-io/clinker/internal/pgtest"
	"github.com/clinker-io/clinker/migrations"
)

// Things that the fuzzed calls find.
const (
	fuzzVolume     = "00000000-0000-4000-8000-0000000000a1"
	fuzzSnapshot   = "00000000-0000-4000-8000-0000000000a2"
	fuzzAttachment = "00000000-0000-4000-8000-0000000000a3"
	fuzzMessage    = "00000000-0000-4000-8000-0000000000a4"
	fuzzType       = "00000000-0000-4000-8000-0000000000a5"
)

// fuzzFixture is there before every call, whatever the one before did to it.
const fuzzFixture = `
INSERT INTO volume_types (id, name) VALUES ('` + fuzzType + `', 'fuzzed') ON CONFLICT DO NOTHING;
INSERT INTO volumes (id, project_id, user_id, size, status, availability_zone, volume_type_id, host, name)
SELECT '` + fuzzVolume + `', '` + project + `', 'u', 1, 'available', 'nova', id, 'node@file#pool', 'n' FROM volume_types LIMIT 1
ON CONFLICT (id) DO UPDATE SET status = 'available', attach_status = 'detached', migration_status = NULL, project_id = excluded.project_id,
  group_id = NULL, host = excluded.host;
INSERT INTO snapshots (id, volume_id, project_id, user_id, status, volume_size, volume_type_id)
SELECT '` + fuzzSnapshot + `', v.id, v.project_id, 'u', 'available', 1, v.volume_type_id FROM volumes v WHERE v.id = '` + fuzzVolume + `'
ON CONFLICT (id) DO UPDATE SET status = 'available';
INSERT INTO attachments (id, volume_id, project_id, attach_status) VALUES ('` + fuzzAttachment + `', '` + fuzzVolume + `', '` + project + `', 'reserved')
ON CONFLICT (id) DO UPDATE SET attach_status = 'reserved';
INSERT INTO messages (id, project_id, resource_type, action_id, detail_id, expires_at)
VALUES ('` + fuzzMessage + `', '` + project + `', 'VOLUME', '001', '001', now() + interval '1 year') ON CONFLICT DO NOTHING;
DELETE FROM jobs;`

// lastError keeps what the API logs as the cause of a 500.
type lastError struct {
	mu  sync.Mutex
	err error
}

func (l *lastError) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelError
}
func (l *lastError) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *lastError) WithGroup(string) slog.Handler      { return l }

func (l *lastError) Handle(_ context.Context, r slog.Record) error {
	err := errors.New(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if e, ok := a.Value.Any().(error); ok && a.Key == "error" {
			err = e
		} else if a.Key == "panic" || a.Key == "stack" {
			err = fmt.Errorf("%w\n%s", err, a.Value)
		}
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	return nil
}

func (l *lastError) take() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.err
	l.err = nil
	return err
}

// fuzzed is the API over a database, with no worker: who waits for one is told
// so at once.
type fuzzed struct {
	store *db.Store
	api   http.Handler
	log   *lastError
}

func newFuzzed(f *testing.F) fuzzed {
	f.Helper()
	s, err := db.Open(f.Context(), pgtest.New(f, migrations.Up), db.Options{Quotas: db.QuotaDefaults{Volumes: -1, Snapshots: -1, Gigabytes: -1,
		Groups: -1, Backups: -1, BackupGigabytes: -1, PerVolumeGigabytes: -1}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	log := new(lastError)
	return fuzzed{store: s, log: log, api: New(Config{Store: s, Auth: asUser{"admin", "member", "reader"}, WaitLimit: time.Millisecond,
		ReplyTo: "api.fuzz", Logger: slog.New(log)})}
}

// send makes one call and insists that the answer is JSON and no 500, unless a
// worker was waited for.
func (z fuzzed) send(t *testing.T, row Route, m Microversion, rnd *rand.Rand, query, body string) {
	t.Helper()
	if _, err := z.store.Pool().Exec(t.Context(), fuzzFixture); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/v3/", strings.NewReader(body))
	r.Method, r.URL.Path, r.URL.RawQuery = row.Method, "/v3/"+project+fuzzPath(row.Path, rnd), query
	r.Header.Set("OpenStack-API-Version", fmt.Sprintf("volume 3.%d", m))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	z.log.take()
	z.api.ServeHTTP(w, r)
	what := fmt.Sprintf("%s %s?%.500q %.2000s at 3.%d", row.Method, r.URL.Path, query, body, m)
	if err := z.log.take(); w.Code >= http.StatusInternalServerError && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s: %d: %v", what, w.Code, err)
	}
	if w.Body.Len() > 0 && w.Header().Get("Content-Type") == "application/json" && !json.Valid(w.Body.Bytes()) {
		t.Errorf("%s: no JSON: %s", what, w.Body)
	}
}

var fuzzWords = []string{fuzzVolume, fuzzSnapshot, fuzzAttachment, fuzzMessage, fuzzType, project, strings.ToUpper(fuzzVolume), "x", "-1", "0", "00", "é", "𝄞",
	"\u0001", "%", "a'b\"c\\", "..", "null", strings.Repeat("9", 40), strings.Repeat("k", 300), "node@file#pool", "node@file", "@#", "available", "in-use",
	"error", "none", "True", "fuzzed", "__DEFAULT__", "cinder-volume", "<is> True", "2026-01-01T00:00:00", "gt:1", "iqn.2026-11.io.clinker:a", "quota_set", "name"}

// fuzzPath fills the parameters of a pattern: mostly with what is there.
func fuzzPath(pattern string, rnd *rand.Rand) string {
	known := map[string]string{"volumes": fuzzVolume, "snapshots": fuzzSnapshot, "attachments": fuzzAttachment, "messages": fuzzMessage, "types": fuzzType,
		"os-quota-sets": project}
	parts := strings.Split(pattern, "/")
	for i, p := range parts {
		if !strings.HasPrefix(p, "{") {
			continue
		}
		word, ok := known[parts[i-1]]
		if !ok || rnd.IntN(8) == 0 {
			word = strings.ReplaceAll(fuzzWords[rnd.IntN(len(fuzzWords))], "/", "_")
		}
		parts[i] = word
	}
	return strings.Join(parts, "/")
}

// instance is a JSON value that a schema may accept, now and then one that it
// should not.
func instance(tree any, rnd *rand.Rand, depth int) any {
	s, ok := tree.(map[string]any)
	if !ok || depth == 0 || rnd.IntN(24) == 0 {
		return anything(rnd, 2)
	}
	if all, ok := s["enum"].([]any); ok {
		return all[rnd.IntN(len(all))]
	}
	for _, key := range []string{"oneOf", "anyOf", "allOf"} {
		if ways, ok := s[key].([]any); ok && s["properties"] == nil {
			return instance(ways[rnd.IntN(len(ways))], rnd, depth)
		}
	}
	kind, _ := s["type"].(string)
	if several, ok := s["type"].([]any); ok {
		kind, _ = several[rnd.IntN(len(several))].(string)
	}
	switch {
	case kind == "object" || kind == "" && s["properties"] != nil:
		return object(s, rnd, depth)
	case kind == "array":
		out := []any{}
		for range rnd.IntN(4) {
			out = append(out, instance(s["items"], rnd, depth-1))
		}
		return out
	case kind == "null":
		return nil
	case kind == "boolean":
		return rnd.IntN(2) == 0
	case kind == "integer" || kind == "number":
		return number(rnd)
	case s["format"] == "uuid":
		return fuzzWords[rnd.IntN(5)]
	case kind == "string":
		return fuzzWords[rnd.IntN(len(fuzzWords))]
	}
	return anything(rnd, 2)
}

func object(s map[string]any, rnd *rand.Rand, depth int) any {
	out := map[string]any{}
	props, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	seldom := []int{1, 2, 8}[rnd.IntN(3)] // how often what is optional is there
	for key, sub := range props {
		if slices.Contains(required, any(key)) && rnd.IntN(16) != 0 || rnd.IntN(seldom) == 0 {
			out[key] = instance(sub, rnd, depth-1)
		}
	}
	free, _ := s["patternProperties"].(map[string]any)
	for _, sub := range free {
		for range rnd.IntN(3) {
			out[fuzzWords[rnd.IntN(len(fuzzWords))]] = instance(sub, rnd, depth-1)
		}
	}
	if props == nil && free == nil {
		for range rnd.IntN(3) {
			out[fuzzWords[rnd.IntN(len(fuzzWords))]] = anything(rnd, 1)
		}
		out["initiator"] = fuzzWords[rnd.IntN(len(fuzzWords))]
	}
	return out
}

func number(rnd *rand.Rand) json.Number {
	return []json.Number{"0", "1", "-1", "2", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "1.5", "1e3", "-0"}[rnd.IntN(11)]
}

func anything(rnd *rand.Rand, depth int) any {
	switch n := rnd.IntN(8); {
	case n == 0:
		return nil
	case n == 1:
		return rnd.IntN(2) == 0
	case n == 2:
		return number(rnd)
	case n == 3 && depth > 0:
		return []any{anything(rnd, depth-1), anything(rnd, depth-1)}
	case n == 4 && depth > 0:
		return map[string]any{fuzzWords[rnd.IntN(len(fuzzWords))]: anything(rnd, depth-1)}
	}
	return fuzzWords[rnd.IntN(len(fuzzWords))]
}

// FuzzRouteBodies sends every row with a body what its schema may let through
// (text is empty), or any text.
func FuzzRouteBodies(f *testing.F) {
	z := newFuzzed(f)
	rows := slices.DeleteFunc(Routes(), func(r Route) bool { return r.Schema == nil })
	for i, row := range rows {
		for seed := range uint64(6) {
			f.Add(uint(i), int(MaxMicroversion), seed, "")
			f.Add(uint(i), int(row.Since), seed, "")
		}
		f.Add(uint(i), int(MaxMicroversion), uint64(0), fmt.Sprintf(`{%q: null}`, row.Action))
	}
	f.Fuzz(func(t *testing.T, i uint, minor int, seed uint64, text string) {
		row := rows[i%uint(len(rows))]
		m := Microversion(max(0, min(minor, int(MaxMicroversion))))
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		if text == "" {
			raw, err := json.Marshal(instance(row.Schema.Tree(int(m)), rnd, 8))
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		z.send(t, row, m, rnd, "", text)
	})
}

var fuzzQueries = []string{"", "limit=1&offset=0", "limit=0&with_count=1", "limit=99999999999999999999&offset=2147483647",
	"marker=" + fuzzVolume + "&sort=name:asc,size:desc", "marker=" + fuzzSnapshot + "&sort_key=status&sort_dir=asc",
	"marker=" + fuzzMessage + "&sort=event_id", "marker=x", "marker=%00", "sort=metadata", "sort=id,id,id", "sort=,",
	"all_tenants=1&status=error&name~=%25", "all_tenants=x", "metadata={'a':'b'}", "metadata=%00&glance_metadata={}",
	"created_at=gt:2026-01-01,lt:9999-12-31T23:59:59", "updated_at=eq:0001-01-01", "size=1e3&bootable=x",
	"volume_id=x&instance_id=" + fuzzVolume, "name=%ff&%zz=%", "name=%00", "is_public=None&extra_specs={'k':'v'}", "usage=True&user_id=u",
	"resource=volume&resource_type=VOLUME", "detail=true&name=pool", "project_id=" + project + "&id=" + fuzzVolume, "host=a&binary=b",
	"cascade=true&force=true", "name~=" + strings.Repeat("%25", 200), "consumes_quota=maybe",
	"availability_zone=nova&group_id=x&migration_status=none"}

// FuzzRouteQueries sends every row without a body the arguments of lists.
func FuzzRouteQueries(f *testing.F) {
	z := newFuzzed(f)
	rows := slices.DeleteFunc(Routes(), func(r Route) bool { return r.Schema != nil || r.Handle == nil })
	for i := range rows {
		for seed, q := range fuzzQueries {
			f.Add(uint(i), int(MaxMicroversion), uint64(seed), q)
		}
		f.Add(uint(i), 0, uint64(1), fuzzQueries[1])
	}
	f.Fuzz(func(t *testing.T, i uint, minor int, seed uint64, query string) {
		row := rows[i%uint(len(rows))]
		m := Microversion(max(0, min(minor, int(MaxMicroversion))))
		z.send(t, row, m, rand.New(rand.NewPCG(seed, uint64(i))), query, "")
	})
}
