package api

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

// clustered starts a service with the backend fast in the cluster west, which
// takes what is smaller than 3 GiB before all others, and slow in none.
func clustered(t *testing.T) (caller, *harness.Service) {
	t.Helper()
	dir, err := os.MkdirTemp("", "clinker-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	filters, file := filepath.Join(dir, "filters.json"), filepath.Join(dir, "cinder.conf")
	conf := fmt.Sprintf(`[DEFAULT]
host = node
enabled_backends = fast,slow
cluster = west
report_interval = 1
quota_volumes = -1
scheduler_default_filters = AvailabilityZoneFilter,CapacityFilter,CapabilitiesFilter,DriverFilter,InstanceLocalityFilter,JsonFilter
scheduler_default_weighers = GoodnessWeigher
resource_query_filters_file = %s
[fast]
file_pool_path = %s
filter_function = volume.size < 3 and stats.reserved_percentage == 0
goodness_function = 100
[slow]
cluster =
backend_availability_zone = az2
file_pool_path = %s
goodness_function = 10
`, filters, filepath.Join(dir, "fast"), filepath.Join(dir, "slow"))
	for path, text := range map[string]string{filters: `{"volume": ["name"], "pool": ["name", "volume_type"]}`, file: conf} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := harness.Start(t, harness.Options{Args: []string{"--config-file", file}})
	c := newCaller(t)
	c.base = s.URL[:len(s.URL)-len(s.Project())-1]
	return c, s
}

func TestClusteredService(t *testing.T) {
	t.Parallel()
	c, s := clustered(t)
	steps := []struct {
		name string
		do   func(t *testing.T, c caller)
	}{
		{"clusters", clustersAreShown},
		{"functions and hints place volumes", functionsPlaceVolumes},
		{"types have zones", typesHaveZones},
		{"a cluster is disabled", clusterIsDisabled},
		{"a cluster is frozen", clusterIsFrozen},
		{"pools", poolsAreFiltered},
		{"log levels", logLevelsAreFollowed},
		{"resource filters", resourceFiltersComeFromTheFile},
		{"manage", func(t *testing.T, c caller) { c.in(t).manages(s) }},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) { step.do(t, c.in(t)) })
	}
}

func clustersAreShown(t *testing.T, c caller) {
	const summary, detail = "name binary state status", " num_hosts num_down_hosts last_heartbeat created_at updated_at disabled_reason"
	for mv, want := range map[string]string{"3.7": "", "3.26": " replication_status"} {
		a := c.at(mv).want(200, "GET", "/clusters", nil)
		if len(a.list("clusters")) != 1 {
			t.Fatalf("%s: %s", a.what, a.raw)
		}
		keys(t, a.what, a.object("clusters", 0), summary+want)
	}
	for mv, want := range map[string]string{"3.7": "", "3.26": " replication_status frozen active_backend_id"} {
		for _, path := range []string{"/clusters/detail", "/clusters/west@fast"} {
			a := c.at(mv).want(200, "GET", path, nil)
			got, ok := a.object()["cluster"].(map[string]any)
			if !ok {
				got = a.object("clusters", 0)
			}
			keys(t, a.what, got, summary+detail+want)
			if got["name"] != "west@fast" || got["state"] != "up" || got["num_hosts"] != 1.0 || got["num_down_hosts"] != 0.0 {
				t.Errorf("%s: %v", a.what, got)
			}
		}
	}
	check(t, c, []row{
		{name: "before 3.7", mv: "3.6", method: "GET", path: "/clusters", status: 404, fault: genericNotFound},
		{name: "unknown", method: "GET", path: "/clusters/east", status: 404, fault: "Cluster {'binary': 'cinder-volume', 'name': 'east'} could not be found."},
		{name: "unknown filter", method: "GET", path: "/clusters?x=1", status: 400, fault: "Invalid input received: Invalid filter keys: x"},
		{name: "not made here", method: "POST", path: "/clusters", body: `{}`, status: 404},
	})
	for _, v := range c.want(200, "GET", "/os-services?binary=cinder-volume", nil).list("services") {
		service := v.(map[string]any)
		if want := map[any]any{"node@fast": "west@fast", "node@slow": nil}[service["host"]]; service["cluster"] != want {
			t.Errorf("service %v is in cluster %v", service["host"], service["cluster"])
		}
	}
}

// sized makes a volume and says where it is, "" when it is nowhere.
func (c caller) sized(gib int, hints map[string]any) (id, host string) {
	c.t.Helper()
	body := map[string]any{"volume": map[string]any{"size": gib}}
	if hints != nil {
		body["OS-SCH-HNT:scheduler_hints"] = hints
	}
	id = c.want(202, "POST", "/volumes", body).text("volume", "id")
	done := ""
	c.await("volume "+id+" to be made", func() bool {
		a := c.want(200, "GET", "/volumes/"+id, nil)
		done = a.text("volume", "status")
		host, _ = a.get("volume", "os-vol-host-attr:host").(string)
		return done != "creating"
	})
	if done == "error" {
		return id, ""
	}
	return id, host
}

