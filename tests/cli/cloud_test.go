package cli

import "github.com/clinker-io/clinker/tests/harness"

// cloud is what describes the service as a whole.
func cloud(o openstack, _ *harness.Client, _ *harness.Service) {
	t := o.t
	o.ok("volume", "type", "list").header("ID,Name,Is Public")
	kind := item(t, o.list("volume", "type", "list", "--long"), "Name", "__DEFAULT__")
	fields(t, "volume type list", kind, map[string]any{"Is Public": true, "Properties": map[string]any{}})
	kind = o.show("volume", "type", "show", "__DEFAULT__")
	columns(t, "volume type show", kind, "access_project_ids,description,id,is_public,name,properties,qos_specs_id")
	fields(t, "volume type show", kind, map[string]any{"name": "__DEFAULT__", "is_public": true})

	o.ok("volume", "service", "list").header("Binary,Host,Zone,Status,State,Updated At")
	running := o.list("volume", "service", "list")
	for _, binary := range []string{"cinder-volume", "cinder-scheduler"} {
		fields(t, "volume service list", item(t, running, "Binary", binary), map[string]any{"Zone": "nova", "Status": "enabled", "State": "up"})
	}
	zones := o.list("availability", "zone", "list", "--volume")
	fields(t, "availability zone list", item(t, zones, "Zone Name", "nova"), map[string]any{"Zone Status": "available"})
	limits := o.list("limits", "show", "--absolute")
	for name, value := range map[string]any{"maxTotalVolumes": 10, "maxTotalSnapshots": 10, "maxTotalVolumeGigabytes": 1000} {
		fields(t, "limits show", item(t, limits, "Name", name), map[string]any{"Value": value})
	}
}

// failures are an exit status other than zero and the service's message.
func failures(o openstack, _ *harness.Client, _ *harness.Service) {
	o.fails("No volume with a name or ID of 'nonsense' exists.", "volume", "show", "nonsense")
	o.fails("Invalid input for field/attribute size. Value: 0. 0 is less than the minimum of 1 (HTTP 400)", "volume", "create", "--size", "0", "none")
	o.fails("Volume type with name nonsense could not be found. (HTTP 404)", "volume", "create", "--size", "1", "--type", "nonsense", "none")
	o.fails("No snapshot with a name or ID of 'nonsense' exists.", "volume", "create", "--snapshot", "nonsense", "none")
	o.fails("1 of 1 volumes failed to delete.", "volume", "delete", "nonsense")
	o.fails("Availability zone 'moon' is invalid. (HTTP 400)", "volume", "create", "--size", "1", "--availability-zone", "moon", "none")
}
