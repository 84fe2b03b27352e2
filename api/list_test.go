package api

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clinker-io/clinker/api/auth"
	"github.com/clinker-io/clinker/db"
)

var testSpec = listSpec{
	resource: "volume", since: map[string]Microversion{"group_id": 10, "created_at": 60},
	bools: []string{"bootable", "consumes_quota"}, times: []string{"created_at"}, maps: []string{"metadata"},
}

func listRequest(rawQuery string, mv Microversion, roles ...string) *Request {
	hr := httptest.NewRequest("GET", "/v3/volumes", nil)
	hr.URL.RawQuery = rawQuery
	r := &Request{Request: hr, Identity: &auth.Identity{UserID: "u", ProjectID: "p", Roles: roles}, Microversion: mv, api: New(Config{})}
	r.credentials()
	return r
}

func TestListArguments(t *testing.T) {
	t.Parallel()
	newest := []db.Sort{{Key: "created_at", Desc: true}}
	day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		query string
		mv    Microversion
		admin bool
		want  db.ListQuery
		err   string
	}{
		{query: "", want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000}},
		{query: "limit=0&offset=5&marker=m", want: db.ListQuery{Project: "p", Sort: newest, Offset: 5, Marker: "m"}},
		{query: "limit=99999999999999999999", want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000}},
		{query: "limit=-1", err: "limit param must be positive"},
		{query: "limit=x", err: "limit param must be an integer"},
		{query: "offset=-1", err: "offset must be >= 0"},
		{query: "offset=2147483648", err: "offset must be <= 2147483647"},
		{query: "sort=name:asc,size", want: db.ListQuery{Project: "p", Sort: []db.Sort{{Key: "name"}, {Key: "size", Desc: true}}, Limit: 1000}},
		{query: "sort_key=name&sort_dir=asc", want: db.ListQuery{Project: "p", Sort: []db.Sort{{Key: "name"}}, Limit: 1000}},
		{query: "sort=name&sort_dir=asc", err: "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter."},
		{query: "sort=name:up", err: "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'."},
		{query: "with_count=true", mv: 45, want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000, WithCount: true}},
		{query: "with_count=x", mv: 45, err: "Value 'x' for 'with_count' is not a boolean."},
		{query: "with_count=true", mv: 44, err: "Invalid filters with_count are found in query options."},
		{query: "status=a&status=b&foo=1", want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000, Filters: []db.Filter{{Key: "status", Value: "b"}}}},
		{query: "foo=1&bar=2&all_tenants=1", mv: 31, err: "Invalid filters foo,bar are found in query options."},
		{query: "foo=1", mv: 31, admin: true, want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000, Filters: []db.Filter{{Key: "foo", Value: "1"}}}},
		{query: "all_tenants=1", mv: 31, want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000}},
		{query: "all_tenants=True", admin: true, want: db.ListQuery{Sort: newest, Limit: 1000}},
		{query: "all_tenants=0", admin: true, want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000}},
		{query: "all_tenants=x", admin: true, err: "all_tenants param must be a boolean"},
		{query: "name~=x", mv: 34, want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000, Filters: []db.Filter{{Key: "name", Op: db.Like, Value: "x"}}}},
		{query: "name~=x", mv: 33, err: "Invalid filters name~ are found in query options."},
		{query: "bootable=x", mv: 2, err: "Invalid input received: 'bootable = x'"},
		{query: "bootable=x", mv: 1, want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000, Filters: []db.Filter{{Key: "bootable", Value: "true"}}}},
		{query: "bootable=No", mv: 2, want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000, Filters: []db.Filter{{Key: "bootable", Value: "false"}}}},
		{query: "group_id=g", mv: 9, want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000}},
		{query: "created_at=gt:2026-01-02T03:04:05,lte:2026-01-02T04:04:05%2B01:00", mv: 31, want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000,
			Filters: []db.Filter{{Key: "created_at", Op: db.Greater, Value: day}, {Key: "created_at", Op: db.LessEqual, Value: day}}}},
		{query: "created_at=2026", mv: 60, err: "Invalid 2026 operator"},
		{query: "created_at=gt:x", mv: 60, err: "Invalid x value"},
		{query: "metadata=%7B'a':%20'1',%22b%22:%20u'2'%7D", want: db.ListQuery{Project: "p", Sort: newest, Limit: 1000,
			Filters: []db.Filter{{Key: "metadata", Op: db.Contains, Value: map[string]string{"a": "1", "b": "2"}}}}},
	} {
		role := "member"
		if c.admin {
			role = "admin"
		}
		got, err := listRequest(c.query, c.mv, role).listQuery(&testSpec)
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: got %v, want %s", c.query, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
		} else if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.query, d)
		}
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]string{
		"{}": {}, "{'a':'b'}": {"a": "b"}, `{"a" : "b",}`: {"a": "b"}, `{'it\'s': "\"x\""}`: {"it's": `"x"`}, " {u'a': u'b'} ": {"a": "b"},
	} {
		got, err := parsePairs(text)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "{", "a", "{'a'}", "{'a':1}", "{'a':'b'}x", "{'a':'b' 'c':'d'}", "{,}", "{'a':'b"} {
		if got, err := parsePairs(text); err == nil {
			t.Errorf("%s is taken for %v", text, got)
		}
	}
}

func FuzzListQuery(f *testing.F) {
	for _, s := range []string{"limit=1&sort=a:b", "%zz=%&&=", "created_at=gt:1,lt", "metadata={'a':'\\", "name~=%ff&all_tenants=x"} {
		f.Add(s, 60)
	}
	f.Fuzz(func(t *testing.T, raw string, mv int) {
		r := listRequest(raw, Microversion(mv), "member")
		q, err := r.listQuery(&testSpec)
		if err == nil && (q.Project != "p" || q.Limit < 0 || q.Limit > 1000 || q.Offset < 0 || q.Offset > maxOffset) {
			t.Errorf("%q gives %+v", raw, q)
		}
		if link := r.nextLink("volumes", "m"); !strings.HasSuffix(link, "marker=m") {
			t.Errorf("link %q", link)
		}
	})
}

func FuzzPairs(f *testing.F) {
	for _, s := range []string{"{}", "{'a':'b'}", `{"a":"\`, "{u'"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, text string) { _, _ = parsePairs(text) })
}
