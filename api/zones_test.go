package api

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clinker-io/clinker/db"
)

// A type that names zones limits what a user may ask for, and decides when he
// leaves it open. The zones that there are: az1 of the backend, nova.
func TestTypesHaveZones(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	b.sql(t, `INSERT INTO volume_types (name, extra_specs) VALUES ('one', '{"RESKEY:availability_zones": "az1"}'),
		('two', '{"RESKEY:availability_zones": "az1, nova,moon"}'), ('nowhere', '{"RESKEY:availability_zones": "moon, mars"}'), ('empty', '{"RESKEY:availability_zones": ""}')`)
	post := func(name, body string, status int, want string) call {
		return call{name: name, method: "POST", path: "/volumes", body: `{"volume": {"size": 1, ` + body + `}}`, status: status, want: want}
	}
	steps(t, b.user, []call{
		post("a zone of others", `"volume_type": "one", "availability_zone": "nova"`, 400, bad("Availability zone 'nova' is invalid.")),
		post("a zone that is not there", `"volume_type": "two", "availability_zone": "moon"`, 400, bad("Availability zone 'moon' is invalid.")),
		post("no zone is there", `"volume_type": "nowhere"`, 400, bad("Volume type is only supported in these availability zones: ['moon', 'mars']")),
		post("no zone at all", `"volume_type": "empty"`, 400, bad("Volume type is only supported in these availability zones: []")),
	})
	for body, want := range map[string]any{
		`"volume_type": "one"`: "az1", `"volume_type": "one", "availability_zone": "az1"`: "az1",
		`"volume_type": "two"`: nil, `"volume_type": "two", "availability_zone": "nova"`: "nova", `"availability_zone": "az1"`: "az1",
		`"metadata": {}`: "nova",
	} {
		c := call{method: "POST", path: "/v3/" + project + "/volumes", body: `{"volume": {"size": 1, ` + body + `}}`, status: 202}
		var out map[string]any
		if err := json.Unmarshal(c.do(t, b.user).Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		if got := dig(t, out, "volume", "availability_zone"); got != want {
			t.Errorf("%s: zone %v, want %v", body, got, want)
		}
	}
}

// The scheduler says which pools a type may use.
func TestPoolsOfAType(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	var asked string
	h := New(Config{Store: b.store, Auth: asUser{"admin"}, PoolsOfType: func(ty db.VolumeType, pools []db.LivePool) ([]bool, error) {
		asked = ty.Name
		return []bool{false, true}, nil
	}})
	get := func(name, version, query string, status int, want string) call {
		return call{name: name, method: "GET", path: "/scheduler-stats/get_pools?" + query, header: mv("volume " + version), status: status, want: want}
	}
	const both, slow = `{"pools": [{"name": "node@file#fast"}, {"name": "node@file#slow"}]}`, `{"pools": [{"name": "node@file#slow"}]}`
	steps(t, h, []call{
		get("before filters", "3.27", "volume_type=__DEFAULT__", 200, both),
		get("dropped before 3.35", "3.34", "volume_type=__DEFAULT__", 200, both),
		get("by name", "3.35", "volume_type=__DEFAULT__", 200, slow),
		get("with another filter", "3.35", "volume_type=__DEFAULT__&name=node@file%23fast", 200, `{"pools": []}`),
		get("unknown", "3.35", "volume_type=none", 404, missing("Volume type with name none could not be found.")),
	})
	if asked != "__DEFAULT__" {
		t.Errorf("asked about type %q", asked)
	}
}

// The sample of the file says what holds without one.
func TestTheSampleOfResourceFiltersIsCurrent(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../etc/resource_filters.json")
	if err != nil {
		t.Fatal(err)
	}
	var sample map[string][]string
	if err := json.Unmarshal(raw, &sample); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaultFilters, sample); diff != "" {
		t.Errorf("etc/resource_filters.json (-code +file):\n%s", diff)
	}
}
