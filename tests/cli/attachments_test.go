package cli

import (
	"strings"

	"github.com/clinker-io/clinker/tests/harness"
)

// server is any UUID: the service knows no servers.
const server = "33333333-4444-5555-6666-777777777777"

// attachments is the flow of 3.27 and 3.44.
func attachments(o openstack, c *harness.Client, s *harness.Service) {
	t := o.t
	v := c.CreateVolume(harness.VolumeSpec{Name: "attached", SizeGiB: 1})
	const fieldNames = "ID,Volume ID,Instance ID,Status,Attach Mode,Attached At,Detached At,Properties"
	a := o.show("volume", "attachment", "create", "--no-connect", "attached", server)
	columns(t, "attachment create", a, fieldNames)
	fields(t, "attachment create", a, map[string]any{"Volume ID": v.ID, "Instance ID": server, "Status": "reserved", "Attached At": "", "Properties": map[string]any{}})
	id := a["ID"].(string)

	o.ok("volume", "attachment", "list").header("ID,Volume ID,Server ID,Status")
	row := item(t, o.list("volume", "attachment", "list", "--volume-id", v.ID), "ID", id)
	fields(t, "attachment list", row, map[string]any{"Volume ID": v.ID, "Server ID": server, "Status": "reserved"})

	a = o.show("volume", "attachment", "set", "--initiator", harness.Initiator, "--host", "compute1", "--ip", "127.0.0.1", "--platform", "x86_64",
		"--os-type", "linux", id)
	columns(t, "attachment set", a, fieldNames)
	o.ok("volume", "attachment", "complete", id)
	c.WaitStatus(v.ID, "in-use")
	a = o.show("volume", "attachment", "show", id)
	columns(t, "attachment show", a, fieldNames)
	fields(t, "attachment show", a, map[string]any{"ID": id, "Status": "attached"})
	info, _ := a["Properties"].(map[string]any)
	fields(t, "connection_info", info, map[string]any{"driver_volume_type": "iscsi", "target_portal": s.ISCSI, "auth_method": "CHAP",
		"target_iqn": "iqn.2010-10.org.openstack:volume-" + v.ID})

	list := o.ok("volume", "list", "--name", "attached").table()
	if len(list) != 2 || !strings.Contains(list[1][4], server) {
		t.Errorf("volume list of an attached volume: %q", list)
	}
	o.fails("Invalid volume: Volume status must be available or error", "volume", "delete", "attached")
	o.ok("volume", "attachment", "delete", id)
	c.WaitStatus(v.ID, "available")
}
