package api

import (
	"fmt"
	"strings"
	"testing"
)

// serviceOf returns the listed service of a binary.
func (c caller) serviceOf(binary string) map[string]any {
	c.t.Helper()
	a := c.want(200, "GET", "/os-services?binary="+binary, nil)
	if len(a.list("services")) != 1 {
		c.t.Fatalf("%s: %s", a.what, a.raw)
	}
	return a.object("services", 0)
}

// Not parallel: it takes the only backend away from everybody.
func TestAFrozenBackendStaysAsItIs(t *testing.T) {
	c := newCaller(t)
	volume, spare := c.volume(), c.volume()
	snapshot := c.snapshot(volume)
	host := c.serviceOf("cinder-volume")["host"].(string)
	put := func(name, mv, verb, body string, status int, fault string) row {
		return row{name: name, mv: mv, method: "PUT", path: "/os-services/" + verb, body: body, status: status, fault: fault}
	}
	which := fmt.Sprintf(`{"host": %q}`, host)
	const frozen = "Invalid input received: Modification operations are not allowed on frozen storage backends."
	check(t, c, []row{
		put("no host before clusters", "3.25", "freeze", `{}`, 400, "Invalid input received: Host field is missing."),
		put("neither", "3.26", "freeze", `{}`, 400, "Invalid input received: One and only one of cluster and host must be set."),
		put("both", "3.26", "thaw", `{"host": "a", "cluster": "b"}`, 400, "Invalid input received: One and only one of cluster and host must be set."),
		put("unknown host", "3.65", "freeze", `{"host": "nobody@nothing"}`, 400, "No service found with host=nobody@nothing"),
		put("unknown cluster", "3.65", "thaw", `{"cluster": "none"}`, 400, "No service found with cluster=none"),
		put("unknown key", "3.65", "freeze", `{"host": "a", "binary": "b"}`, 400, ""),
		put("thaw what is not frozen", "3.65", "thaw", which, 400, "Invalid input received: No service could be changed: *"),
	})
	if a := c.want(200, "PUT", "/os-services/freeze", which); string(a.raw) != "null" {
		t.Errorf("%s: %s", a.what, a.raw)
	}
	if s := c.serviceOf("cinder-volume"); s["frozen"] != true || s["status"] != "enabled" {
		t.Errorf("frozen: %v", s)
	}
	check(t, c, []row{
		put("freeze again", "3.0", "freeze", which, 400, "Invalid input received: No service could be changed: *"),
		{name: "delete", method: "DELETE", path: "/volumes/" + spare, status: 400, fault: frozen},
		{name: "snapshot", method: "POST", path: "/snapshots", body: snapshotOf(spare, nil), status: 400, fault: frozen},
		{name: "delete of a snapshot", method: "DELETE", path: "/snapshots/" + snapshot, status: 400, fault: frozen},
	})
	id := c.want(202, "POST", "/volumes", create(map[string]any{"size": 1})).text("volume", "id")
	c.status("volume", id, "error")
	c.want(200, "PUT", "/os-services/thaw", which)
	if s := c.serviceOf("cinder-volume"); s["frozen"] != false {
		t.Errorf("thawed: %v", s)
	}
	c.status("volume", spare, "available")
	c.want(202, "DELETE", "/snapshots/"+snapshot, nil)
	c.want(202, "DELETE", "/volumes/"+spare, nil)
	c.volume()
}

// Not parallel: it takes the only backend away from everybody.
func TestServicesAreListedDisabledAndEnabled(t *testing.T) {
	c := newCaller(t)
	const scheduler = "binary host zone status state updated_at disabled_reason"
	const volume = scheduler + " replication_status active_backend_id frozen"
	keys(t, "scheduler at 3.0", c.at("3.0").serviceOf("cinder-scheduler"), scheduler)
	keys(t, "volume at 3.0", c.at("3.0").serviceOf("cinder-volume"), volume)
	keys(t, "volume at 3.7", c.at("3.7").serviceOf("cinder-volume"), volume+" cluster")
	keys(t, "volume at 3.49", c.at("3.49").serviceOf("cinder-volume"), volume+" cluster backend_state")
	keys(t, "scheduler at 3.49", c.at("3.49").serviceOf("cinder-scheduler"), scheduler+" cluster")
	s := c.serviceOf("cinder-volume")
	host, _ := s["host"].(string)
	if !strings.Contains(host, "@") || s["state"] != "up" || s["status"] != "enabled" || s["zone"] != "nova" {
		t.Errorf("volume service: %v", s)
	}
	short, _, _ := strings.Cut(host, "@")
	for query, want := range map[string]int{"host=" + host: 1, "host=nobody": 0, "binary=cinder-backup": 0, "host=" + short + "&binary=cinder-volume": 1} {
		if n := len(c.want(200, "GET", "/os-services?"+query, nil).list("services")); n != want {
			t.Errorf("%s lists %d services, want %d", query, n, want)
		}
	}
	which := fmt.Sprintf(`"host": %q, "binary": "cinder-volume"`, host)
	put := func(name, path, body string, status int, fault string) row {
		return row{name: name, method: "PUT", path: "/os-services/" + path, body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		put("unknown host", "disable", `{"host": "nobody", "binary": "cinder-volume"}`, 404, ""),
		put("unknown binary", "enable", fmt.Sprintf(`{"host": %q, "binary": "nothing"}`, host), 404, ""),
		put("no host", "disable", `{"binary": "cinder-volume"}`, 400, ""),
		put("reason null", "disable-log-reason", `{`+which+`, "disabled_reason": null}`, 400, ""),
		put("reason empty", "disable-log-reason", `{`+which+`, "disabled_reason": ""}`, 400, ""),
		put("unknown action", "explode", `{`+which+`}`, 404, ""),
	})
	a := c.want(200, "PUT", "/os-services/disable-log-reason", `{`+which+`, "disabled_reason": "repairs"}`)
	keys(t, a.what, a.object(), "host service binary status disabled disabled_reason")
	if s := c.serviceOf("cinder-volume"); s["status"] != "disabled" || s["disabled_reason"] != "repairs" {
		t.Errorf("disabled: %v", s)
	}
	id := c.want(202, "POST", "/volumes", create(map[string]any{"size": 1})).text("volume", "id")
	c.status("volume", id, "error")
	a = c.want(200, "PUT", "/os-services/enable", `{`+which+`}`)
	keys(t, a.what, a.object(), "host service binary status disabled")
	if s := c.serviceOf("cinder-volume"); s["status"] != "enabled" || s["disabled_reason"] != nil {
		t.Errorf("enabled again: %v", s)
	}
	a = c.want(200, "PUT", "/os-services/disable", `{`+which+`}`)
	if a.get("status") != "disabled" || a.get("disabled") != true {
		t.Errorf("%s: %s", a.what, a.raw)
	}
	c.want(200, "PUT", "/os-services/enable", `{`+which+`}`)
	c.volume()
}

