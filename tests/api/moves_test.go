package api

import (
	"fmt"
	"strings"
	"testing"
)

const noRetype = "Invalid volume: Retype needs volume to be in available or in-use state, not be part of an active migration or a consistency group, " +
	"requested type has to be different that the one from the volume, and for in-use volumes front-end qos specs cannot change."

// typeWith makes a volume type and returns its name.
func (c caller) typeWith(name string, specs map[string]string) string {
	c.t.Helper()
	name += "-" + c.project[:8]
	if specs == nil {
		specs = map[string]string{}
	}
	c.want(200, "POST", "/types", map[string]any{"volume_type": map[string]any{"name": name, "extra_specs": specs}})
	return name
}

func retypeTo(name string) any {
	return map[string]any{"os-retype": map[string]any{"new_type": name}}
}

// used is the figure of one resource in the project's quota set.
func (c caller) used(resource, figure string) float64 {
	c.t.Helper()
	n, _ := c.want(200, "GET", "/os-quota-sets/"+c.project+"?usage=true", nil).get("quota_set", resource, figure).(float64)
	return n
}

func TestRetypeInPlaceMovesTheQuota(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	name := c.typeWith("other", nil)
	id := c.volume()
	snapshot := c.snapshot(id)
	old := c.want(200, "GET", "/volumes/"+id, nil).text("volume", "volume_type")
	c.want(202, "POST", "/volumes/"+id+"/action", retypeTo(name))
	c.await("the new type", func() bool { return c.want(200, "GET", "/volumes/"+id, nil).text("volume", "volume_type") == name })
	c.status("volume", id, "available")
	for resource, want := range map[string]float64{"volumes_" + name: 1, "gigabytes_" + name: 2, "snapshots_" + name: 1,
		"volumes_" + old: 0, "gigabytes_" + old: 0, "snapshots_" + old: 0, "volumes": 1, "gigabytes": 2} {
		if got := c.used(resource, "in_use"); got != want || c.used(resource, "reserved") != 0 {
			t.Errorf("%s is %v, want %v", resource, got, want)
		}
	}
	c.want(202, "DELETE", "/snapshots/"+snapshot, nil)
	c.gone("/snapshots/" + snapshot)
	c.want(202, "DELETE", "/volumes/"+id, nil)
	c.gone("/volumes/" + id)
	if c.used("gigabytes_"+name, "in_use") != 0 {
		t.Error("something is left of the new type's quota")
	}
}

func TestRetypeRefusesWhatCinderRefuses(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	plain, shared := c.typeWith("plain", nil), c.typeWith("shared", map[string]string{"multiattach": "<is> True"})
	sealed, key := c.typeWith("sealed", map[string]string{"multiattach": "<is> True"}), c.typeWith("key", nil)
	for _, item := range c.want(200, "GET", "/types?limit=1000", nil).list("volume_types") {
		if ty := item.(map[string]any); ty["name"] == sealed || ty["name"] == key {
			c.want(200, "POST", fmt.Sprintf("/types/%s/encryption", ty["id"]),
				`{"encryption": {"provider": "luks", "control_location": "front-end", "cipher": "aes-xts-plain64", "key_size": 256}}`)
		}
	}
	big, full := c.typeWith("big", map[string]string{"provisioning:min_vol_size": "5"}), c.typeWith("full", nil)
	c.want(200, "PUT", "/os-quota-sets/"+c.project, map[string]any{"quota_set": map[string]any{"volumes_" + full: 0}})
	idle, used, reserved := c.volume(), c.volume(), c.volume()
	own := c.want(200, "GET", "/volumes/"+idle, nil).text("volume", "volume_type")
	c.attach(used)
	c.reserve(reserved)
	post := func(name, id string, body any, status int, fault string) row {
		return row{name: name, method: "POST", path: "/volumes/" + id + "/action", body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		post("same type", idle, retypeTo(own), 400, noRetype),
		post("reserved", reserved, retypeTo(plain), 400, noRetype),
		post("unknown name", idle, retypeTo("nothing like it"), 404, "Volume type with name nothing like it could not be found."),
		post("unknown id", idle, retypeTo(unknownID), 404, "Volume type "+unknownID+" could not be found."),
		post("no volume", unknownID, retypeTo(plain), 404, "Volume "+unknownID+" could not be found."),
		post("too small", idle, retypeTo(big), 400, "Invalid input received: Specified volume size of '1' "+
			"is less than the minimum required size of '5' for volume type '"+big+"'."),
		post("multiattach in use", used, retypeTo(shared), 400, "Invalid input received: Invalid volume_type passed, retypes affecting multiattach are only allowed "+
			"on available volumes, the specified volume however currently has a status of: in-use."),
		post("encrypted multiattach", idle, retypeTo(sealed), 400,
			"Invalid input received: Retype requested both encryption and multi-attach, which is not supported."),
		post("encrypted without a key manager", idle, retypeTo(key), 400, "Key manager error"),
		post("over quota", idle, retypeTo(full), 413, "VolumeLimitExceeded: Maximum number of volumes allowed (0) exceeded for quota 'volumes_"+full+"'."),
		post("no type", idle, `{"os-retype": {}}`, 400, "*"),
		post("type null", idle, `{"os-retype": {"new_type": null}}`, 400, "*"),
		post("policy", idle, `{"os-retype": {"new_type": "x", "migration_policy": "always"}}`, 400, "*"),
		post("key", idle, `{"os-retype": {"new_type": "x", "more": 1}}`, 400, "*"),
		post("multiattach", idle, retypeTo(shared), 202, ""),
		post("in use", used, retypeTo(plain), 202, ""),
	})
	c.await("multiattach", func() bool { return c.want(200, "GET", "/volumes/"+idle, nil).get("volume", "multiattach") == true })
	c.status("volume", used, "in-use")
	if got := c.want(200, "GET", "/volumes/"+used, nil).text("volume", "volume_type"); got != plain {
		t.Errorf("type %s, want %s", got, plain)
	}
}

