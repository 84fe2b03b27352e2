-- name: GetVolumeType :one
SELECT * FROM volume_types WHERE id = @id;

-- volumeTypeFor finds a type by id or by name that the project may use.
-- name: volumeTypeFor :one
SELECT t.* FROM volume_types t
WHERE (t.id::text = lower(@ref::text) OR t.name = @ref::text)
  AND (t.is_public OR @any_project::boolean OR EXISTS (SELECT 1 FROM volume_type_projects p WHERE p.volume_type_id = t.id AND p.project_id = @project_id))
ORDER BY t.id::text = lower(@ref::text) DESC LIMIT 1;

-- name: projectDefaultType :one
SELECT t.* FROM volume_types t JOIN default_volume_types d ON d.volume_type_id = t.id WHERE d.project_id = @project_id;

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
SELECT EXISTS (SELECT 1 FROM volumes WHERE volume_type_id = @id);

-- name: deleteVolumeType :execrows
DELETE FROM volume_types WHERE id = @id;

-- name: mergeExtraSpecs :one
UPDATE volume_types SET extra_specs = extra_specs || @added::jsonb, updated_at = now() WHERE id = @id RETURNING extra_specs;

-- name: removeExtraSpec :one
UPDATE volume_types SET extra_specs = extra_specs - @key::text, updated_at = now() WHERE id = @id RETURNING extra_specs;

-- name: renameQuotaResources :exec
UPDATE quota_usages SET resource = left(resource, length(resource) - length(@old_name::text)) || @new_name::text
WHERE resource IN ('volumes_' || @old_name::text, 'gigabytes_' || @old_name::text, 'snapshots_' || @old_name::text);

-- name: typeName :one
SELECT name FROM volume_types WHERE id = @id;
