package api

import (
	"net/http"
)

func extensionRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/extensions", Status: 200, Handle: (*API).listExtensions},
		{Method: http.MethodGet, Path: "/extensions/{alias}", Status: 200, Handle: (*API).showExtension},
	}
}

// extension is what Cinder once called a loadable part of its API. Clients
// still look whether one is there.
type extension struct{ name, alias, description, updated string }

var extensions = []extension{
	{"AdminActions", "os-admin-actions", "Administrative actions on volumes and snapshots.", "2012-08-25T00:00:00+00:00"},
	{"AvailabilityZones", "os-availability-zone", "List of availability zones.", "2013-06-27T00:00:00+00:00"},
	{"Capabilities", "capabilities", "Capabilities of a backend.", "2015-08-31T00:00:00+00:00"},
	{"Cgsnapshots", "cgsnapshots", "Snapshots of consistency groups.", "2014-08-18T00:00:00+00:00"},
	{"Consistencygroups", "consistencygroups", "Consistency groups.", "2014-08-18T00:00:00+00:00"},
	{"ExtendedServices", "os-extended-services", "More about services.", "2014-01-10T00:00:00-00:00"},
	{"ExtendedSnapshotAttributes", "os-extended-snapshot-attributes", "More about snapshots.", "2012-06-19T00:00:00+00:00"},
	{"Hosts", "os-hosts", "Hosts and what is on them.", "2011-06-29T00:00:00+00:00"},
	{"Qos_specs_manage", "qos-specs", "Management of QoS specs.", "2013-08-02T00:00:00+00:00"},
	{"QuotaClasses", "os-quota-class-sets", "Limits of classes of projects.", "2012-03-12T00:00:00+00:00"},
	{"Quotas", "os-quota-sets", "Limits of projects.", "2011-08-08T00:00:00+00:00"},
	{"SchedulerHints", "OS-SCH-HNT", "Hints to the scheduler on create.", "2013-04-18T00:00:00+00:00"},
	{"Scheduler_stats", "scheduler-stats", "What the scheduler knows of the pools.", "2014-09-07T00:00:00+00:00"},
	{"Services", "os-services", "The service's parts and their state.", "2012-10-28T00:00:00-00:00"},
	{"SnapshotActions", "os-snapshot-actions", "Status updates of snapshots.", "2013-07-16T00:00:00+00:00"},
	{"SnapshotManage", "os-snapshot-manage", "Takes over snapshots that a backend already has.", "2014-12-31T00:00:00+00:00"},
	{"SnapshotUnmanage", "os-snapshot-unmanage", "Forgets snapshots that stay on their backend.", "2014-12-31T00:00:00+00:00"},
	{"TypesExtraSpecs", "os-types-extra-specs", "Extra specs of volume types.", "2011-08-24T00:00:00+00:00"},
	{"TypesManage", "os-types-manage", "Management of volume types.", "2011-08-24T00:00:00+00:00"},
	{"UsedLimits", "os-used-limits", "Usage beside limits.", "2013-10-03T00:00:00+00:00"},
	{"VolumeActions", "os-volume-actions", "Actions on volumes.", "2012-05-31T00:00:00+00:00"},
	{"VolumeEncryptionMetadata", "os-volume-encryption-metadata", "How a volume is encrypted.", "2013-07-10T00:00:00+00:00"},
	{"VolumeHostAttribute", "os-vol-host-attr", "Host of a volume.", "2011-11-03T00:00:00+00:00"},
	{"VolumeImageMetadata", "os-vol-image-meta", "Image properties of a volume.", "2012-12-07T00:00:00+00:00"},
	{"VolumeManage", "os-volume-manage", "Takes over volumes that a backend already has.", "2014-02-10T00:00:00+00:00"},
	{"VolumeMigStatusAttribute", "os-vol-mig-status-attr", "Migration status of a volume.", "2013-08-08T00:00:00+00:00"},
	{"VolumeTenantAttribute", "os-vol-tenant-attr", "Project of a volume.", "2011-11-03T00:00:00+00:00"},
	{"VolumeTransfer", "os-volume-transfer", "Volumes change their project.", "2013-05-29T00:00:00+00:00"},
	{"VolumeTypeAccess", "os-volume-type-access", "Access of projects to volume types.", "2014-06-26T00:00:00Z"},
	{"VolumeTypeEncryption", "encryption", "Encryption by volume type.", "2013-07-01T00:00:00+00:00"},
	{"VolumeUnmanage", "os-volume-unmanage", "Forgets volumes that stay on their backend.", "2012-05-31T00:00:00+00:00"},
}

var extensionFields = []Field[extension]{
	{"name", 0, anyone, func(b []byte, _ *Request, e *extension) []byte { return appendString(b, e.name) }},
	{"alias", 0, anyone, func(b []byte, _ *Request, e *extension) []byte { return appendString(b, e.alias) }},
	{"description", 0, anyone, func(b []byte, _ *Request, e *extension) []byte { return appendString(b, e.description) }},
	{"updated", 0, anyone, func(b []byte, _ *Request, e *extension) []byte { return appendString(b, e.updated) }},
	{"links", 0, anyone, func(b []byte, _ *Request, _ *extension) []byte { return append(b, "[]"...) }},
}

func (a *API) listExtensions(r *Request) (Response, error) {
	return newView(r, extensionFields, nil).Many(extensions, Page{Key: "extensions"}), nil
}

func (a *API) showExtension(r *Request) (Response, error) {
	for i := range extensions {
		if extensions[i].alias == r.Param("alias") {
			return newView(r, extensionFields, nil).One("extension", &extensions[i]), nil
		}
	}
	return Response{}, errNotFound
}