func TestRetypeWithoutAPlaceKeepsTheVolume(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	away := c.typeWith("away", map[string]string{"volume_backend_name": "nowhere"})
	id := c.volume()
	for i, policy := range []string{"never", "on-demand"} {
		c.want(202, "POST", "/volumes/"+id+"/action", map[string]any{"os-retype": map[string]any{"new_type": away, "migration_policy": policy}})
		c.status("volume", id, "available")
		m := c.want(200, "GET", "/messages?resource_uuid="+id, nil)
		if len(m.list("messages")) != i+1 || m.text("messages", 0, "event_id") != "VOLUME_VOLUME_001_003" {
			t.Errorf("messages: %s", m.raw)
		}
	}
	if c.used("volumes_"+away, "in_use") != 0 || c.used("volumes_"+away, "reserved") != 0 {
		t.Error("the quota of the type that was refused is not free")
	}
}

func TestMigrateRefusesWhatCinderRefuses(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id, kept := c.volume(), c.volume()
	c.snapshot(kept)
	host := c.want(200, "GET", "/volumes/"+id, nil).text("volume", "os-vol-host-attr:host")
	const one = "Invalid input received: One and only one of cluster and host must be set."
	wrong := func(id string) string {
		return "Invalid volume: Volume " + id + " status must be available or in-use, must not be migrating, have snapshots, be replicated, " +
			"be part of a group and destination host/cluster must be different than the current one"
	}
	post := func(mv, id, inner string, status int, fault string) row {
		return row{name: inner, mv: mv, method: "POST", path: "/volumes/" + id + "/action", body: `{"os-migrate_volume": ` + inner + `}`,
			status: status, fault: fault}
	}
	backend, _, _ := strings.Cut(host, "#")
	check(t, c, []row{
		post("3.15", id, `{}`, 400, "*"),
		post("3.15", id, `{"host": null}`, 400, "*"),
		post("3.15", id, `{"host": ""}`, 400, "Invalid input received: Host field is missing."),
		post("3.15", id, `{"host": "a", "cluster": "b"}`, 400, "*"),
		post("3.15", id, `{"host": "nobody@file#pool"}`, 400, "Invalid host: No available service named 'nobody@file#pool'"),
		post("3.16", id, `{}`, 400, one),
		post("3.16", id, `{"host": "a", "cluster": "b"}`, 400, one),
		post("3.16", id, `{"host": null, "cluster": "b"}`, 400, "Invalid host: No available service named 'b'"),
		post("3.16", id, `{"host": "a", "lock_volume": "perhaps"}`, 400, "*"),
		post("3.16", id, fmt.Sprintf(`{"host": "%s"}`, strings.Repeat("h", 256)), 400, "*"),
		post("3.0", id, fmt.Sprintf(`{"host": %q}`, host), 400, wrong(id)),
		post("3.0", kept, fmt.Sprintf(`{"host": %q}`, backend), 400, wrong(kept)),
		post("3.0", unknownID, `{"host": "a"}`, 404, "Volume "+unknownID+" could not be found."),
		post("3.0", id, fmt.Sprintf(`{"host": %q, "lock_volume": true, "force_host_copy": "True"}`, backend), 202, ""),
	})
	// There is no other pool on that backend.
	c.await("the end of the migration", func() bool {
		return c.want(200, "GET", "/volumes/"+id, nil).get("volume", "os-vol-mig-status-attr:migstat") == "error"
	})
	c.status("volume", id, "available")
	if m := c.want(200, "GET", "/messages?resource_uuid="+id, nil); len(m.list("messages")) != 1 {
		t.Errorf("messages: %s", m.raw)
	}
}

func TestCompletionsThatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id, other := c.volume(), c.volume()
	post := func(name, body string, status int, fault string) row {
		return row{name: name, mv: "3.0", method: "POST", path: "/volumes/" + id + "/action", body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		post("extend", `{"os-extend_volume_completion": {}}`, 400, "Invalid volume: Volume is not being extended."),
		post("extend error", `{"os-extend_volume_completion": {"error": "True"}}`, 400, "Invalid volume: Volume is not being extended."),
		post("extend number", `{"os-extend_volume_completion": {"error": 1}}`, 400, "*"),
		post("extend null", `{"os-extend_volume_completion": null}`, 400, "*"),
		post("unknown", `{"os-migrate_volume_completion": {"new_volume": "`+unknownID+`"}}`, 404, "Volume "+unknownID+" could not be found."),
		post("no uuid", `{"os-migrate_volume_completion": {"new_volume": "x"}}`, 400, "*"),
		post("none", `{"os-migrate_volume_completion": {"error": false}}`, 400, "*"),
	})
	a := c.want(200, "POST", "/volumes/"+id+"/action", `{"os-migrate_volume_completion": {"new_volume": "`+other+`"}}`)
	if a.text("save_volume_id") != other {
		t.Errorf("%s", a.raw)
	}
	c.want(202, "POST", "/volumes/"+id+"/action", `{"os-reset_status": {"migration_status": "migrating"}}`)
	check(t, c, []row{
		post("not the copy", `{"os-migrate_volume_completion": {"new_volume": "`+other+`"}}`, 400, "Invalid volume: Destination volume not mid-migration."),
	})
	c.want(202, "POST", "/volumes/"+other+"/action", `{"os-reset_status": {"migration_status": "error"}}`)
	check(t, c, []row{
		post("another's copy", `{"os-migrate_volume_completion": {"new_volume": "`+other+`"}}`, 400,
			"Invalid volume: Destination has migration_status error, expected target:"+id+"."),
	})
}

func TestHostsAndCapabilities(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	c.snapshot(id)
	host, _ := c.serviceOf("cinder-volume")["host"].(string)
	list := c.at("3.0").want(200, "GET", "/os-hosts", nil)
	keys(t, "host", list.object("hosts", 0), "host_name service zone service-status service-state last-update")
	if n := len(c.want(200, "GET", "/os-hosts?zone=nowhere", nil).list("hosts")); n != 0 {
		t.Errorf("%d hosts in no zone", n)
	}
	shown := c.want(200, "GET", "/os-hosts/"+host, nil)
	total := shown.object("host", 0, "resource")
	keys(t, "resource", total, "host project volume_count total_volume_gb snapshot_count total_snapshot_gb")
	if total["project"] != "(total)" {
		t.Errorf("first is %v", total)
	}
	mine := false
	for i := range shown.list("host") {
		r := shown.object("host", i, "resource")
		if r["project"] == c.project {
			mine = r["volume_count"] == "1" && r["total_volume_gb"] == "1" && r["snapshot_count"] == "1" && r["total_snapshot_gb"] == "1"
		}
	}
	if !mine {
		t.Errorf("own resources: %s", shown.raw)
	}
	caps := c.want(200, "GET", "/capabilities/"+host, nil)
	keys(t, "capabilities", caps.object(), "namespace vendor_name volume_backend_name pool_name driver_version storage_protocol display_name "+
		"description visibility replication_targets properties")
	if caps.text("namespace") != "OS::Storage::Capabilities::"+host || caps.text("storage_protocol") != "iSCSI" || caps.text("pool_name") == "" {
		t.Errorf("%s", caps.raw)
	}
	get := func(path string, status int, fault string) row {
		return row{name: path, method: "GET", path: path, status: status, fault: fault}
	}
	put := func(path, body string, status int, fault string) row {
		return row{name: path + " " + body, method: "PUT", path: path, body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		get("/capabilities/nobody", 404, "Can't find service: nobody"),
		get("/os-hosts/nobody", 404, "Service cinder-volume could not be found on host nobody."),
		put("/os-hosts", `{}`, 400, ""),
		put("/os-hosts/nobody", `{"status": 1}`, 404, "Host nobody could not be found."),
		put("/os-hosts/"+host, `{"status": "bad"}`, 400, "*"),
		put("/os-hosts/"+host, `{"Status": "bad"}`, 400, "Invalid status: 'bad'"),
		put("/os-hosts/"+host, `{"crazy": "bad"}`, 400, "Invalid update setting: 'crazy'"),
		put("/os-hosts/"+host, `{"crazy": 1}`, 400, "Invalid update setting: 'crazy'"),
		put("/os-hosts/"+host, `[]`, 400, "*"),
		put("/os-hosts/"+host, `{}`, 200, ""),
	})
	if got := c.want(200, "PUT", "/os-hosts/"+host, `{"status": "enable"}`).text("status"); got != "enabled" {
		t.Errorf("an enabled host is %s", got)
	}
}
