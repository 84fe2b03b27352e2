package policy

// The older checks of upstream, as pointers so that nil is none.
var (
	everyone     = older("")
	adminOrOwner = older("rule:admin_or_owner")
	anyAdmin     = older("rule:system_or_domain_or_project_admin")
	systemAdmin  = older("role:admin and system_scope:all")
)

func older(s string) *string { return &s }

const (
	reader = "rule:xena_system_admin_or_project_reader"
	member = "rule:xena_system_admin_or_project_member"
	admin  = "rule:admin_api"
)

// defaults are the rules of the reference. Those of backups join with their engine.
var defaults = []Rule{
	// base rules
	{"admin_or_owner", "is_admin:True or (role:admin and is_admin_project:True) or project_id:%(project_id)s", nil},
	{"system_or_domain_or_project_admin", "(role:admin and system_scope:all) or (role:admin and domain_id:%(domain_id)s) or (role:admin and project_id:%(project_id)s)", nil},
	{"context_is_admin", "role:admin", nil},
	{"admin_api", "is_admin:True or (role:admin and is_admin_project:True)", nil},
	{"xena_system_admin_or_project_reader", "(role:admin) or (role:reader and project_id:%(project_id)s)", nil},
	{"xena_system_admin_or_project_member", "(role:admin) or (role:member and project_id:%(project_id)s)", nil},
	// attachments
	{"volume:attachment_create", member, everyone},
	{"volume:attachment_update", member, adminOrOwner},
	{"volume:attachment_delete", member, adminOrOwner},
	{"volume:attachment_complete", member, adminOrOwner},
	{"volume:multiattach_bootable_volume", member, adminOrOwner},
	// messages
	{"message:get_all", reader, adminOrOwner},
	{"message:get", reader, adminOrOwner},
	{"message:delete", member, adminOrOwner},
	// clusters
	{"clusters:get_all", admin, nil},
	{"clusters:get", admin, nil},
	{"clusters:update", admin, nil},
	// workers
	{"workers:cleanup", admin, nil},
	// snapshot metadata
	{"volume:get_snapshot_metadata", reader, adminOrOwner},
	{"volume:update_snapshot_metadata", member, adminOrOwner},
	{"volume:delete_snapshot_metadata", member, adminOrOwner},
	// snapshots
	{"volume:get_all_snapshots", reader, adminOrOwner},
	{"volume_extension:extended_snapshot_attributes", reader, adminOrOwner},
	{"volume:create_snapshot", member, adminOrOwner},
	{"volume:get_snapshot", reader, adminOrOwner},
	{"volume:update_snapshot", member, adminOrOwner},
	{"volume:delete_snapshot", member, adminOrOwner},
	// snapshot actions
	{"volume_extension:snapshot_admin_actions:reset_status", admin, nil},
	{"snapshot_extension:snapshot_actions:update_snapshot_status", member, everyone},
	{"volume_extension:snapshot_admin_actions:force_delete", admin, nil},
	// manage snapshot
	{"snapshot_extension:list_manageable", admin, nil},
	{"snapshot_extension:snapshot_manage", admin, nil},
	{"snapshot_extension:snapshot_unmanage", admin, nil},
	// groups
	{"group:get_all", reader, adminOrOwner},
	{"group:create", member, everyone},
	{"group:get", reader, adminOrOwner},
	{"group:update", member, adminOrOwner},
	{"group:group_project_attribute", admin, nil},
	// group types
	{"group:group_types:create", admin, nil},
	{"group:group_types:update", admin, nil},
	{"group:group_types:delete", admin, nil},
	{"group:access_group_types_specs", admin, nil},
	// group type specs
	{"group:group_types_specs:get", admin, nil},
	{"group:group_types_specs:get_all", admin, nil},
	{"group:group_types_specs:create", admin, nil},
	{"group:group_types_specs:update", admin, nil},
	{"group:group_types_specs:delete", admin, nil},
	// group snapshots
	{"group:get_all_group_snapshots", reader, adminOrOwner},
	{"group:create_group_snapshot", member, everyone},
	{"group:get_group_snapshot", reader, adminOrOwner},
	{"group:delete_group_snapshot", member, adminOrOwner},
	{"group:update_group_snapshot", member, adminOrOwner},
	{"group:group_snapshot_project_attribute", admin, nil},
	{"group:reset_group_snapshot_status", admin, nil},
	// groups
	{"group:delete", member, adminOrOwner},
	{"group:reset_status", admin, nil},
	{"group:enable_replication", member, adminOrOwner},
	{"group:disable_replication", member, adminOrOwner},
	{"group:failover_replication", member, adminOrOwner},
	{"group:list_replication_targets", member, adminOrOwner},
	// qos specs
	{"volume_extension:qos_specs_manage:get_all", admin, nil},
	{"volume_extension:qos_specs_manage:get", admin, nil},
	{"volume_extension:qos_specs_manage:create", admin, nil},
	{"volume_extension:qos_specs_manage:update", admin, nil},
	{"volume_extension:qos_specs_manage:delete", admin, nil},
	// quota class sets
	{"volume_extension:quota_classes:get", admin, nil},
	{"volume_extension:quota_classes:update", admin, nil},
	// quota sets
	{"volume_extension:quotas:show", reader, adminOrOwner},
	{"volume_extension:quotas:update", admin, nil},
	{"volume_extension:quotas:delete", admin, nil},
	// capabilities
	{"volume_extension:capabilities", admin, nil},
	// services
	{"volume_extension:services:index", admin, nil},
	{"volume_extension:services:update", admin, nil},
	{"volume:freeze_host", admin, nil},
	{"volume:thaw_host", admin, nil},
	{"volume:failover_host", admin, nil},
	// scheduler stats
	{"scheduler_extension:scheduler_stats:get_pools", admin, nil},
	// hosts
	{"volume_extension:hosts", admin, nil},
	// limits
	{"limits_extension:used_limits", reader, adminOrOwner},
	// manage volume
	{"volume_extension:list_manageable", admin, nil},
	{"volume_extension:volume_manage", admin, nil},
	{"volume_extension:volume_unmanage", admin, nil},
	// volume types
	{"volume_extension:type_create", admin, nil},
	{"volume_extension:type_update", admin, nil},
	{"volume_extension:type_delete", admin, nil},
	{"volume_extension:type_get", reader, everyone},
	{"volume_extension:type_get_all", reader, everyone},
	{"volume_extension:access_types_extra_specs", reader, older("rule:admin_api")},
	{"volume_extension:access_types_qos_specs_id", admin, nil},
	// volume type encryption
	{"volume_extension:volume_type_encryption", admin, nil},
	{"volume_extension:volume_type_encryption:create", admin, older("rule:volume_extension:volume_type_encryption")},
	{"volume_extension:volume_type_encryption:get", admin, older("rule:volume_extension:volume_type_encryption")},
	{"volume_extension:volume_type_encryption:update", admin, older("rule:volume_extension:volume_type_encryption")},
	{"volume_extension:volume_type_encryption:delete", admin, older("rule:volume_extension:volume_type_encryption")},
	// volume type access
	{"volume_extension:volume_type_access", member, adminOrOwner},
	{"volume_extension:volume_type_access:addProjectAccess", admin, nil},
	{"volume_extension:volume_type_access:removeProjectAccess", admin, nil},
	{"volume_extension:volume_type_access:get_all_for_type", admin, nil},
	// volume actions
	{"volume:extend", member, adminOrOwner},
	{"volume:extend_attached_volume", member, adminOrOwner},
	{"volume_extension:volume_admin_actions:extend_volume_completion", admin, nil},
	{"volume:revert_to_snapshot", member, adminOrOwner},
	{"volume_extension:volume_admin_actions:reset_status", admin, nil},
	{"volume:retype", member, adminOrOwner},
	{"volume:update_readonly_flag", member, adminOrOwner},
	{"volume_extension:volume_admin_actions:force_delete", admin, nil},
	{"volume_extension:volume_actions:upload_public", admin, nil},
	{"volume_extension:volume_actions:upload_image", member, adminOrOwner},
	{"volume_extension:volume_admin_actions:force_detach", admin, nil},
	{"volume_extension:volume_admin_actions:migrate_volume", admin, nil},
	{"volume_extension:volume_admin_actions:migrate_volume_completion", admin, nil},
	{"volume_extension:volume_actions:initialize_connection", member, adminOrOwner},
	{"volume_extension:volume_actions:terminate_connection", member, adminOrOwner},
	{"volume_extension:volume_actions:roll_detaching", member, adminOrOwner},
	{"volume_extension:volume_actions:reserve", member, adminOrOwner},
	{"volume_extension:volume_actions:unreserve", member, adminOrOwner},
	{"volume_extension:volume_actions:begin_detaching", member, adminOrOwner},
	{"volume_extension:volume_actions:attach", member, adminOrOwner},
	{"volume_extension:volume_actions:detach", member, adminOrOwner},
	{"volume:reimage", member, nil},
	{"volume:reimage_reserved", member, nil},
	// volume transfers
	{"volume:get_all_transfers", reader, adminOrOwner},
	{"volume:create_transfer", member, adminOrOwner},
	{"volume:get_transfer", reader, adminOrOwner},
	{"volume:accept_transfer", member, everyone},
	{"volume:delete_transfer", member, adminOrOwner},
	// volume metadata
	{"volume:get_volume_metadata", reader, adminOrOwner},
	{"volume:create_volume_metadata", member, adminOrOwner},
	{"volume:update_volume_metadata", member, adminOrOwner},
	{"volume:delete_volume_metadata", member, adminOrOwner},
	// volume image metadata
	{"volume_extension:volume_image_metadata:show", reader, adminOrOwner},
	{"volume_extension:volume_image_metadata:set", member, adminOrOwner},
	{"volume_extension:volume_image_metadata:remove", member, adminOrOwner},
	// volume metadata
	{"volume:update_volume_admin_metadata", admin, nil},
	// volume type extra specs
	{"volume_extension:types_extra_specs:index", reader, everyone},
	{"volume_extension:types_extra_specs:create", admin, nil},
	{"volume_extension:types_extra_specs:show", reader, everyone},
	{"volume_extension:types_extra_specs:read_sensitive", admin, nil},
	{"volume_extension:types_extra_specs:update", admin, nil},
	{"volume_extension:types_extra_specs:delete", admin, nil},
	// volumes
	{"volume:create", member, everyone},
	{"volume:create_from_image", member, everyone},
	{"volume:get", reader, adminOrOwner},
	{"volume:get_all", reader, adminOrOwner},
	{"volume:update", member, adminOrOwner},
	{"volume:delete", member, adminOrOwner},
	{"volume:force_delete", admin, nil},
	{"volume_extension:volume_host_attribute", admin, nil},
	{"volume_extension:volume_tenant_attribute", reader, adminOrOwner},
	{"volume_extension:volume_mig_status_attribute", admin, nil},
	// volume encryption
	{"volume_extension:volume_encryption_metadata", reader, adminOrOwner},
	// volumes
	{"volume:multiattach", member, adminOrOwner},
	// default types
	{"volume_extension:default_set_or_update", admin, anyAdmin},
	{"volume_extension:default_get", admin, anyAdmin},
	{"volume_extension:default_get_all", admin, systemAdmin},
	{"volume_extension:default_unset", admin, anyAdmin},
}
