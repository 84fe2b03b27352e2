package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// five volumes, v0 to v4 in the order of their making, of sizes 1, 2, 1, 2, 1.
func fiveVolumes(t *testing.T, c caller) []string {
	t.Helper()
	ids := make([]string, 5)
	for i := range ids {
		meta := map[string]string{"n": fmt.Sprint(i), "half": fmt.Sprint(i % 2)}
		ids[i] = c.want(202, "POST", "/volumes", create(map[string]any{"size": 1 + i%2, "name": fmt.Sprintf("v%d", i), "metadata": meta})).text("volume", "id")
	}
	for _, id := range ids {
		c.status("volume", id, "available")
	}
	return ids
}

// names of a list's items, in its order.
func names(a answer, collection string) string {
	a.t.Helper()
	var out []string
	for i := range a.list(collection) {
		name, _ := a.get(collection, i, "name").(string)
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func TestSortAndFilters(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	ids := fiveVolumes(t, c)
	c.want(200, "POST", "/volumes/"+ids[3]+"/action", `{"os-set_bootable": {"bootable": true}}`)
	const all, none = "v4 v3 v2 v1 v0", ""
	for _, r := range []struct{ mv, query, want string }{
		{"", "", all},
		{"", "sort=name:asc", "v0 v1 v2 v3 v4"},
		{"", "sort=display_name:asc", "v0 v1 v2 v3 v4"},
		{"", "sort=name", "v4 v3 v2 v1 v0"},
		{"", "sort=size:asc,name:desc", "v4 v2 v0 v3 v1"},
		{"", "sort=size:desc", "v3 v1 v4 v2 v0"},
		{"", "sort_key=name&sort_dir=asc", "v0 v1 v2 v3 v4"},
		{"", "sort_key=name", "v4 v3 v2 v1 v0"},
		{"", "sort_dir=asc", "v0 v1 v2 v3 v4"},
		{"", "name=v2", "v2"},
		{"", "name=v", none},
		{"", "size=2&sort=name:asc", "v1 v3"},
		{"", "status=available", all},
		{"", "status=error", none},
		{"", "bootable=true", "v3"},
		{"3.0", "bootable=true", "v3"},
		{"3.2", "bootable=1", "v3"},
		{"", "bootable=false&sort=name:asc", "v0 v1 v2 v4"},
		{"", "availability_zone=nova", all},
		{"", "metadata=" + url.QueryEscape("{'n':'1'}"), "v1"},
		{"", "metadata=" + url.QueryEscape(`{"n":"1"}`), "v1"},
		{"", "metadata=" + url.QueryEscape("{'half':'1'}") + "&sort=name:asc", "v1 v3"},
		{"", "metadata=" + url.QueryEscape("{'half':'1','n':'3'}"), "v3"},
		{"", "metadata=" + url.QueryEscape("{'half':'0','n':'3'}"), none},
		{"3.34", "name~=v&sort=name:asc", "v0 v1 v2 v3 v4"},
		{"3.34", "name~=3", "v3"},
		{"3.60", "created_at=gt:2020-01-01T00:00:00", all},
		{"3.60", "created_at=lt:2020-01-01T00:00:00", none},
		{"3.60", "created_at=gte:2020-01-01T00:00:00,lt:2999-01-01T00:00:00", all},
		{"3.31", "created_at=lt:2020-01-01T00:00:00", none},
		{"3.30", "created_at=lt:2020-01-01T00:00:00", all},
		{"3.60", "updated_at=gt:2020-01-01T00:00:00", all},
		{"", "no_such_column=1", none}, // an administrator's unknown key
		{"", "limit=0", none},
		{"", "limit=2", "v4 v3"},
		{"", "limit=5000", all},
		{"", "offset=3", "v1 v0"},
		{"", "offset=1&limit=2", "v3 v2"},
		{"", "marker=" + ids[3], "v2 v1 v0"},
		{"", "marker=" + ids[3] + "&limit=1", "v2"},
		{"", "marker=" + ids[3] + "&sort=name:asc", "v4"},
		{"", "marker=" + ids[3] + "&offset=1", "v1 v0"},
		{"3.65", "consumes_quota=true", all},
		{"3.65", "consumes_quota=false", none},
		{"", "all_tenants=false", all},
	} {
		for _, form := range []string{"/volumes", "/volumes/detail"} {
			caller := c
			if r.mv != "" {
				caller = c.at(r.mv)
			}
			a := caller.send("GET", form+"?"+r.query, nil)
			if a.status != 200 {
				t.Errorf("%s: status %d: %s", a.what, a.status, a.raw)
				continue
			}
			if got := names(a, "volumes"); got != r.want {
				t.Errorf("%s: %q, want %q", a.what, got, r.want)
			}
		}
	}
}

func TestListsRefuse(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	c.volume()
	get := func(query, mv string, status int, fault string) row {
		return row{name: query + "_" + mv, mv: mv, method: "GET", path: "/volumes/detail?" + query, status: status, fault: fault}
	}
	check(t, c, []row{
		get("limit=abc", "", 400, "limit param must be an integer"),
		get("limit=-1", "", 400, "limit param must be positive"),
		get("limit=1.5", "", 400, "limit param must be an integer"),
		get("offset=-1", "", 400, ""),
		get("offset=abc", "", 400, ""),
		get("offset=2147483648", "", 400, ""),
		get("marker=abc", "", 404, "Volume abc could not be found."),
		get("marker="+unknownID, "", 404, "Volume "+unknownID+" could not be found."),
		get("sort=bogus", "", 400, ""),
		get("sort=name:sideways", "", 400, ""),
		get("sort_key=bogus", "", 400, ""),
		get("sort_dir=sideways", "", 400, ""),
		get("sort=name&sort_key=name", "", 400, "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter."),
		get("bootable=junk", "3.2", 400, "Invalid input received: 'bootable = junk'"),
		get("all_tenants=junk", "", 400, ""),
		get("with_count=junk", "3.45", 400, "Value 'junk' for 'with_count' is not a boolean."),
		get("consumes_quota=junk", "3.65", 400, "Value 'junk' for 'use_quota' is not a boolean."),
		get("created_at=2020-01-01", "3.60", 400, "Invalid 2020-01-01 operator"),
		get("created_at=gt:junk", "3.60", 400, "Invalid junk value"),
		get("created_at=near:2020-01-01T00:00:00", "3.60", 400, "Invalid near operator"),
	})
}

func TestPagesLinkToTheNext(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	ids := fiveVolumes(t, c)
	for _, form := range []string{"/volumes", "/volumes/detail"} {
		next, seen := base+"/"+c.project+form+"?limit=2&sort=name:asc&status=available", []string{}
		for pages := 0; next != ""; pages++ {
			if pages > 3 {
				t.Fatalf("%s: more than 3 pages", form)
			}
			a := c.sendTo("GET", next, nil)
			if a.status != 200 {
				t.Fatalf("%s: status %d: %s", a.what, a.status, a.raw)
			}
			items := a.list("volumes")
			for i := range items {
				seen = append(seen, a.text("volumes", i, "id"))
			}
			next = ""
			if len(items) == 2 {
				next = nextLink(t, c, a, form, seen)
			} else if a.object()["volumes_links"] != nil {
				t.Errorf("%s: a page that is not full has a link: %s", a.what, a.raw)
			}
		}
		if !slices.Equal(seen, ids) {
			t.Errorf("%s: pages hold %v, want %v", form, seen, ids)
		}
	}
	// A full page has a link even when nothing follows.
	if n := len(c.want(200, "GET", "/volumes?limit=5", nil).list("volumes_links")); n != 1 {
		t.Errorf("a page that is just full has %d links", n)
	}
}

// nextLink returns the link of a full page after looking at it.
func nextLink(t *testing.T, c caller, a answer, form string, seen []string) string {
	t.Helper()
	if rel := a.text("volumes_links", 0, "rel"); rel != "next" {
		t.Errorf("%s: rel %q", a.what, rel)
	}
	href := a.text("volumes_links", 0, "href")
	u, err := url.Parse(href)
	if err != nil {
		t.Fatal(err)
	}
	if begin, _, _ := strings.Cut(href, "?"); begin != base+"/"+c.project+form {
		t.Errorf("%s: next is %q", a.what, href)
	}
	q := u.Query()
	if q.Get("limit") != "2" || q.Get("sort") != "name:asc" || q.Get("status") != "available" || q.Get("marker") != seen[len(seen)-1] {
		t.Errorf("%s: next is %q", a.what, href)
	}
	return href
}

func TestCounts(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	ids := fiveVolumes(t, c)
	snapshot := c.snapshot(ids[0])
	for query, want := range map[string]float64{"with_count=true": 5, "with_count=1&limit=2": 5, "with_count=true&name=v1": 1, "with_count=true&limit=0": 5,
		"with_count=true&marker=" + ids[2]: 5} {
		if got := c.at("3.45").want(200, "GET", "/volumes?"+query, nil).get("count"); got != want {
			t.Errorf("%s counts %v, want %v", query, got, want)
		}
	}
	if got := c.at("3.45").want(200, "GET", "/snapshots/detail?with_count=true", nil).get("count"); got != 1.0 {
		t.Errorf("%v snapshots counted, want 1", got)
	}
	if c.at("3.45").want(200, "GET", "/volumes?with_count=false", nil).object()["count"] != nil {
		t.Error("counted without being asked")
	}
	_ = snapshot
}

func TestSummary(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	fiveVolumes(t, c)
	a := c.at("3.12").want(200, "GET", "/volumes/summary", nil)
	keys(t, "summary at 3.12", a.object("volume-summary"), "total_count total_size")
	if a.get("volume-summary", "total_count") != 5.0 || a.get("volume-summary", "total_size") != 7.0 {
		t.Errorf("summary: %s", a.raw)
	}
	a = c.at("3.36").want(200, "GET", "/volumes/summary", nil)
	keys(t, "summary at 3.36", a.object("volume-summary"), "total_count total_size metadata")
	if n := len(a.list("volume-summary", "metadata", "n")); n != 5 {
		t.Errorf("%d values of metadata n: %s", n, a.raw)
	}
	if n := len(a.list("volume-summary", "metadata", "half")); n != 2 {
		t.Errorf("%d values of metadata half: %s", n, a.raw)
	}
}
