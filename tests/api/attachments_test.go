package api

import (
	"fmt"
	"strings"
	"testing"
)

const connector = `{"initiator": "iqn.2026-11.io.clinker:api", "host": "compute1", "ip": "127.0.0.1", "os_type": "linux", "platform": "x86_64", "multipath": false}`

func attachmentOf(volume string, members string) string {
	return fmt.Sprintf(`{"attachment": {"volume_uuid": %q%s}}`, volume, members)
}

// reserve makes an attachment without a connector.
func (c caller) reserve(volume string) string {
	c.t.Helper()
	return c.at("3.54").want(200, "POST", "/attachments", attachmentOf(volume, "")).text("attachment", "id")
}

// attach makes one that is complete.
func (c caller) attach(volume string) string {
	c.t.Helper()
	id := c.at("3.54").want(200, "POST", "/attachments", attachmentOf(volume, `, "connector": `+connector)).text("attachment", "id")
	c.at("3.44").want(204, "POST", "/attachments/"+id+"/action", `{"os-complete": null}`)
	return id
}

const attachmentKeys = "id status instance volume_id attached_at detached_at attach_mode connection_info"

func TestAttachmentThroughEveryState(t *testing.T) {
	t.Parallel()
	c := newCaller(t).at("3.54")
	volume := c.volume()
	is := func(status string) { t.Helper(); c.status("volume", volume, status) }
	a := c.want(200, "POST", "/attachments", attachmentOf(volume, ""))
	keys(t, a.what, a.object("attachment"), attachmentKeys)
	id := a.text("attachment", "id")
	for key, want := range map[string]any{"status": "reserved", "instance": nil, "volume_id": volume, "attached_at": "", "detached_at": "", "attach_mode": "null"} {
		if got := a.get("attachment", key); got != want {
			t.Errorf("reserved: %s is %v, want %v", key, got, want)
		}
	}
	if len(a.object("attachment", "connection_info")) != 0 {
		t.Errorf("reserved: %s", a.raw)
	}
	is("reserved")
	refused := c.send("POST", "/attachments", attachmentOf(volume, ""))
	if refused.status != 400 {
		t.Fatalf("%s: status %d: %s", refused.what, refused.status, refused.raw)
	}
	refused.isFault("Invalid volume: Volume " + volume + " status must be available or downloading to reserve, but the current status is reserved.")
	a = c.want(200, "PUT", "/attachments/"+id, `{"attachment": {"connector": `+connector+`}}`)
	keys(t, a.what, a.object("attachment"), attachmentKeys)
	connectionInfo(t, c, a, volume, id)
	is("attaching")
	a = c.want(200, "GET", "/attachments/"+id, nil)
	if a.text("attachment", "status") != "attaching" || a.text("attachment", "attached_at") == "" {
		t.Errorf("attaching: %s", a.raw)
	}
	if n := len(c.want(200, "GET", "/volumes/"+volume, nil).list("volume", "attachments")); n != 0 {
		t.Errorf("attaching: the volume shows %d attachments", n)
	}
	if done := c.want(204, "POST", "/attachments/"+id+"/action", `{"os-complete": null}`); len(done.raw) != 0 {
		t.Errorf("%s: a body: %s", done.what, done.raw)
	}
	is("in-use")
	completed(t, c, volume, id)
	a = c.want(200, "DELETE", "/attachments/"+id, nil)
	if len(a.object()) != 1 || len(a.list("attachments")) != 0 {
		t.Errorf("%s: %s", a.what, a.raw)
	}
	is("available")
	gone := c.want(404, "GET", "/attachments/"+id, nil)
	gone.isFault("Volume attachment could not be found with filter: attachment_id = " + id + ".*")
}

// connectionInfo looks at what an initiator is told.
func connectionInfo(t *testing.T, c caller, a answer, volume, id string) {
	t.Helper()
	info := a.object("attachment", "connection_info")
	for key, want := range map[string]any{"driver_volume_type": "iscsi", "attachment_id": id, "target_discovered": false, "target_portal": service.ISCSI,
		"target_iqn": "iqn.2010-10.org.openstack:volume-" + volume, "volume_id": volume, "auth_method": "CHAP", "encrypted": false,
		"qos_specs": nil, "access_mode": "rw", "cacheable": false, "enforce_multipath": false} {
		if got, ok := info[key]; !ok || got != want {
			t.Errorf("connection_info: %s is %v (there: %v), want %v", key, got, ok, want)
		}
	}
	if _, ok := info["target_lun"].(float64); !ok {
		t.Errorf("target_lun is %v", info["target_lun"])
	}
	if info["auth_username"] == "" || info["auth_password"] == "" {
		t.Error("no CHAP secret")
	}
	for _, plural := range []string{"target_portals", "target_iqns", "target_luns"} {
		if info[plural] != nil {
			t.Errorf("%s for one portal without multipath", plural)
		}
	}
}

