-- name: GetVolumeType :one
SELECT * FROM volume_types WHERE id = @id;

-- volumeTypeFor finds a type by id or by name that the project may use.
-- name: volumeTypeFor :one
SELECT t.* FROM volume_types t
WHERE (t.id::text = lower(@ref::text) OR t.name = @ref::text)
  AND (t.is_public OR @any_project::boolean OR EXISTS (SELECT 1 FROM volume_type_projects p WHERE p.volume_type_id = t.id AND p.project_id = @project_id))
ORDER BY t.id::text = lower(@ref::text) DESC LIMIT 1;

-- typeByDefault finds the project's own default, else the configured one, by name or id.
-- name: typeByDefault :one
SELECT t.* FROM volume_types t LEFT JOIN default_volume_types d ON d.volume_type_id = t.id AND d.project_id = @project_id
WHERE d.project_id IS NOT NULL OR t.name = @configured::text OR t.id::text = lower(@configured::text)
ORDER BY d.project_id IS NOT NULL DESC, t.id::text = lower(@configured::text) DESC LIMIT 1;

-- name: volumeTypesFor :many
SELECT t.* FROM volume_types t
WHERE t.is_public OR @any_project::boolean OR EXISTS (SELECT 1 FROM volume_type_projects p WHERE p.volume_type_id = t.id AND p.project_id = @project_id)
ORDER BY t.created_at DESC, t.id DESC;

-- name: insertVolumeType :one
INSERT INTO volume_types (name, description, is_public, extra_specs) VALUES (@name, @description, @is_public, @extra_specs) RETURNING *;

-- name: updateVolumeType :one
UPDATE volume_types SET name = coalesce(sqlc.narg('name'), name),
    description = CASE WHEN @set_description::boolean THEN sqlc.narg('description') ELSE description END,
    is_public = coalesce(sqlc.narg('is_public'), is_public), updated_at = now()
WHERE id = @id RETURNING *;

-- name: volumeTypeInUse :one
SELECT EXISTS (SELECT 1 FROM volumes WHERE volumes.volume_type_id = @id
    UNION ALL SELECT 1 FROM snapshots WHERE snapshots.volume_type_id = @id);

-- name: volumeTypeOfVolumes :one
SELECT EXISTS (SELECT 1 FROM volumes WHERE volume_type_id = @id);

-- name: onlyVolumeType :one
SELECT count(*) <= 1 FROM volume_types;

-- name: isProjectDefault :one
SELECT EXISTS (SELECT 1 FROM default_volume_types WHERE volume_type_id = @id);

-- name: deleteVolumeType :execrows
DELETE FROM volume_types WHERE id = @id;

-- name: mergeExtraSpecs :one
UPDATE volume_types SET extra_specs = extra_specs || @added::jsonb, updated_at = now() WHERE id = @id RETURNING extra_specs;

-- name: removeExtraSpec :one
UPDATE volume_types SET extra_specs = extra_specs - @key::text, updated_at = now() WHERE id = @id RETURNING extra_specs;

-- dropQuotaResources forgets what a type that is gone left under a name that another one takes now.
-- name: dropQuotaResources :exec
WITH l AS (DELETE FROM quotas WHERE quotas.resource = ANY(@names::text[])),
     c AS (DELETE FROM quota_classes WHERE quota_classes.resource = ANY(@names::text[]))
DELETE FROM quota_usages WHERE quota_usages.resource = ANY(@names::text[]);

-- name: renameQuotaResources :exec
WITH n AS (SELECT unnest(@old_names::text[]) AS old, unnest(@new_names::text[]) AS new),
     l AS (UPDATE quotas q SET resource = n.new FROM n WHERE q.resource = n.old),
     c AS (UPDATE quota_classes q SET resource = n.new FROM n WHERE q.resource = n.old)
UPDATE quota_usages u SET resource = n.new FROM n WHERE u.resource = n.old;

-- name: typeProjects :many
SELECT project_id FROM volume_type_projects WHERE volume_type_id = @id ORDER BY project_id;

-- name: addTypeProject :execrows
INSERT INTO volume_type_projects (volume_type_id, project_id) VALUES (@id, @project_id) ON CONFLICT DO NOTHING;

-- name: removeTypeProject :execrows
DELETE FROM volume_type_projects WHERE volume_type_id = @id AND project_id = @project_id;

-- name: defaultTypes :many
SELECT project_id, volume_type_id FROM default_volume_types ORDER BY project_id;

-- name: defaultTypeOf :one
SELECT volume_type_id FROM default_volume_types WHERE project_id = @project_id;

-- name: setDefaultType :exec
INSERT INTO default_volume_types (project_id, volume_type_id) VALUES (@project_id, @id)
ON CONFLICT (project_id) DO UPDATE SET volume_type_id = excluded.volume_type_id;

-- name: unsetDefaultType :exec
DELETE FROM default_volume_types WHERE project_id = @project_id;

-- name: typeName :one
SELECT name FROM volume_types WHERE id = @id;
