-- groupTypeFor finds a type by id or by name; those that are not public are for administrators.
-- name: groupTypeFor :one
SELECT t.* FROM group_types t
WHERE (t.id::text = lower(@ref::text) OR t.name = @ref::text) AND (t.is_public OR @any_type::boolean)
ORDER BY t.id::text = lower(@ref::text) DESC LIMIT 1;

-- name: getGroupType :one
SELECT * FROM group_types WHERE id = @id;

-- name: insertGroupType :one
INSERT INTO group_types (name, description, is_public, group_specs) VALUES (@name, @description, @is_public, @group_specs) RETURNING *;

-- name: updateGroupType :one
UPDATE group_types SET name = coalesce(sqlc.narg('name'), name), description = coalesce(sqlc.narg('description'), description),
    is_public = coalesce(sqlc.narg('is_public'), is_public), updated_at = now()
WHERE id = @id RETURNING *;

-- name: deleteGroupType :execrows
DELETE FROM group_types WHERE id = @id;

-- name: mergeGroupSpecs :execrows
UPDATE group_types SET group_specs = group_specs || @added::jsonb, updated_at = now() WHERE id = @id;

-- name: removeGroupSpec :execrows
UPDATE group_types SET group_specs = group_specs - @key::text, updated_at = now() WHERE id = @id AND group_specs ? @key::text;