// completed looks at a complete attachment from every side.
func completed(t *testing.T, c caller, volume, id string) {
	t.Helper()
	a := c.want(200, "GET", "/attachments/"+id, nil)
	if a.text("attachment", "status") != "attached" || a.text("attachment", "attach_mode") != "rw" && a.text("attachment", "attach_mode") != "null" {
		t.Errorf("complete: %s", a.raw)
	}
	v := c.want(200, "GET", "/volumes/"+volume, nil)
	if n := len(v.list("volume", "attachments")); n != 1 {
		t.Fatalf("the volume shows %d attachments", n)
	}
	keys(t, "attachment in a volume", v.object("volume", "attachments", 0), "id attachment_id volume_id server_id host_name device attached_at")
	if v.text("volume", "attachments", 0, "id") != volume || v.text("volume", "attachments", 0, "attachment_id") != id ||
		v.text("volume", "attachments", 0, "host_name") != "compute1" {
		t.Errorf("volume: %s", v.raw)
	}
	if l := c.want(200, "GET", "/attachments", nil); len(l.list("attachments")) != 1 {
		t.Errorf("list: %s", l.raw)
	} else {
		keys(t, "attachment in the list", l.object("attachments", 0), "id status instance volume_id")
	}
	keys(t, "attachment in detail", c.want(200, "GET", "/attachments/detail", nil).object("attachments", 0), attachmentKeys)
	for query, want := range map[string]int{"volume_id=" + volume: 1, "volume_id=" + unknownID: 0, "status=attached": 1, "status=reserved": 0, "limit=0": 0} {
		if l := c.want(200, "GET", "/attachments?"+query, nil); len(l.list("attachments")) != want {
			t.Errorf("%s: %s", query, l.raw)
		}
	}
}

func TestAttachmentsRefuse(t *testing.T) {
	t.Parallel()
	c := newCaller(t).at("3.54")
	idle, broken, used := c.volume(), c.volume(), c.volume()
	c.want(202, "POST", "/volumes/"+broken+"/action", `{"os-reset_status": {"status": "error"}}`)
	attached := c.attach(used)
	reserved := c.volume()
	waiting := c.reserve(reserved)
	post := func(name, mv, body string, status int, fault string) row {
		return row{name: name, mv: mv, method: "POST", path: "/attachments", body: body, status: status, fault: fault}
	}
	const field = "Invalid input for field/attribute "
	noInitiator := `{"host": "compute1"}`
	check(t, c, []row{
		post("unknown volume", "", attachmentOf(unknownID, ""), 404, "Volume "+unknownID+" could not be found."),
		post("bad volume", "", attachmentOf("abc", ""), 400, field+"volume_uuid. Value: abc. 'abc' is not a 'uuid'"),
		post("no volume", "", `{"attachment": {}}`, 400, field+"attachment. Value: {}. 'volume_uuid' is a required property"),
		post("instance null", "", attachmentOf(idle, `, "instance_uuid": null`), 400, field+"instance_uuid. Value: None. None is not of type 'string'"),
		post("instance bad", "", attachmentOf(idle, `, "instance_uuid": "abc"`), 400, field+"instance_uuid. Value: abc. 'abc' is not a 'uuid'"),
		post("mode 3.53", "3.53", attachmentOf(idle, `, "mode": "ro"`), 400, field+"attachment. Value: *"),
		post("mode odd", "", attachmentOf(idle, `, "mode": "wr"`), 400, field+"mode. Value: wr. 'wr' is not one of ['rw', 'ro']"),
		post("connector text", "", attachmentOf(idle, `, "connector": "x"`), 400, field+"connector. Value: x. 'x' is not of type 'object', 'null'"),
		post("connector without initiator", "", attachmentOf(idle, `, "connector": `+noInitiator), 400, ""), // 500 upstream, a slip
		post("error volume", "", attachmentOf(broken, ""), 400, "Invalid volume: Volume attachments can not be created if the volume is in an error state. *"),
		post("in-use volume", "", attachmentOf(used, ""), 400, "Invalid volume: Volume "+used+
			" status must be available or downloading to reserve, but the current status is in-use."),
		{name: "update unknown", method: "PUT", path: "/attachments/" + unknownID, body: `{"attachment": {"connector": ` + connector + `}}`, status: 404},
		{name: "update without initiator", method: "PUT", path: "/attachments/" + waiting, body: `{"attachment": {"connector": ` + noInitiator + `}}`, status: 400},
		{name: "update empty connector", method: "PUT", path: "/attachments/" + waiting, body: `{"attachment": {"connector": {}}}`, status: 400,
			fault: field + "connector. Value: {}. *"},
		{name: "update connector null", method: "PUT", path: "/attachments/" + waiting, body: `{"attachment": {"connector": null}}`, status: 400,
			fault: field + "connector. Value: None. None is not of type 'object'"},
		{name: "show unknown", method: "GET", path: "/attachments/" + unknownID, status: 404},
		{name: "delete unknown", method: "DELETE", path: "/attachments/" + unknownID, status: 404},
		{name: "complete unknown", method: "POST", path: "/attachments/" + unknownID + "/action", body: `{"os-complete": null}`, status: 404},
		{name: "unknown action", method: "POST", path: "/attachments/" + waiting + "/action", body: `{"os-nothing": null}`, status: 400},
		{name: "delete an attached volume", method: "DELETE", path: "/volumes/" + used, status: 400, fault: notDeletable},
		{name: "force delete an attached volume", method: "POST", path: "/volumes/" + used + "/action", body: `{"os-force_delete": null}`, status: 400},
	})
	// The refused connectors left nothing behind.
	c.status("volume", idle, "available")
	c.status("volume", reserved, "reserved")
	if got := c.want(200, "GET", "/attachments/"+waiting, nil).text("attachment", "status"); got != "reserved" {
		t.Errorf("the reserved attachment is %s", got)
	}
	c.want(200, "DELETE", "/attachments/"+waiting, nil)
	c.status("volume", reserved, "available")
	c.want(200, "DELETE", "/attachments/"+attached, nil)
	c.status("volume", used, "available")
}