func TestServicesDoNotFailOver(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	host := c.serviceOf("cinder-volume")["host"]
	put := func(name, mv, body string, status int, fault string) row {
		return row{name: name, mv: mv, method: "PUT", path: "/os-services/failover_host", body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		put("a backend", "3.0", fmt.Sprintf(`{"host": %q, "backend_id": "second"}`, host), 400,
			fmt.Sprintf("Invalid input received: No service could be changed: replication_status in ['%s'] must be ['enabled', 'failed-over'] and must be up to failover.", host)),
		put("nobody", "3.0", `{"host": "nobody"}`, 400, "No service found with host=nobody"),
		put("no host", "3.25", `{"cluster": "x"}`, 400, "Invalid input received: Host field is missing."),
		put("neither", "3.26", `{}`, 400, "Invalid input received: One and only one of cluster and host must be set."),
		put("no cluster", "3.26", `{"cluster": "x"}`, 400, "No service found with cluster=x"),
		put("more", "3.26", `{"host": "nobody", "force": true}`, 400, ""),
		put("odd host", "3.26", `{"host": "a b"}`, 400, ""),
		put("no object", "3.26", `5`, 400, ""),
	})
}

func TestLogLevelsAreToldAndSet(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	put := func(name, mv, verb, body string, status int, fault string) row {
		return row{name: name, mv: mv, method: "PUT", path: "/os-services/" + verb, body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		put("get too early", "3.31", "get-log", `{}`, 404, genericNotFound),
		put("set too early", "3.31", "set-log", `{"level": "INFO"}`, 404, genericNotFound),
		put("odd level", "3.32", "set-log", `{"level": "loud"}`, 400, "Invalid input received: loud is not a valid log level."),
		put("no level", "3.32", "set-log", `{}`, 400, ""),
		put("odd binary", "3.32", "set-log", `{"binary": "nova-compute", "level": "INFO"}`, 400, ""),
		put("more", "3.32", "get-log", `{"level": "INFO"}`, 400, ""),
		put("no object", "3.32", "get-log", `[]`, 400, ""),
		put("set", "3.32", "set-log", `{"binary": "cinder-scheduler", "prefix": "clinker", "level": "Info"}`, 202, ""),
	})
	var binaries []string
	a := c.want(200, "PUT", "/os-services/get-log", `{"prefix": "clinker"}`)
	for i := range a.list("log_levels") {
		keys(t, a.what, a.object("log_levels", i), "host binary levels")
		binaries = append(binaries, a.text("log_levels", i, "binary"))
	}
	if got := strings.Join(binaries, " "); !strings.HasPrefix(got, "cinder-api ") || !strings.Contains(got, "cinder-volume") || !strings.Contains(got, "cinder-scheduler") {
		t.Errorf("%s tells of %s", a.what, got)
	}
	a = c.want(200, "PUT", "/os-services/get-log", `{"server": "nobody"}`)
	if len(a.list("log_levels")) != 0 {
		t.Errorf("%s: %s", a.what, a.raw)
	}
}

func TestWorkersAreCleanedUp(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	post := func(name, mv, body string, status int, fault string) row {
		return row{name: name, mv: mv, method: "POST", path: "/workers/cleanup", body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		post("too early", "3.23", `{}`, 404, genericNotFound),
		post("no work", "3.24", `{"resource_id": "`+unknownID+`"}`, 400, "Invalid input received: There is no resource with UUID "+unknownID+" pending cleanup."),
		post("odd type", "3.24", `{"resource_type": "group"}`, 400, "Invalid input received: Resource type Group not valid, must be Snapshot or Volume"),
		post("odd binary", "3.24", `{"binary": "cinder-backup"}`, 400, ""),
		post("more", "3.24", `{"until": "now"}`, 400, ""),
		post("no object", "3.24", `"x"`, 400, ""),
	})
	a := c.want(202, "POST", "/workers/cleanup", `{}`)
	if want := `{"cleaning": [], "unavailable": []}`; string(a.raw) != want {
		t.Errorf("with nothing down: %s", a.raw)
	}
	a = c.want(202, "POST", "/workers/cleanup", `{"is_up": "true", "binary": "cinder-volume"}`)
	keys(t, a.what, a.object("cleaning", 0), "id host binary cluster_name")
	if host := a.text("cleaning", 0, "host"); host != c.serviceOf("cinder-volume")["host"] {
		t.Errorf("cleaning %s", host)
	}
}