func functionsPlaceVolumes(t *testing.T, c caller) {
	for _, p := range []struct {
		name  string
		gib   int
		hints map[string]any
		want  string
	}{
		{"the best", 1, nil, "node@fast#fast"},
		{"too big for the best", 3, nil, ""}, // and the other one is in another zone
		{"a query", 1, map[string]any{"query": `["=", "$volume_backend_name", "fast"]`}, "node@fast#fast"},
		{"a query that none fits", 1, map[string]any{"query": `["=", "$volume_backend_name", "slow"]`}, ""},
		{"a broken query", 1, map[string]any{"query": `[`}, ""},
		{"an instance, and no compute", 1, map[string]any{"local_to_instance": unknownID}, ""},
	} {
		id, host := c.sized(p.gib, p.hints)
		if host != p.want {
			t.Errorf("%s: on %q, want %q", p.name, host, p.want)
		}
		a := c.at("3.61").want(200, "GET", "/volumes/"+id, nil)
		cluster, _ := a.get("volume", "cluster_name").(string)
		if want := strings.Replace(p.want, "node@", "west@", 1); cluster != want {
			t.Errorf("%s: in cluster %q, want %q", p.name, cluster, want)
		}
	}
}

func typesHaveZones(t *testing.T, c caller) {
	typ := func(name, zones string) {
		c.want(200, "POST", "/types", map[string]any{"volume_type": map[string]any{"name": name, "extra_specs": map[string]any{"RESKEY:availability_zones": zones}}})
	}
	typ("second", "az2")
	typ("both", "az2,nova")
	typ("nowhere", "moon")
	volume := func(more string) string { return `{"volume": {"size": 1, ` + more + `}}` }
	check(t, c, []row{
		{name: "not of the type", method: "POST", path: "/volumes", body: volume(`"volume_type": "second", "availability_zone": "nova"`), status: 400, fault: "Availability zone 'nova' is invalid."},
		{name: "no such zones", method: "POST", path: "/volumes", body: volume(`"volume_type": "nowhere"`), status: 400, fault: "Volume type is only supported in these availability zones: ['moon']"},
	})
	for more, want := range map[string]string{`"volume_type": "second"`: "az2", `"volume_type": "both"`: "nova", `"volume_type": "both", "availability_zone": "az2"`: "az2"} {
		id := c.want(202, "POST", "/volumes", volume(more)).text("volume", "id")
		c.status("volume", id, "available")
		if got := c.want(200, "GET", "/volumes/"+id, nil).text("volume", "availability_zone"); got != want {
			t.Errorf("%s: in zone %s, want %s", more, got, want)
		}
	}
}

func clusterIsDisabled(t *testing.T, c caller) {
	put := func(name, verb, body string, status int, fault string) row {
		return row{name: name, method: "PUT", path: "/clusters/" + verb, body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		put("no name", "disable", `{}`, 400, ""),
		put("odd name", "enable", `{"name": 5}`, 400, ""),
		put("more", "enable", `{"name": "west", "x": 1}`, 400, ""),
		put("no object", "enable", `[]`, 400, ""),
		put("unknown", "enable", `{"name": "east"}`, 404, "Cluster {'binary': 'cinder-volume', 'name': 'east'} could not be found."),
		put("unknown binary", "enable", `{"name": "west", "binary": "cinder-backup"}`, 404, ""),
		{name: "before 3.7", mv: "3.6", method: "PUT", path: "/clusters/disable", body: `{"name": "west"}`, status: 404, fault: genericNotFound},
	})
	a := c.want(200, "PUT", "/clusters/disable", `{"name": "west@fast", "disabled_reason": " repairs "}`)
	keys(t, a.what, a.object("cluster"), "name binary state status disabled_reason replication_status")
	if a.get("cluster", "status") != "disabled" || a.get("cluster", "disabled_reason") != "repairs" {
		t.Errorf("%s: %s", a.what, a.raw)
	}
	if _, host := c.sized(1, nil); host != "" {
		t.Errorf("a disabled cluster has got a volume: %s", host)
	}
	c.want(200, "PUT", "/clusters/enable", `{"name": "west"}`)
	if _, host := c.sized(1, nil); host != "node@fast#fast" {
		t.Errorf("the cluster that is enabled again has got none, but %q", host)
	}
}

