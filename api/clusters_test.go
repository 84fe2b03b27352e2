package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clinker-io/clinker/db"
)

// withClusters has withServices' in the cluster west@file, beside a node that
// was heard of an hour ago, and the empty cluster east@file.
func withClusters(t *testing.T) backed {
	t.Helper()
	b := withServices(t)
	for _, host := range []string{"old@file", "gone@file"} {
		if _, err := b.store.RegisterService(t.Context(), host, db.BinaryVolume, "az1"); err != nil {
			t.Fatal(err)
		}
	}
	all, err := b.store.Services(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		name := map[string]string{backend: "west@file", "old@file": "west@file", "gone@file": "east@file"}[s.Host]
		if name == "" {
			continue
		}
		if err := b.store.JoinCluster(t.Context(), s.ID, db.BinaryVolume, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.store.RemoveService(t.Context(), "gone@file", db.BinaryVolume); err != nil {
		t.Fatal(err)
	}
	b.sql(t, "UPDATE services SET heartbeat_at = now() - interval '1 hour' WHERE host = 'old@file'")
	return b
}

func TestClustersAreListed(t *testing.T) {
	t.Parallel()
	b := withClusters(t)
	west := map[string]any{"name": "west@file", "binary": "cinder-volume", "state": "up", "status": "enabled"}
	east := map[string]any{"name": "east@file", "binary": "cinder-volume", "state": "down", "status": "enabled"}
	got := ask(t, b.admin, "GET", "/clusters", "7", "")
	if diff := cmp.Diff(map[string]any{"clusters": []any{west, east}}, got); diff != "" {
		t.Errorf("at 3.7 (-want +got):\n%s", diff)
	}
	west["replication_status"], east["replication_status"] = "disabled", "disabled"
	if diff := cmp.Diff(map[string]any{"clusters": []any{west, east}}, ask(t, b.admin, "GET", "/clusters", "26", "")); diff != "" {
		t.Errorf("at 3.26 (-want +got):\n%s", diff)
	}
	old := ask(t, b.admin, "GET", "/clusters/west@file", "7", "")["cluster"].(map[string]any)
	for _, key := range []string{"replication_status", "frozen", "active_backend_id"} {
		if _, there := old[key]; there {
			t.Errorf("%s is shown before 3.26", key)
		}
	}
	detail := dig(t, ask(t, b.admin, "GET", "/clusters/detail", "26", ""), "clusters").([]any)
	for i, want := range []map[string]any{
		{"name": "west@file", "state": "up", "num_hosts": 2.0, "num_down_hosts": 1.0},
		{"name": "east@file", "state": "down", "num_hosts": 0.0, "num_down_hosts": 0.0, "last_heartbeat": ""},
	} {
		want["binary"], want["status"], want["disabled_reason"], want["updated_at"] = "cinder-volume", "enabled", nil, ""
		want["replication_status"], want["frozen"], want["active_backend_id"] = "disabled", false, nil
		got := detail[i].(map[string]any)
		for _, key := range []string{"created_at", "last_heartbeat"} {
			if at, _ := got[key].(string); len(at) == len("2026-01-02T03:04:05.000000") {
				delete(got, key)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("cluster %d (-want +got):\n%s", i, diff)
		}
	}
	services := column(t, ask(t, b.admin, "GET", "/os-services?binary=cinder-volume", "7", "")["services"], "cluster")
	if diff := cmp.Diff([]any{"west@file", "west@file"}, services); diff != "" {
		t.Errorf("clusters of services:\n%s", diff)
	}
}

func TestClustersAreFiltered(t *testing.T) {
	t.Parallel()
	b := withClusters(t)
	for query, want := range map[string]string{
		"name=west": "west@file", "name=west@file": "west@file", "name=wes": "", "binary=cinder-backup": "", "is_up=true": "west@file", "is_up=no": "east@file",
		"disabled=1": "", "disabled=f&is_up=0": "east@file", "num_hosts=2": "west@file", "num_hosts=two": "", "num_down_hosts=1&num_hosts=2": "west@file",
		"frozen=false": "west@file east@file", "replication_status=enabled": "", "active_backend_id=x": "",
	} {
		var names []string
		for _, n := range column(t, ask(t, b.admin, "GET", "/clusters?"+query, "26", "")["clusters"], "name") {
			names = append(names, n.(string))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s lists %q, want %q", query, got, want)
		}
	}
	get := func(name, version, path string, status int, want string) call {
		return call{name: name, method: "GET", path: path, header: mv("volume " + version), status: status, want: want}
	}
	steps(t, b.admin, []call{
		get("too old", "3.6", "/clusters", 404, generic404),
		get("unknown filter", "3.7", "/clusters?x=1", 400, bad("Invalid input received: Invalid filter keys: x")),
		get("filter of later", "3.25", "/clusters?frozen=1", 400, bad("Invalid input received: Invalid filter keys: frozen")),
		get("odd boolean", "3.7", "/clusters/detail?is_up=perhaps", 400, bad("Value 'perhaps' for 'is_up' is not a boolean.")),
		get("unknown", "3.7", "/clusters/north", 404, missing("Cluster {'binary': 'cinder-volume', 'name': 'north'} could not be found.")),
	})
	steps(t, b.user, []call{
		get("users list none", "3.7", "/clusters", 403, forbidden("clusters:get_all")),
		get("users see none", "3.7", "/clusters/west", 403, forbidden("clusters:get")),
	})
}

func TestClustersAreDisabled(t *testing.T) {
	t.Parallel()
	b := withClusters(t)
	put := func(name, verb, body string, status int, want string) call {
		return call{name: name, method: "PUT", path: "/clusters/" + verb, body: body, header: mv("volume 3.26"), status: status, want: want}
	}
	pools := func(want int) {
		t.Helper()
		live, err := b.store.LivePools(t.Context())
		if err != nil || len(live) != want {
			t.Errorf("%d pools, %v; want %d", len(live), err, want)
		}
	}
	const answer = `{"cluster": {"name": "west@file", "binary": "cinder-volume", "state": "up", "status": "`
	pools(2)
	steps(t, b.user, []call{put("users change none", "disable", `{"name": "west"}`, 403, forbidden("clusters:update"))})
	steps(t, b.admin, []call{
		put("no name", "disable", `{}`, 400, bad("'name' is a required property")),
		put("more", "disable", `{"name": "west", "x": 1}`, 400, ""),
		put("reason too early", "enable", `{"name": "west", "disabled_reason": "x"}`, 400, ""),
		put("no body", "disable", ``, 400, ""),
		put("blank reason", "disable", `{"name": "west", "disabled_reason": " "}`, 400, bad("Invalid input received: disabled_reason has 0 characters, less than 1.")),
		put("unknown", "disable", `{"name": "north"}`, 404, missing("Cluster {'binary': 'cinder-volume', 'name': 'north'} could not be found.")),
		put("another binary", "disable", `{"name": "west", "binary": "cinder-backup"}`, 404, ""),
		put("unknown verb", "explode", `{"name": "west"}`, 404, ""),
		put("disable", "disable", `{"name": "west", "disabled_reason": " repairs "}`, 200, answer+`disabled", "replication_status": "disabled", "disabled_reason": "repairs"}}`),
	})
	pools(0)
	if got := dig(t, ask(t, b.admin, "GET", "/clusters/west", "7", ""), "cluster", "disabled_reason"); got != "repairs" {
		t.Errorf("the reason is %v", got)
	}
	steps(t, b.admin, []call{put("enable", "enable", `{"name": "west@file", "binary": "cinder-volume"}`, 200, answer+`enabled", "replication_status": "disabled", "disabled_reason": null}}`)})
	pools(2)
}

func TestClustersAreFrozenAndDoNotFailOver(t *testing.T) {
	t.Parallel()
	b := withClusters(t)
	put := func(name, version, verb, body string, status int, want string) call {
		return call{name: name, method: "PUT", path: "/os-services/" + verb, body: body, header: mv("volume " + version), status: status, want: want}
	}
	const notReplicating = "must be ['enabled', 'failed-over'] and must be up to failover."
	steps(t, b.admin, []call{
		put("by a member", "3.0", "freeze", `{"host": "node@file"}`, 200, "null"),
		put("frozen already", "3.26", "freeze", `{"cluster": "west"}`, 400, bad("Invalid input received: frozen in west@file must be False to failover.")),
		put("thaw by cluster", "3.26", "thaw", `{"cluster": "west@file"}`, 200, "null"),
		put("cluster is unknown before 3.26", "3.25", "freeze", `{"cluster": "west"}`, 400, bad("Invalid input received: Host field is missing.")),
		put("cluster does not count before 3.26", "3.25", "freeze", `{"host": "nobody", "cluster": "west"}`, 400, bad("No service found with host=nobody")),
		put("failover of nothing", "3.0", "failover_host", `{}`, 400, bad("Invalid input received: Host field is missing.")),
		put("failover of nobody", "3.0", "failover_host", `{"host": "x", "backend_id": "y"}`, 400, bad("No service found with host=x")),
		put("failover of both", "3.26", "failover_host", `{"host": "x", "cluster": "y"}`, 400, bad("Invalid input received: One and only one of cluster and host must be set.")),
		put("failover of no cluster", "3.26", "failover_host", `{"cluster": "x"}`, 400, bad("No service found with cluster=x")),
		put("failover of a cluster", "3.26", "failover_host", `{"cluster": "west"}`, 400, bad("Invalid input received: replication_status in west@file "+notReplicating)),
		put("failover with more", "3.26", "failover_host", `{"cluster": "west", "x": 1}`, 400, ""),
	})
	frozen := column(t, ask(t, b.admin, "GET", "/os-services?binary=cinder-volume", "7", "")["services"], "frozen")
	if diff := cmp.Diff([]any{false, false}, frozen); diff != "" {
		t.Errorf("frozen:\n%s", diff)
	}
	b.sql(t, "UPDATE services SET cluster_name = NULL")
	steps(t, b.admin, []call{
		put("failover of a backend", "3.0", "failover_host", `{"host": "node@file", "backend_id": "default"}`, 400,
			bad("Invalid input received: No service could be changed: replication_status in ['node@file'] "+notReplicating)),
	})
	if _, err := b.store.RegisterService(t.Context(), "node@second", db.BinaryVolume, "az1"); err != nil {
		t.Fatal(err)
	}
	steps(t, b.admin, []call{put("a node with two backends", "3.0", "freeze", `{"host": "node"}`, 400, bad("Services from different clusters found."))})
	steps(t, b.user, []call{put("users fail nothing over", "3.0", "failover_host", `{"host": "node@file"}`, 403, forbidden("volume_extension:services:update"))})
}
