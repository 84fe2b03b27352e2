package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/clinker-io/clinker/internal/barbicantest"
	"github.com/clinker-io/clinker/internal/keystonetest"
)

// section is one of tempest.conf.
type section map[string]any

// settings is tempest.conf, with everything turned on that there is.
func (c *cloud) settings(dir string, have *stock) map[string]section {
	return map[string]section{
		"DEFAULT":          {"log_dir": dir, "log_file": "tempest.log", "use_stderr": false},
		"oslo_concurrency": {"lock_path": dir},
		"auth": {"use_dynamic_credentials": true, "create_isolated_networks": false,
			"admin_username": c.keystone.Admin.Name,
			"admin_password": c.keystone.Admin.Password, "admin_project_name": "admin", "admin_domain_name": "Default", "tempest_roles": "member," + barbicantest.Creator},
		"identity": {"uri_v3": c.keystone.URL, "auth_version": "v3", "region": keystonetest.Region, "default_domain_id": "default",
			"v3_endpoint_type": "public", "catalog_type": "identity"},
		"service_available": {"cinder": true, "glance": true, "nova": true, "barbican": true, "neutron": false, "swift": false, "horizon": false},
		"validation":        {"run_validation": false},
		"volume": {"catalog_type": "volumev3", "endpoint_type": "public", "build_interval": 1, "build_timeout": 180,
			"backend_names": backends[0].name + "," + backends[1].name, "storage_protocol": "iSCSI", "vendor_name": "Open Source",
			"min_microversion": "3.0", "max_microversion": "3.71",
			"manage_volume_ref": "source-name,volume-%s", "manage_snapshot_ref": "source-name,snapshot-%s"},
		"volume-feature-enabled": {"multi_backend": true, "backup": false, "snapshot": true, "clone": true, "manage_snapshot": true, "manage_volume": true,
			"extend_attached_volume": true, "extend_attached_encrypted_volume": true, "consistency_group": true, "volume_revert": true},
		"compute": {"image_ref": have.images[0], "image_ref_alt": have.images[1], "flavor_ref": have.flavors[0], "flavor_ref_alt": have.flavors[1],
			"build_interval": 1, "build_timeout": 180, "min_microversion": "2.1", "max_microversion": "2.93", "endpoint_type": "public"},
		// What the fake hypervisor can do.
		"compute-feature-enabled": {"attach_encrypted_volume": true, "volume_multiattach": true, "swap_volume": true, "resize": true,
			"snapshot": true, "suspend": true, "shelve": true, "console_output": false, "vnc_console": false, "interface_attach": false},
		"enforce_scope": {"cinder": true},
		"image":         {"region": keystonetest.Region, "build_timeout": 180},
	}
}

// ini writes sections in a fixed order.
func ini(sections map[string]section) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		fmt.Fprintf(&b, "[%s]\n", name)
		for _, key := range slices.Sorted(maps.Keys(sections[name])) {
			fmt.Fprintf(&b, "%s = %v\n", key, sections[name][key])
		}
	}
	return b.Bytes()
}