func clusterIsFrozen(t *testing.T, c caller) {
	c.want(200, "PUT", "/os-services/freeze", `{"cluster": "west"}`)
	if got := c.want(200, "GET", "/clusters/west", nil).get("cluster", "frozen"); got != true {
		t.Errorf("frozen is %v", got)
	}
	check(t, c, []row{
		{name: "again", method: "PUT", path: "/os-services/freeze", body: `{"host": "node@fast"}`, status: 400, fault: "Invalid input received: frozen in west@fast must be False to failover."},
		{name: "failover", method: "PUT", path: "/os-services/failover_host", body: `{"cluster": "west"}`, status: 400,
			fault: "Invalid input received: replication_status in west@fast must be ['enabled', 'failed-over'] and must be up to failover."},
		{name: "two backends", method: "PUT", path: "/os-services/freeze", body: `{"host": "node"}`, status: 400, fault: "Services from different clusters found."},
	})
	if _, host := c.sized(1, nil); host != "" {
		t.Errorf("a frozen cluster has got a volume: %s", host)
	}
	c.want(200, "PUT", "/os-services/thaw", `{"host": "node@fast"}`)
	if _, host := c.sized(1, nil); host != "node@fast#fast" {
		t.Errorf("on %q", host)
	}
}

func poolsAreFiltered(t *testing.T, c caller) {
	for _, backend := range []string{"slow", "other"} {
		c.want(200, "POST", "/types", map[string]any{"volume_type": map[string]any{"name": backend, "extra_specs": map[string]any{"volume_backend_name": backend}}})
	}
	// No volume is asked about, so that the function of fast has no size and refuses.
	for query, want := range map[string]string{"": "node@fast#fast node@slow#slow", "volume_type=slow": "node@slow#slow", "volume_type=other": "",
		"volume_type=slow&name=node@fast%23fast": "", "name=node@slow%23slow": "node@slow#slow", "volume_type=__DEFAULT__": "node@slow#slow"} {
		names := poolNames(c.want(200, "GET", "/scheduler-stats/get_pools?"+query, nil))
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	a := c.want(200, "GET", "/scheduler-stats/get_pools?detail=true&name=node@fast%23fast", nil)
	if got := a.object("pools", 0, "capabilities"); got["goodness_function"] != "100" || got["backend_state"] != "up" {
		t.Errorf("%s: %v", a.what, got)
	}
}

func logLevelsAreFollowed(t *testing.T, c caller) {
	c.want(202, "PUT", "/os-services/set-log", `{"binary": "cinder-volume", "server": "node@fast", "prefix": "clinker.vol", "level": "debug"}`)
	level := func(host string) (got string) {
		for _, v := range c.want(200, "PUT", "/os-services/get-log", `{"binary": "cinder-volume"}`).list("log_levels") {
			line := v.(map[string]any)
			if line["host"] == host {
				got, _ = line["levels"].(map[string]any)["clinker.volume"].(string)
			}
		}
		return got
	}
	c.await("the level to be set", func() bool { return level("node@fast") == "DEBUG" })
	if got := level("node@slow"); got != "INFO" {
		t.Errorf("the other backend is at %q", got)
	}
	c.want(202, "PUT", "/os-services/set-log", `{"binary": "cinder-api", "level": "WARNING"}`)
	a := c.want(200, "PUT", "/os-services/get-log", `{"binary": "cinder-api", "server": "node"}`)
	if got := a.get("log_levels", 0, "levels", "clinker.api"); got != "WARNING" {
		t.Errorf("%s: %s", a.what, a.raw)
	}
}

func resourceFiltersComeFromTheFile(t *testing.T, c caller) {
	a := c.want(200, "GET", "/resource_filters?resource=volume", nil)
	if want := `{"resource_filters": [{"resource": "volume", "filters": ["name"]}]}`; string(a.raw) != want {
		t.Errorf("%s: %s", a.what, a.raw)
	}
	check(t, c, []row{
		{name: "before 3.33", mv: "3.32", method: "GET", path: "/resource_filters", status: 404, fault: genericNotFound},
		{name: "not of pools", method: "GET", path: "/scheduler-stats/get_pools?vendor_name=x", status: 400, fault: "Invalid filters vendor_name are found in query options."},
	})
}

// manages runs `clinker manage` on the database of the running service.
func (c caller) manages(s *harness.Service) {
	for args, want := range map[string]string{
		"quota check":   "0 differences",
		"quota sync":    "0 differences",
		"service list":  "west@fast",
		"host list az2": "node@slow",
		"cluster list":  "west@fast",
		"db version":    "\n",
	} {
		cmd := exec.Command(harness.Build(c.t), append([]string{"manage", "--state-dir", s.StateDir}, strings.Fields(args)...)...)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			c.t.Errorf("manage %s: %v\n%s", args, err, out)
		}
	}
}
