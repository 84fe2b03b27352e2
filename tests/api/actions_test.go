package api

import (
	"fmt"
	"testing"
)

const notDeletable = "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and " +
	"must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer."

func TestExtend(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	idle, used, reserved := c.volume(), c.volume(), c.volume()
	c.attach(used)
	c.reserve(reserved)
	extend := func(name, mv, id string, size any, status int, fault string) row {
		return row{name: name + " " + mv, mv: mv, method: "POST", path: "/volumes/" + id + "/action",
			body: map[string]any{"os-extend": map[string]any{"new_size": size}}, status: status, fault: fault}
	}
	must := func(id, is string) string {
		return fmt.Sprintf("Invalid volume: Volume %s status must be '{'status': 'available'}' to extend, currently %s.", id, is)
	}
	const field = "Invalid input for field/attribute new_size. Value: "
	check(t, c, []row{
		extend("same", "", idle, 1, 400, "Invalid input received: New size for extend must be greater than current size. (current: 1, extended: 1)."),
		extend("zero", "", idle, 0, 400, field+"0. 0 is less than the minimum of 1"),
		extend("negative", "", idle, -5, 400, field+"-5. -5 is less than the minimum of 1"),
		extend("huge", "", idle, 1<<40, 400, field+"1099511627776. 1099511627776 is greater than the maximum of 2147483647"),
		extend("text", "", idle, "big", 400, field+"big. 'big' does not match '^[0-9]+$'"),
		extend("null", "", idle, nil, 400, field+"None. None is not of type 'integer', 'string'"),
		extend("unknown", "", unknownID, 2, 404, "Volume "+unknownID+" could not be found."),
		extend("in-use", "3.41", used, 2, 400, must(used, "in-use")),
		extend("in-use", "3.42", used, 2, 202, ""),
		extend("reserved", "3.41", reserved, 2, 400, must(reserved, "reserved")),
		extend("reserved", "3.42", reserved, 2, 400, must(reserved, "reserved")),
		extend("idle", "3.0", idle, "2", 202, ""),
		{name: "no size", method: "POST", path: "/volumes/" + idle + "/action", body: `{"os-extend": {}}`, status: 400,
			fault: "Invalid input for field/attribute os-extend. Value: {}. 'new_size' is a required property"},
	})
	for id, status := range map[string]string{idle: "available", used: "in-use"} {
		c.status("volume", id, status)
		if got := c.want(200, "GET", "/volumes/"+id, nil).get("volume", "size"); got != 2.0 {
			t.Errorf("size is %v after the extend of an %s volume", got, status)
		}
	}
}

func TestResetStatus(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	reset := func(name string, body string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/volumes/" + id + "/action", body: `{"os-reset_status": ` + body + `}`, status: status, fault: fault}
	}
	rows := []row{
		reset("unknown", `{"status": "bogus"}`, 400, "Volume status: bogus is invalid, valid statuses are: *"),
		reset("deleting", `{"status": "deleting"}`, 400, "Cannot reset-state to deleting"),
		reset("in-use", `{"status": "in-use"}`, 400, "Cannot reset-state to in-use because volume does not have any attachments."),
		reset("nothing", `{}`, 400, "Must specify 'status', 'attach_status' or 'migration_status' for update."),
		reset("unknown attach", `{"attach_status": "bogus"}`, 400, "Volume attach status: bogus is invalid, valid statuses are: *"),
		reset("unknown migration", `{"migration_status": "bogus"}`, 400, "Volume migration status: bogus is invalid, valid statuses are: *"),
		reset("number", `{"status": 5}`, 400, ""),
		reset("unknown key", `{"status": "error", "x": 1}`, 400, ""),
		reset("letters", `{"status": "ERROR"}`, 202, ""),
	}
	for _, s := range []string{"creating", "error", "error_deleting", "error_managing", "managing", "attaching", "detaching", "maintenance",
		"restoring-backup", "error_restoring", "reserved", "awaiting-transfer", "backing-up", "error_backing-up", "error_extending", "downloading",
		"uploading", "retyping", "extending", "available"} {
		rows = append(rows, reset("to "+s, `{"status": "`+s+`"}`, 202, ""))
	}
	check(t, c, rows)
	for status, shown := range map[string]string{"managing": "creating", "error_managing": "error", "maintenance": "maintenance", "available": "available"} {
		c.want(202, "POST", "/volumes/"+id+"/action", `{"os-reset_status": {"status": "`+status+`"}}`)
		if got := c.want(200, "GET", "/volumes/"+id, nil).text("volume", "status"); got != shown {
			t.Errorf("%s is shown as %s, want %s", status, got, shown)
		}
	}
}

