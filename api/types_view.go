package api

import (
	"slices"

	"github.com/clinker-io/clinker/db"
)

// Fields of a type. Which extra specs are shown is decided by policy.
var (
	typeCommonFields = []Field[db.VolumeType]{
		{"id", 0, anyone, func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendString(b, t.ID) }},
		{"name", 0, anyone, func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendString(b, t.Name) }},
		{"is_public", 0, anyone, func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendBool(b, t.IsPublic) }},
		{"description", 0, anyone, func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendStringOrNull(b, t.Description) }},
	}
	typeSpecsField = Field[db.VolumeType]{"extra_specs", 0, "volume_extension:access_types_extra_specs", appendExtraSpecs}
	typeAccess     = Field[db.VolumeType]{"os-volume-type-access:is_public", 0, "volume_extension:volume_type_access",
		func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendBool(b, t.IsPublic) }}
	typeQoS = Field[db.VolumeType]{"qos_specs_id", 0, "volume_extension:access_types_qos_specs_id",
		func(b []byte, _ *Request, t *db.VolumeType) []byte { return appendStringOrNull(b, t.QoSSpecsID) }}

	typeFields = slices.Concat(typeCommonFields, []Field[db.VolumeType]{typeSpecsField, typeQoS, typeAccess})
	// What an administrator made or changed shows all its specs, but no QoS.
	typeUpdatedFields = slices.Concat(typeCommonFields, []Field[db.VolumeType]{{"extra_specs", 0, anyone, appendAllSpecs}})
	typeCreatedFields = slices.Concat(typeUpdatedFields, []Field[db.VolumeType]{typeAccess})
)

// openSpecs are the extra specs that every user may see.
var openSpecs = []string{"RESKEY:availability_zones", "multiattach", "replication_enabled"}

func appendExtraSpecs(b []byte, r *Request, t *db.VolumeType) []byte {
	return appendSpecs(b, visibleSpecs(r, t))
}

func appendAllSpecs(b []byte, _ *Request, t *db.VolumeType) []byte {
	return appendSpecs(b, t.ExtraSpecs)
}

func visibleSpecs(r *Request, t *db.VolumeType) db.ExtraSpecs {
	if r.seesAllSpecs() {
		return t.ExtraSpecs
	}
	seen := db.ExtraSpecs{}
	for _, k := range openSpecs {
		if v, ok := t.ExtraSpecs[k]; ok {
			seen[k] = v
		}
	}
	return seen
}

func (r *Request) seesAllSpecs() bool {
	return r.Allowed("volume_extension:types_extra_specs:read_sensitive", r.Identity.ProjectID)
}

func appendSpecs(b []byte, specs db.ExtraSpecs) []byte {
	b = append(b, '{')
	for i, k := range sortedKeys(specs) {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendStringOrNull(append(appendString(b, k), ": "...), specs[k])
	}
	return append(b, '}')
}
