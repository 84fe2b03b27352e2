package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/clinker-io/clinker/tests/harness"
)

const (
	firstServer  = "11111111-2222-4333-8444-555555555555"
	secondServer = "22222222-2222-4333-8444-555555555555"
)

// act sends an action to a volume.
func act(id, action, inner string, status int, fault string) row {
	return row{name: action + " " + inner, method: "POST", path: "/volumes/" + id + "/action", body: fmt.Sprintf(`{%q: %s}`, action, inner),
		status: status, fault: fault}
}

func attachTo(server string) string {
	return fmt.Sprintf(`{"instance_uuid": %q, "mountpoint": "/dev/vdb"}`, server)
}

// initialized has the volume exported and returns what the initiator is told.
func (c caller) initialized(id, initiator string) harness.Connection {
	c.t.Helper()
	a := c.want(200, "POST", "/volumes/"+id+"/action",
		fmt.Sprintf(`{"os-initialize_connection": {"connector": {"initiator": %q, "host": "compute1"}}}`, initiator))
	return harness.Connection{VolumeID: id, Portal: a.text("connection_info", "data", "target_portal"), IQN: a.text("connection_info", "data", "target_iqn"),
		LUN: int(a.get("connection_info", "data", "target_lun").(float64)), User: a.text("connection_info", "data", "auth_username"),
		Password: a.text("connection_info", "data", "auth_password"), Initiator: initiator}
}

// noLogin insists that the initiator is not let in.
func noLogin(t *testing.T, con harness.Connection, why string) {
	t.Helper()
	if out, err := con.QemuIO(t.Context(), "read 0 512"); err == nil {
		t.Errorf("%s: the initiator still gets in: %s", why, out)
	}
}