func TestMaintenanceKeepsOthersOut(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	c.want(202, "POST", "/volumes/"+id+"/action", `{"os-reset_status": {"status": "maintenance"}}`)
	check(t, c, []row{
		{name: "update", method: "PUT", path: "/volumes/" + id, body: `{"volume": {"name": "x"}}`, status: 400,
			fault: "Invalid volume: The volume cannot be updated during maintenance."},
		{name: "metadata", method: "POST", path: "/volumes/" + id + "/metadata", body: `{"metadata": {"k": "v"}}`, status: 400,
			fault: "Invalid volume: Updating volume metadata is not allowed for volumes in maintenance status."},
		{name: "snapshot", method: "POST", path: "/snapshots", body: snapshotOf(id, nil), status: 400,
			fault: "Invalid volume: The snapshot cannot be created when the volume is in maintenance mode."},
		{name: "extend", method: "POST", path: "/volumes/" + id + "/action", body: `{"os-extend": {"new_size": 2}}`, status: 400},
		{name: "delete", method: "DELETE", path: "/volumes/" + id, status: 400, fault: notDeletable},
		{name: "attach", mv: "3.54", method: "POST", path: "/attachments", body: attachmentOf(id, ""), status: 400},
	})
}

func TestDeletes(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	family, stuck, forced := c.volume(), c.volume(), c.volume()
	first, second := c.snapshot(family), c.snapshot(family)
	for _, id := range []string{stuck, forced} {
		c.want(202, "POST", "/volumes/"+id+"/action", `{"os-reset_status": {"status": "error_deleting"}}`)
	}
	check(t, c, []row{
		{name: "with snapshots", method: "DELETE", path: "/volumes/" + family, status: 400, fault: notDeletable},
		{name: "cascade false", method: "DELETE", path: "/volumes/" + family + "?cascade=false", status: 400, fault: notDeletable},
		{name: "cascade junk", method: "DELETE", path: "/volumes/" + family + "?cascade=junk", status: 400, fault: "Value 'junk' for 'cascade' is not a boolean."},
		{name: "cascade", mv: "3.0", method: "DELETE", path: "/volumes/" + family + "?cascade=true", status: 202},
		{name: "wrong state", method: "DELETE", path: "/volumes/" + stuck, status: 400, fault: notDeletable},
		{name: "force 3.22", mv: "3.22", method: "DELETE", path: "/volumes/" + stuck + "?force=true", status: 400, fault: notDeletable},
		{name: "force junk", mv: "3.23", method: "DELETE", path: "/volumes/" + stuck + "?force=junk", status: 400, fault: "Value 'junk' for 'force' is not a boolean."},
		{name: "force 3.23", mv: "3.23", method: "DELETE", path: "/volumes/" + stuck + "?force=true", status: 202},
		{name: "os-force_delete", method: "POST", path: "/volumes/" + forced + "/action", body: `{"os-force_delete": {}}`, status: 202},
		{name: "unknown", method: "DELETE", path: "/volumes/" + unknownID, status: 404, fault: "Volume " + unknownID + " could not be found."},
	})
	for _, path := range []string{"/volumes/" + family, "/volumes/" + stuck, "/volumes/" + forced, "/snapshots/" + first, "/snapshots/" + second} {
		c.gone(path)
	}
	usage := c.want(200, "GET", "/os-quota-sets/"+c.project+"?usage=true", nil)
	for _, kind := range []string{"volumes", "snapshots", "gigabytes"} {
		if usage.get("quota_set", kind, "in_use") != 0.0 || usage.get("quota_set", kind, "reserved") != 0.0 {
			t.Errorf("%s after all is deleted: %v", kind, usage.get("quota_set", kind))
		}
	}
}

func TestBootableAndReadOnly(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	action := func(name, body string, status int, fault string) row {
		return row{name: name, method: "POST", path: "/volumes/" + id + "/action", body: body, status: status, fault: fault}
	}
	check(t, c, []row{
		action("bootable", `{"os-set_bootable": {"bootable": "yes"}}`, 200, ""),
		action("bootable odd", `{"os-set_bootable": {"bootable": "perhaps"}}`, 400, "Invalid input for field/attribute bootable. Value: perhaps. *"),
		action("bootable missing", `{"os-set_bootable": {}}`, 400, ""),
		action("read-only", `{"os-update_readonly_flag": {"readonly": "True"}}`, 202, ""),
		action("read-only odd", `{"os-update_readonly_flag": {"readonly": 7}}`, 400, "Invalid input for field/attribute readonly. Value: 7. *"),
	})
	v := c.want(200, "GET", "/volumes/"+id, nil)
	if v.text("volume", "bootable") != "true" || v.text("volume", "metadata", "readonly") != "True" {
		t.Errorf("shown as %s", v.raw)
	}
	c.attach(id)
	check(t, c, []row{action("read-only in-use", `{"os-update_readonly_flag": {"readonly": false}}`, 400, "Invalid volume: Volume "+id+
		" status must be available to update readonly flag, but current status is: in-use.")})
}
