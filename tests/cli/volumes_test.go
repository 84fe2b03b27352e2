package cli

import "github.com/clinker-io/clinker/tests/harness"

const (
	createColumns = "attachments,availability_zone,bootable,cluster_name,consistencygroup_id,consumes_quota,created_at,description,encrypted,group_id,id," +
		"migration_status,multiattach,name,properties,provider_id,replication_status,service_uuid,shared_targets,size,snapshot_id,source_volid,status," +
		"type,updated_at,user_id,volume_type_id"
	showColumns = createColumns + ",os-vol-host-attr:host,os-vol-mig-status-attr:migstat,os-vol-mig-status-attr:name_id,os-vol-tenant-attr:tenant_id"
)

// volumes is the life of one volume.
func volumes(o openstack, c *harness.Client, s *harness.Service) {
	t := o.t
	v := o.show("volume", "create", "--size", "1", "--description", "of the tests", "--property", "a=b", "--property", "c=d", "first")
	columns(t, "volume create", v, createColumns)
	fields(t, "volume create", v, map[string]any{"name": "first", "size": 1, "description": "of the tests", "status": "creating", "bootable": "false",
		"type": "__DEFAULT__", "properties": map[string]string{"a": "b", "c": "d"}, "availability_zone": "nova"})
	id := v["id"].(string)
	c.WaitStatus(id, "available")

	o.ok("volume", "list").header("ID,Name,Status,Size,Attached to")
	long := o.ok("volume", "list", "--long")
	long.header("ID,Name,Status,Size,Type,Bootable,Attached to,Properties")
	row := item(t, o.list("volume", "list", "--long", "--name", "first"), "ID", id)
	fields(t, "volume list", row, map[string]any{"Name": "first", "Status": "available", "Size": 1, "Type": "__DEFAULT__", "Bootable": "false",
		"Properties": map[string]string{"a": "b", "c": "d"}})

	o.ok("volume", "set", "--name", "second", "--description", "changed", "--property", "a=z", "--size", "2", "--bootable", "first")
	c.WaitStatus(id, "available")
	o.ok("volume", "unset", "--property", "c", "second")
	o.ok("volume", "set", "--read-only", id)
	v = o.show("volume", "show", "second")
	columns(t, "volume show", v, showColumns)
	fields(t, "volume show", v, map[string]any{"id": id, "name": "second", "description": "changed", "size": 2, "bootable": "true", "status": "available",
		"properties": map[string]string{"a": "z", "readonly": "True"}, "os-vol-tenant-attr:tenant_id": s.Project()})

	o.ok("volume", "set", "--state", "error", "second")
	c.WaitStatus(id, "error")
	o.fails("New size must be greater than 2 GB", "volume", "set", "--size", "1", "second")
	o.ok("volume", "delete", "second")
	gone(t, c, "/volumes/"+id)
}
