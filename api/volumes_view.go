package api

import (
	"maps"
	"slices"
	"strings"

	"github.com/clinker-io/clinker/db"
)

func volumeProject(v *db.VolumeView) string { return v.ProjectID }

// shownStatus maps what users are not told apart.
var shownStatus = map[string]string{"managing": "creating", "error_managing": "error", "error_managing_deleting": "deleting"}

var volumeSummaryFields = []Field[db.VolumeView]{
	{"id", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendString(b, v.ID) }},
	{"name", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.Name) }},
	{"links", 0, anyone, func(b []byte, r *Request, v *db.VolumeView) []byte { return appendLinks(b, r, "volumes", v.ID) }},
}

var volumeFields = []Field[db.VolumeView]{
	{"id", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendString(b, v.ID) }},
	{"status", 0, anyone, appendVolumeStatus},
	{"size", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendInt(b, int64(v.Size)) }},
	{"availability_zone", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendFilled(b, v.AvailabilityZone) }},
	{"created_at", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendTime(b, v.CreatedAt) }},
	{"updated_at", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendTimeOrNull(b, v.UpdatedAt) }},
	{"name", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.Name) }},
	{"description", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.Description) }},
	{"volume_type", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendString(b, v.TypeName) }},
	{"snapshot_id", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.SnapshotID) }},
	{"source_volid", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.SourceVolid) }},
	{"metadata", 0, anyone, appendVolumeMetadata},
	{"links", 0, anyone, func(b []byte, r *Request, v *db.VolumeView) []byte { return appendLinks(b, r, "volumes", v.ID) }},
	{"user_id", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendString(b, v.UserID) }},
	{"bootable", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte {
		return append(appendBool(append(b, '"'), v.Bootable), '"')
	}},
	{"encrypted", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendBool(b, v.EncryptionKeyID != nil) }},
	{"replication_status", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.ReplicationStatus) }},
	{"consistencygroup_id", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte {
		return appendStringOrNull(b, v.ConsistencygroupID)
	}},
	{"multiattach", 0, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendBool(b, v.Multiattach) }},
	{"attachments", 0, anyone, appendVolumeAttachments},
	{"migration_status", 0, "context_is_admin", func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.MigrationStatus) }},
	{"os-vol-host-attr:host", 0, "volume_extension:volume_host_attribute", func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.Host) }},
	{"os-vol-tenant-attr:tenant_id", 0, "volume_extension:volume_tenant_attribute", func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendString(b, v.ProjectID) }},
	{"os-vol-mig-status-attr:migstat", 0, "volume_extension:volume_mig_status_attribute", func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.MigrationStatus) }},
	{"os-vol-mig-status-attr:name_id", 0, "volume_extension:volume_mig_status_attribute", func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.NameID) }},
	{"group_id", 13, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.GroupID) }},
	{"provider_id", 21, "context_is_admin", func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.ProviderID) }},
	{"shared_targets", 48, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendBool(b, v.SharedTargets) }},
	{"service_uuid", 48, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.ServiceUuid) }},
	{"cluster_name", 61, "context_is_admin", func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendStringOrNull(b, v.ClusterName) }},
	{"volume_type_id", 63, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendString(b, v.VolumeTypeID) }},
	{"encryption_key_id", 64, anyone, appendEncryptionKey},
	{"consumes_quota", 65, anyone, func(b []byte, _ *Request, v *db.VolumeView) []byte { return appendBool(b, v.ConsumesQuota) }},
	{"volume_image_metadata", 0, "volume_extension:volume_image_metadata:show", appendImageMetadata},
}

// volumeAnswerFields are those of the answers to create and update, which the
// extended attributes never joined.
var volumeAnswerFields = slices.DeleteFunc(slices.Clone(volumeFields), func(f Field[db.VolumeView]) bool {
	return strings.HasPrefix(f.Name, "os-vol-") || f.Name == "volume_image_metadata"
})

func appendVolumeStatus(b []byte, _ *Request, v *db.VolumeView) []byte {
	if shown, ok := shownStatus[v.Status]; ok {
		return appendString(b, shown)
	}
	return appendString(b, v.Status)
}

// appendImageMetadata leaves out the key of a volume that has none.
func appendImageMetadata(b []byte, _ *Request, v *db.VolumeView) []byte {
	if len(v.ImageMetadata) == 0 {
		return nil
	}
	return appendMap(b, v.ImageMetadata)
}

// fixedKey is the id that stands for the key in Cinder's own configuration.
const fixedKey = db.FixedKey

// appendEncryptionKey leaves out the key of a volume that is not encrypted.
func appendEncryptionKey(b []byte, _ *Request, v *db.VolumeView) []byte {
	if v.EncryptionKeyID == nil || *v.EncryptionKeyID == fixedKey {
		return nil
	}
	return appendString(b, *v.EncryptionKeyID)
}

// appendFilled appends null for "".
func appendFilled(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendString(b, s)
}

// appendVolumeMetadata mixes in the two keys that administrators' metadata shows to all.
func appendVolumeMetadata(b []byte, _ *Request, v *db.VolumeView) []byte {
	readonly, isSet := v.AdminMetadata["readonly"]
	mode, attached := v.AdminMetadata["attached_mode"]
	if !isSet && !attached {
		return appendMap(b, v.Metadata)
	}
	m := maps.Clone(map[string]string(v.Metadata))
	if m == nil {
		m = make(map[string]string, 2)
	}
	if isSet {
		m["readonly"] = readonly
	}
	if attached {
		m["attached_mode"] = mode
	}
	return appendMap(b, m)
}

// appendVolumeAttachments: the id of an item is the volume's. Which host has it
// is for administrators and services.
func appendVolumeAttachments(b []byte, r *Request, v *db.VolumeView) []byte {
	b = append(b, '[')
	for i, at := range v.Attachments {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendString(append(b, `{"id": `...), v.ID)
		b = appendString(append(b, `, "attachment_id": `...), at.ID)
		b = appendString(append(b, `, "volume_id": `...), v.ID)
		b = appendStringOrNull(append(b, `, "server_id": `...), at.ServerID)
		host := at.HostName
		if !r.IsAdmin() && !r.Identity.IsService {
			host = nil
		}
		b = appendStringOrNull(append(b, `, "host_name": `...), host)
		b = appendStringOrNull(append(b, `, "device": `...), at.Device)
		b = append(appendTimeOrNull(append(b, `, "attached_at": `...), at.AttachedAt), '}')
	}
	return append(b, ']')
}
