package api

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clinker-io/clinker/db"
)

const backend = "node@file"

// withServices registers a scheduler and a volume service with two pools.
func withServices(t *testing.T) backed {
	t.Helper()
	b := newBacked(t)
	if _, err := b.store.RegisterService(t.Context(), "node", db.BinaryScheduler, "nova"); err != nil {
		t.Fatal(err)
	}
	s, err := b.store.RegisterService(t.Context(), backend, db.BinaryVolume, "az1")
	if err != nil {
		t.Fatal(err)
	}
	err = b.store.ReportPools(t.Context(), s.ID, map[string]json.RawMessage{
		backend + "#fast": json.RawMessage(`{"pool_name": "fast", "total_capacity_gb": 1000000, "storage_protocol": ["iSCSI", "iscsi"], "multiattach": true}`),
		backend + "#slow": json.RawMessage(`{"pool_name": "slow", "total_capacity_gb": 5, "storage_protocol": "iSCSI"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReasonOfADisabledService(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	for _, step := range []struct {
		verb, more string
		want       any
	}{
		{"disable", "", nil}, {"disable-log-reason", `, "disabled_reason": "repairs"`, "repairs"}, {"disable", "", "repairs"},
		{"enable", "", nil}, {"disable", "", nil},
	} {
		ask(t, b.admin, "PUT", "/os-services/"+step.verb, "0", `{"host": "`+backend+`", "binary": "cinder-volume"`+step.more+`}`)
		s := dig(t, ask(t, b.admin, "GET", "/os-services?binary=cinder-volume", "0", ""), "services", 0).(map[string]any)
		if s["disabled_reason"] != step.want {
			t.Errorf("after %s: reason %v, want %v", step.verb, s["disabled_reason"], step.want)
		}
	}
}

func TestServicesAreListed(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	all := ask(t, b.admin, "GET", "/os-services", "49", "")
	for i, want := range []map[string]any{
		{"binary": "cinder-scheduler", "host": "node", "zone": "nova", "status": "enabled", "state": "up", "disabled_reason": nil, "cluster": nil},
		{"binary": "cinder-volume", "host": backend, "zone": "az1", "status": "enabled", "state": "up", "disabled_reason": nil, "cluster": nil,
			"replication_status": "disabled", "active_backend_id": nil, "frozen": false, "backend_state": "up"},
	} {
		got := dig(t, all, "services", i).(map[string]any)
		if s, _ := got["updated_at"].(string); len(s) != len("2026-01-02T03:04:05.000000") {
			t.Errorf("updated_at is %v", got["updated_at"])
		}
		delete(got, "updated_at")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("service %d (-want +got):\n%s", i, diff)
		}
	}
	for query, want := range map[string]int{"host=node": 2, "host=" + backend: 1, "host=nod": 0, "binary=cinder-volume": 1, "binary=cinder-backup": 0, "host=node&binary=cinder-scheduler": 1} {
		if got := ask(t, b.admin, "GET", "/os-services?"+query, "0", "")["services"].([]any); len(got) != want {
			t.Errorf("%s lists %d services, want %d", query, len(got), want)
		}
	}
	old := dig(t, ask(t, b.admin, "GET", "/os-services?binary=cinder-volume", "0", ""), "services", 0).(map[string]any)
	if _, there := old["cluster"]; there {
		t.Error("cluster is shown before 3.7")
	}
	if _, there := old["backend_state"]; there {
		t.Error("backend_state is shown before 3.49")
	}
	steps(t, b.user, []call{{name: "users see none", method: "GET", path: "/os-services", status: 403, want: forbidden("volume_extension:services:index")}})
}

func TestServicesAreDisabledAndFrozen(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	put := func(name, verb, body string, status int, want string) call {
		return call{name: name, method: "PUT", path: "/os-services/" + verb, body: body, status: status, want: want}
	}
	const which = `{"host": "node@file", "binary": "cinder-volume"`
	steps(t, b.user, []call{put("users change none", "disable", which+"}", 403, forbidden("volume_extension:services:update"))})
	is := func(key string, want any) {
		t.Helper()
		if got := dig(t, ask(t, b.admin, "GET", "/os-services?binary=cinder-volume", "0", ""), "services", 0, key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	steps(t, b.admin, []call{
		put("no host", "disable", `{"binary": "cinder-volume"}`, 400, bad("Invalid input received: Host field is missing.")),
		put("no binary", "disable", `{"host": "node@file"}`, 400, ""),
		put("unknown host", "disable", `{"host": "x", "binary": "cinder-volume"}`, 404, missing("Service cinder-volume could not be found on host x.")),
		put("blank reason", "disable-log-reason", which+`, "disabled_reason": "  "}`, 400, ""),
		put("with a reason", "disable-log-reason", which+`, "disabled_reason": "repairs"}`, 200,
			`{"host": "node@file", "service": "", "binary": "cinder-volume", "status": "disabled", "disabled": true, "disabled_reason": "repairs"}`),
	})
	is("status", "disabled")
	is("disabled_reason", "repairs")
	steps(t, b.admin, []call{put("enable by the older name", "enable", `{"host": "node@file", "service": "cinder-volume"}`, 200,
		`{"host": "node@file", "service": "cinder-volume", "binary": "", "status": "enabled", "disabled": false}`)})
	is("status", "enabled")
	is("disabled_reason", nil)
	steps(t, b.admin, []call{put("disable", "disable", which+"}", 200,
		`{"host": "node@file", "service": "", "binary": "cinder-volume", "status": "disabled", "disabled": true}`)})
	is("status", "disabled")
	newest := func(c call) call { c.header = mv("volume 3.26"); return c }
	steps(t, b.admin, []call{
		put("freeze", "freeze", `{"host": "node@file"}`, 200, "null"),
		put("freeze again", "freeze", `{"host": "node@file"}`, 400, bad("Invalid input received: No service could be changed: frozen in ['node@file'] must be False to failover.")),
		put("freeze unknown", "freeze", `{"host": "x"}`, 400, bad("No service found with host=x")),
		put("freeze nothing", "freeze", `{}`, 400, bad("Invalid input received: Host field is missing.")),
		newest(put("host and cluster", "thaw", `{"host": "x", "cluster": "y"}`, 400, bad("Invalid input received: One and only one of cluster and host must be set."))),
		newest(put("cluster", "thaw", `{"cluster": "y"}`, 400, bad("No service found with cluster=y"))),
	})
	is("frozen", true)
	steps(t, b.admin, []call{put("thaw", "thaw", `{"host": "node@file"}`, 200, "null")})
	is("frozen", false)
}

func TestZonesAreThoseOfVolumeServices(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	zone := func(available string) call {
		return call{name: "zones", method: "GET", path: "/os-availability-zone", status: 200,
			want: `{"availabilityZoneInfo": [{"zoneName": "az1", "zoneState": {"available": ` + available + `}}]}`}
	}
	steps(t, b.user, []call{zone("true")})
	if err := b.store.DisableService(t.Context(), backend, db.BinaryVolume, true, nil); err != nil {
		t.Fatal(err)
	}
	steps(t, b.user, []call{zone("false")})
}

func TestPools(t *testing.T) {
	t.Parallel()
	b := withServices(t)
	const fast, slow = backend + "#fast", backend + "#slow"
	for _, c := range []struct {
		query, mv string
		want      []any
	}{
		{"", "0", []any{fast, slow}},
		{"name=nothing", "0", []any{fast, slow}},
		{"name=node@file%23slow", "28", []any{slow}},
		{"total_capacity_gb=1000000", "28", []any{fast}},
		{"multiattach=yes", "28", []any{fast}},
		{"storage_protocol=iSCSI&detail=true", "28", []any{fast, slow}},
		{"nothing=1", "28", []any{}},
		{"name=node@file%23fast", "31", []any{fast}},
	} {
		if diff := cmp.Diff(c.want, column(t, ask(t, b.admin, "GET", "/scheduler-stats/get_pools?"+c.query, c.mv, "")["pools"], "name")); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c, diff)
		}
	}
	steps(t, b.admin, []call{
		{name: "names alone", method: "GET", path: "/scheduler-stats/get_pools", status: 200, want: `{"pools": [{"name": "node@file#fast"}, {"name": "node@file#slow"}]}`},
		{name: "odd detail", method: "GET", path: "/scheduler-stats/get_pools?detail=perhaps", status: 400, want: bad("Value 'perhaps' for 'detail' is not a boolean.")},
		{name: "filter that the file has not", method: "GET", path: "/scheduler-stats/get_pools?total_capacity_gb=5", header: mv("volume 3.31"), status: 400,
			want: bad("Invalid filters total_capacity_gb are found in query options.")},
	})
	steps(t, b.user, []call{{name: "users see none", method: "GET", path: "/scheduler-stats/get_pools", status: 403, want: forbidden("scheduler_extension:scheduler_stats:get_pools")}})
	detail := dig(t, ask(t, b.admin, "GET", "/scheduler-stats/get_pools?detail=1", "0", ""), "pools", 0, "capabilities")
	want := map[string]any{"pool_name": "fast", "total_capacity_gb": 1e6, "storage_protocol": "iSCSI", "multiattach": true, "allocated_capacity_gb": 0.0}
	if diff := cmp.Diff(want, detail); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
}

func TestResourceFilters(t *testing.T) {
	t.Parallel()
	at := mv("volume 3.33")
	steps(t, New(Config{Auth: asUser{"reader"}, ResourceFilters: map[string][]string{"volume": {"name", "status"}, "group": {}}}), []call{
		{name: "too old", method: "GET", path: "/resource_filters", header: mv("volume 3.32"), status: 404, want: generic404},
		{name: "all", method: "GET", path: "/resource_filters", header: at, status: 200,
			want: `{"resource_filters": [{"resource": "group", "filters": []}, {"resource": "volume", "filters": ["name", "status"]}]}`},
		{name: "one", method: "GET", path: "/resource_filters?resource=volume", header: at, status: 200,
			want: `{"resource_filters": [{"resource": "volume", "filters": ["name", "status"]}]}`},
		{name: "unknown", method: "GET", path: "/resource_filters?resource=x", header: at, status: 200, want: `{"resource_filters": []}`},
	})
}
