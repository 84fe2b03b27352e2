package policy

// olderNames are names that rules had before, which policy files may still use.
var olderNames = map[string]string{
	"group:group_types:create":                      "group:group_types_manage",
	"group:group_types:update":                      "group:group_types_manage",
	"group:group_types:delete":                      "group:group_types_manage",
	"group:group_types_specs:get":                   "group:group_types_specs",
	"group:group_types_specs:get_all":               "group:group_types_specs",
	"group:group_types_specs:create":                "group:group_types_specs",
	"group:group_types_specs:update":                "group:group_types_specs",
	"group:group_types_specs:delete":                "group:group_types_specs",
	"volume_extension:quota_classes:get":            "volume_extension:quota_classes",
	"volume_extension:quota_classes:update":         "volume_extension:quota_classes",
	"volume_extension:type_create":                  "volume_extension:types_manage",
	"volume_extension:type_update":                  "volume_extension:types_manage",
	"volume_extension:type_delete":                  "volume_extension:types_manage",
	"volume_extension:volume_image_metadata:show":   "volume_extension:volume_image_metadata",
	"volume_extension:volume_image_metadata:set":    "volume_extension:volume_image_metadata",
	"volume_extension:volume_image_metadata:remove": "volume_extension:volume_image_metadata",
}