// What Nova did before 3.27, with a real initiator.
func TestLegacyAttachThroughEveryState(t *testing.T) {
	t.Parallel()
	c := newCaller(t).at("3.0")
	id := c.volume()
	step := func(r row, becomes string) {
		t.Helper()
		check(t, c, []row{r})
		if got := c.want(200, "GET", "/volumes/"+id, nil).text("volume", "status"); got != becomes {
			t.Fatalf("after %s the volume is %s, want %s", r.name, got, becomes)
		}
	}
	step(act(id, "os-reserve", "null", 202, ""), "attaching")
	a := c.want(200, "POST", "/volumes/"+id+"/action", `{"os-initialize_connection": {"connector": `+connector+`}}`)
	keys(t, a.what, a.object("connection_info"), "driver_volume_type data enforce_multipath")
	keys(t, a.what, a.object("connection_info", "data"), "target_discovered target_portal target_iqn target_lun volume_id auth_method auth_username "+
		"auth_password qos_specs access_mode encrypted cacheable enforce_multipath")
	for key, want := range map[string]any{"target_discovered": false, "target_portal": service.ISCSI, "target_iqn": "iqn.2010-10.org.openstack:volume-" + id,
		"target_lun": 0.0, "volume_id": id, "auth_method": "CHAP", "qos_specs": nil, "access_mode": "rw", "encrypted": false} {
		if got := a.get("connection_info", "data", key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	con := c.initialized(id, harness.Initiator)
	con.MustQemuIO(t, "write -P 7 0 1M", "flush")
	step(act(id, "os-attach", attachTo(firstServer), 202, ""), "in-use")
	step(act(id, "os-attach", attachTo(firstServer), 202, ""), "in-use")
	v := c.want(200, "GET", "/volumes/"+id, nil)
	if n := len(v.list("volume", "attachments")); n != 1 {
		t.Fatalf("%d attachments: %s", n, v.raw)
	}
	for key, want := range map[string]any{"server_id": firstServer, "device": "/dev/vdb", "host_name": nil, "id": id, "volume_id": id} {
		if got := v.get("volume", "attachments", 0, key); got != want {
			t.Errorf("attachment: %s is %v, want %v", key, got, want)
		}
	}
	if v.text("volume", "attachments", 0, "attached_at") == "" || v.text("volume", "metadata", "attached_mode") != "rw" ||
		v.text("volume", "metadata", "readonly") != "False" {
		t.Errorf("attached: %s", v.raw)
	}
	attachment := v.text("volume", "attachments", 0, "attachment_id")
	at := c.at("3.44").want(200, "GET", "/attachments/"+attachment, nil)
	if at.text("attachment", "status") != "attached" || at.text("attachment", "attach_mode") != "rw" || len(at.object("attachment", "connection_info")) != 0 {
		t.Errorf("%s: %s", at.what, at.raw)
	}
	if again := c.initialized(id, harness.Initiator); again != con {
		t.Error("a second initialize_connection changes what the guest holds")
	}
	step(act(id, "os-begin_detaching", "null", 202, ""), "detaching")
	con.MustQemuIO(t, "read -P 7 0 1M")
	step(act(id, "os-terminate_connection", `{"connector": {"initiator": "`+harness.Initiator+`"}}`, 202, ""), "detaching")
	noLogin(t, con, "terminated")
	step(act(id, "os-detach", "null", 202, ""), "available")
	v = c.want(200, "GET", "/volumes/"+id, nil)
	if len(v.list("volume", "attachments")) != 0 || v.object("volume", "metadata")["attached_mode"] != nil {
		t.Errorf("detached: %s", v.raw)
	}
	c.at("3.44").want(404, "GET", "/attachments/"+attachment, nil)
	step(act(id, "os-detach", `{}`, 202, ""), "available") // nothing to detach is no error
	c.want(202, "DELETE", "/volumes/"+id, nil)
	c.gone("/volumes/" + id)
}

func TestLegacyAttachRefuses(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id, used, readonly, held, closed := c.volume(), c.volume(), c.volume(), c.volume(), c.volume()
	c.want(202, "POST", "/volumes/"+used+"/action", `{"os-attach": `+attachTo(firstServer)+`}`)
	c.want(202, "POST", "/volumes/"+readonly+"/action", `{"os-update_readonly_flag": {"readonly": true}}`)
	c.want(202, "POST", "/volumes/"+closed+"/action", `{"os-reset_status": {"status": "maintenance"}}`)
	ofUsed := c.want(200, "GET", "/volumes/"+used, nil).text("volume", "attachments", 0, "attachment_id")
	reserved := c.reserve(held)
	const field = "Invalid input for field/attribute "
	gone := "Volume " + unknownID + " could not be found."
	initiator := `{"connector": ` + connector + `}`
	check(t, c, []row{
		act(unknownID, "os-attach", attachTo(firstServer), 404, gone),
		act(unknownID, "os-detach", "null", 404, gone),
		act(unknownID, "os-force_detach", "{}", 404, gone),
		act(unknownID, "os-initialize_connection", initiator, 404, gone),
		act(unknownID, "os-terminate_connection", initiator, 404, gone),
		act(id, "os-attach", `null`, 400, field+"os-attach. Value: None. None is not of type 'object'"),
		act(id, "os-attach", `{"instance_uuid": "`+firstServer+`"}`, 400, field+"os-attach. Value: *"),
		act(id, "os-attach", `{"mountpoint": "/dev/vdb"}`, 400, field+"os-attach. Value: *"),
		act(id, "os-attach", `{"mountpoint": "", "host_name": "h"}`, 400, field+"mountpoint. Value: *"),
		act(id, "os-attach", `{"mountpoint": "`+strings.Repeat("m", 256)+`", "host_name": "h"}`, 400, field+"mountpoint. Value: *"),
		act(id, "os-attach", `{"mountpoint": "m", "instance_uuid": "x"}`, 400, field+"instance_uuid. Value: x. 'x' is not a 'uuid'"),
		act(id, "os-attach", `{"mountpoint": "m", "host_name": "h", "mode": "w"}`, 400, field+"mode. Value: w. 'w' is not one of ['rw', 'ro']"),
		act(id, "os-attach", `{"mountpoint": "m", "host_name": "h", "colour": 1}`, 400, field+"os-attach. Value: *"),
		act(used, "os-attach", attachTo(secondServer), 400,
			"Error attaching volume - InvalidVolume: Invalid volume: volume is already attached and multiple attachments are not enabled"),
		act(readonly, "os-attach", attachTo(firstServer), 400, "Invalid attaching mode 'rw' for volume "+readonly+"."),
		act(closed, "os-attach", attachTo(firstServer), 400, "Invalid volume: The volume cannot be attached in maintenance mode."),
		act(closed, "os-detach", "null", 400, "Invalid volume: The volume cannot be detached in maintenance mode."),
		act(closed, "os-initialize_connection", initiator, 400, "Invalid volume: The volume connection cannot be initialized in maintenance mode."),
		act(id, "os-detach", `{"attachment_id": "x"}`, 400, field+"attachment_id. Value: *"),
		act(id, "os-detach", `{"attachment_id": "`+ofUsed+`"}`, 400, "Invalid input received: Mismatched volume and attachment"),
		act(id, "os-detach", `[]`, 400, field+"os-detach. Value: *"),
		act(id, "os-force_detach", `{"attachment_id": "`+ofUsed+`"}`, 400, "Invalid input received: Mismatched volume and attachment"),
		act(id, "os-force_detach", `null`, 400, field+"os-force_detach. Value: None. None is not of type 'object'"),
		act(id, "os-initialize_connection", `{}`, 400, field+"os-initialize_connection. Value: *"),
		act(id, "os-initialize_connection", `{"connector": null}`, 400, field+"connector. Value: None. *"),
		act(id, "os-initialize_connection", `{"connector": {"host": "h"}}`, 400, "Invalid input received: Connector doesn't have required information: initiator"),
		act(id, "os-initialize_connection", `{"connector": "iqn.x:y"}`, 400, ""), // 500 upstream, a slip
		act(id, "os-initialize_connection", `{"connector": {"initiator": "\u0000"}}`, 400, ""),
		act(id, "os-terminate_connection", `{}`, 400, field+"os-terminate_connection. Value: *"),
		act(id, "os-terminate_connection", `{"connector": 1}`, 400, field+"connector. Value: 1. *"),
		act(id, "os-terminate_connection", `{"connector": {"host": "h"}}`, 400, ""), // 500 upstream, a slip
	})
	c.status("volume", id, "available")
	c.status("volume", used, "in-use")
	c.status("volume", readonly, "available")
	c.status("volume", held, "reserved")
	if got := c.at("3.54").want(200, "GET", "/attachments/"+reserved, nil).text("attachment", "status"); got != "reserved" {
		t.Errorf("the reserved attachment is %s", got)
	}
	// Read-only is possible, and its initiator cannot write.
	check(t, c, []row{act(readonly, "os-attach", `{"host_name": "Host 1_a.", "mountpoint": "/mnt", "mode": "ro"}`, 202, "")})
	v := c.want(200, "GET", "/volumes/"+readonly, nil)
	if v.text("volume", "attachments", 0, "host_name") != "host-1-a" || v.get("volume", "attachments", 0, "server_id") != nil {
		t.Errorf("attached to a host: %s", v.raw)
	}
	con := c.initialized(readonly, harness.Initiator)
	if out, err := con.QemuIO(t.Context(), "write 0 512"); err == nil {
		t.Errorf("a read-only volume was written: %s", out)
	}
	check(t, c, []row{act(readonly, "os-attach", `{"host_name": "host 1_a", "mountpoint": "/mnt", "mode": "ro"}`, 202, "")})
	// A mode that was announced must be kept.
	check(t, c, []row{
		act(readonly, "os-reset_status", `{"status": "attaching"}`, 202, ""),
		{name: "writable after all", method: "POST", path: "/volumes/" + readonly + "/action", body: `{"os-attach": ` + attachTo(firstServer) + `}`, status: 400},
		act(used, "os-reset_status", `{"status": "attaching"}`, 202, ""),
		act(used, "os-attach", `{"instance_uuid": "`+firstServer+`", "mountpoint": "m", "mode": "ro"}`, 400,
			"Error attaching volume - InvalidVolume: Invalid volume: being attached by different mode"),
	})
}

func TestDetachWithSeveralAttachments(t *testing.T) {
	t.Parallel()
	c := newCaller(t).at("3.54")
	id := c.volume()
	// Two of one instance, as while it moves to another host.
	first := c.want(200, "POST", "/attachments", attachmentOf(id, `, "instance_uuid": "`+firstServer+`"`)).text("attachment", "id")
	second := c.want(200, "POST", "/attachments", attachmentOf(id, `, "instance_uuid": "`+firstServer+`", "connector": `+connector)).text("attachment", "id")
	const several = "Invalid volume: Detach volume failed: More than one attachment, but no attachment_id provided."
	check(t, c, []row{
		act(id, "os-detach", `{"attachment_id": null}`, 400, "Error detaching volume - InvalidVolume: "+several),
		act(id, "os-force_detach", `{}`, 400, "Error force detaching volume - InvalidVolume: "+several),
		{name: "connect beside another", method: "PUT", path: "/attachments/" + first, body: `{"attachment": {"connector": ` + connector + `}}`, status: 409,
			fault: "Resource conflict: duplicate connectors detected on volume " + id},
		act(id, "os-detach", `{"attachment_id": "`+unknownID+`"}`, 202, ""),
		act(id, "os-detach", `{"attachment_id": "`+strings.ToUpper(first)+`"}`, 202, ""),
	})
	if l := c.want(200, "GET", "/attachments?volume_id="+id, nil); len(l.list("attachments")) != 1 || l.text("attachments", 0, "id") != second {
		t.Errorf("left: %s", l.raw)
	}
	c.status("volume", id, "attaching")
	check(t, c, []row{act(id, "os-detach", `{}`, 202, "")})
	c.status("volume", id, "available")
}

// Whatever ends an attachment by force ends what its initiator can do.
func TestEveryForcedEndLocksTheInitiatorOut(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(c caller, id, attachment string){
		"force_detach of a volume in error": func(c caller, id, attachment string) {
			c.want(202, "POST", "/volumes/"+id+"/action", `{"os-reset_status": {"status": "error"}}`)
			c.want(202, "POST", "/volumes/"+id+"/action", fmt.Sprintf(`{"os-force_detach": {"attachment_id": %q, "connector": null}}`, attachment))
		},
		"force_detach of a connector": func(c caller, id, _ string) {
			c.want(202, "POST", "/volumes/"+id+"/action", `{"os-force_detach": {"connector": {"initiator": "`+harness.Initiator+`"}}}`)
		},
		"detach": func(c caller, id, attachment string) {
			c.want(202, "POST", "/volumes/"+id+"/action", fmt.Sprintf(`{"os-detach": {"attachment_id": %q}}`, attachment))
		},
		"reset_status": func(c caller, id, _ string) {
			c.want(202, "POST", "/volumes/"+id+"/action", `{"os-reset_status": {"status": "available", "attach_status": "detached"}}`)
		},
		"terminate of all": func(c caller, id, attachment string) {
			c.want(202, "POST", "/volumes/"+id+"/action", `{"os-terminate_connection": {"connector": null}}`)
			c.want(202, "POST", "/volumes/"+id+"/action", `{"os-detach": null}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCaller(t)
			id := c.volume()
			con := c.initialized(id, harness.Initiator)
			c.want(202, "POST", "/volumes/"+id+"/action", `{"os-attach": `+attachTo(firstServer)+`}`)
			con.MustQemuIO(t, "write 0 4096")
			end(c, id, c.want(200, "GET", "/volumes/"+id, nil).text("volume", "attachments", 0, "attachment_id"))
			c.status("volume", id, "available")
			if l := c.at("3.54").want(200, "GET", "/attachments?volume_id="+id, nil); len(l.list("attachments")) != 0 {
				t.Errorf("left: %s", l.raw)
			}
			c.await("the initiator to be locked out", func() bool { _, err := con.QemuIO(t.Context(), "read 0 512"); return err != nil })
			c.want(202, "DELETE", "/volumes/"+id, nil)
			c.gone("/volumes/" + id)
		})
	}
}

func TestConnectionsAreOneInitiatorsOwn(t *testing.T) {
	t.Parallel()
	c := newCaller(t)
	id := c.volume()
	const other = "iqn.2026-11.io.clinker:other"
	mine, theirs := c.initialized(id, harness.Initiator), c.initialized(id, other)
	if mine.Password == theirs.Password || mine.User == theirs.User {
		t.Error("two initiators share a secret")
	}
	check(t, c, []row{
		act(id, "os-terminate_connection", `{"connector": {"initiator": "iqn.2026-11.io.clinker:unknown"}}`, 202, ""),
		act(id, "os-terminate_connection", `{"connector": {"initiator": "`+strings.ToUpper(other[:3])+other[3:]+`"}}`, 202, ""),
	})
	noLogin(t, theirs, "terminated")
	mine.MustQemuIO(t, "read 0 512")
	if fresh := c.initialized(id, other); fresh.Password == theirs.Password {
		t.Error("a connection that ended comes back with its old secret")
	}
	// Deleting the volume ends them too.
	c.want(202, "DELETE", "/volumes/"+id, nil)
	c.gone("/volumes/" + id)
	noLogin(t, mine, "deleted")
}

func TestConnectionsComeBackAfterAKill(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Options{})
	c := s.Client(t)
	v := c.CreateVolume(harness.VolumeSpec{SizeGiB: 1})
	var out struct {
		Info struct {
			Data struct {
				Portal   string `json:"target_portal"`
				IQN      string `json:"target_iqn"`
				User     string `json:"auth_username"`
				Password string `json:"auth_password"`
			} `json:"data"`
		} `json:"connection_info"`
	}
	init := map[string]any{"os-initialize_connection": map[string]any{"connector": map[string]string{"initiator": harness.Initiator}}}
	c.Request(http.MethodPost, "/volumes/"+v.ID+"/action", init, http.StatusOK, &out)
	d := out.Info.Data
	con := harness.Connection{VolumeID: v.ID, Portal: d.Portal, IQN: d.IQN, User: d.User, Password: d.Password, Initiator: harness.Initiator}
	con.MustQemuIO(t, "write -P 9 0 64k", "flush")
	s.Kill9()
	s.Restart(t)
	con.Portal = s.ISCSI
	con.MustQemuIO(t, "read -P 9 0 64k")
	c = s.Client(t)
	c.Request(http.MethodPost, "/volumes/"+v.ID+"/action", map[string]any{"os-terminate_connection": map[string]any{"connector": nil}}, http.StatusAccepted, nil)
	noLogin(t, con, "terminated after a restart")
	s.Kill9()
	s.Restart(t)
	con.Portal = s.ISCSI
	noLogin(t, con, "terminated before a restart")
}
