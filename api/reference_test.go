package api

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// open are the calls that upstream asks no rule for: their rows are the
// caller's own, or everybody's.
var open = []string{"GET /extensions", "GET /extensions/{}", "GET /attachments", "GET /attachments/detail", "GET /attachments/{}",
	"GET /os-availability-zone", "GET /resource_filters", "GET /group_types", "GET /group_types/{}"}

// accidents are calls that upstream routes and never serves: they need not be
// in the table, and may.
var accidents = []string{"DELETE /groups/{}", "PUT /os-hosts", "POST /consistencygroups/{}/action"}

// notGuards are rules of the reference that a call passes without: they only
// show parts of the answer, or are asked with an administrator's rights.
var notGuards = []string{
	"volume_extension:volume_host_attribute", "volume_extension:volume_tenant_attribute", "volume_extension:volume_mig_status_attribute",
	"volume_extension:volume_image_metadata:show", "volume_extension:extended_snapshot_attributes",
	"volume_extension:types_extra_specs:read_sensitive", "volume_extension:access_types_extra_specs", "volume_extension:access_types_qos_specs_id",
	"volume_extension:volume_type_access", "group:group_project_attribute", "group:group_snapshot_project_attribute", "group:access_group_types_specs",
	"volume:update_volume_admin_metadata",
	"volume:create_from_image", // comes with images
}

// operation is a row of the reference.
type operation struct {
	method, path, action string
	since                Microversion
	status               int
	policies             []string
}

// key names a call however its parameters are called.
func (o operation) key() string {
	return strings.TrimSpace(placeOf(Route{Method: o.method, Path: o.path}).pattern + " " + o.action)
}

func readOperations(t *testing.T) map[string]operation {
	t.Helper()
	raw, err := os.ReadFile("testdata/operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]operation)
	for i, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 6 {
			t.Fatalf("row %d has %d columns", i+2, len(f))
		}
		since, err1 := strconv.Atoi(f[3])
		status, err2 := strconv.Atoi(f[4])
		if err1 != nil || err2 != nil {
			t.Fatalf("row %d: %v %v", i+2, err1, err2)
		}
		o := operation{f[0], f[1], f[2], Microversion(since), status, slices.DeleteFunc(strings.Split(f[5], ";"), func(s string) bool { return s == "" })}
		out[o.method+" "+o.key()] = o
	}
	return out
}

// Every call of the reference is in the table and the other way round, with
// its version, status, rules and a schema for its body.
func TestTableCoversTheReference(t *testing.T) {
	t.Parallel()
	reference := readOperations(t)
	if len(reference) < 190 {
		t.Fatalf("the reference has only %d rows", len(reference))
	}
	ours := make(map[string]Route)
	for _, r := range Routes() {
		o := operation{method: r.Method, path: r.Path, action: r.Action}
		key := r.Method + " " + o.key()
		if first, twice := ours[key]; twice && first.Since <= r.Since {
			continue // the call begins with the oldest row
		}
		ours[key] = r
		if _, ok := reference[key]; !ok && !slices.Contains(accidents, key) {
			t.Errorf("%s is no call of the reference", key)
		}
	}
	for key, o := range reference {
		r, ok := ours[key]
		if !ok {
			t.Errorf("%s has no route", key)
			continue
		}
		for _, wrong := range o.compare(r) {
			t.Errorf("%s: %s", key, wrong)
		}
	}
}

// compare says in what a route differs.
func (o operation) compare(r Route) (wrong []string) {
	note := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if r.Since != o.since {
		note("since %s, want %s", r.Since, o.since)
	}
	if r.Status != o.status {
		note("status %d, want %d", r.Status, o.status)
	}
	rules := slices.Concat([]string{r.Policy}, r.Checks, r.Also)
	for _, p := range o.policies {
		if !slices.Contains(rules, p) && !slices.Contains(notGuards, p) {
			note("does not ask rule %s", p)
		}
	}
	if r.Policy == "" && len(r.Checks)+len(r.Also) == 0 && !slices.Contains(open, o.method+" "+o.key()) {
		note("asks no rule at all")
	}
	if r.Schema == nil && (r.Method == http.MethodPost || r.Method == http.MethodPut) {
		note("checks no schema")
	}
	return wrong
}