func TestReadOnlyAttachments(t *testing.T) {
	t.Parallel()
	c := newCaller(t).at("3.54")
	byMode, byFlag := c.volume(), c.volume()
	a := c.want(200, "POST", "/attachments", attachmentOf(byMode, `, "mode": "ro", "connector": `+connector))
	if a.text("attachment", "attach_mode") != "ro" {
		t.Errorf("mode ro: %s", a.raw)
	}
	c.want(202, "POST", "/volumes/"+byFlag+"/action", `{"os-update_readonly_flag": {"readonly": true}}`)
	if got := c.want(200, "GET", "/volumes/"+byFlag, nil).text("volume", "metadata", "readonly"); got != "True" {
		t.Errorf("metadata readonly is %q", got)
	}
	if m := c.want(200, "GET", "/volumes/"+byFlag+"/metadata", nil).object("metadata"); len(m) != 0 {
		t.Errorf("the metadata endpoint shows %v", m)
	}
	a = c.want(200, "POST", "/attachments", attachmentOf(byFlag, `, "connector": `+connector))
	if a.text("attachment", "attach_mode") != "ro" || a.text("attachment", "connection_info", "access_mode") != "ro" {
		t.Errorf("read-only volume: %s", a.raw)
	}
}

func TestAConnectorInTheRequestAttachesAtOnce(t *testing.T) {
	t.Parallel()
	c := newCaller(t).at("3.27")
	volume := c.volume()
	instance := "22222222-3333-4444-5555-666666666666"
	a := c.want(200, "POST", "/attachments", attachmentOf(volume, `, "instance_uuid": "`+instance+`", "connector": `+connector))
	connectionInfo(t, c, a, volume, a.text("attachment", "id"))
	if a.text("attachment", "instance") != instance {
		t.Errorf("instance: %s", a.raw)
	}
	c.status("volume", volume, "attaching")
	// With multipath the lists of portals come.
	other := c.volume()
	m := c.want(200, "POST", "/attachments", attachmentOf(other, `, "connector": `+strings.Replace(connector, `"multipath": false`, `"multipath": true`, 1)))
	if n := len(m.list("attachment", "connection_info", "target_portals")); n != 1 {
		t.Errorf("multipath: %s", m.raw)
	}
}
