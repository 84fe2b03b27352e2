-- name: insertSnapshot :one
INSERT INTO snapshots (id, volume_id, project_id, user_id, status, volume_size, volume_type_id, name, description, metadata)
VALUES (@id, @volume_id, @project_id, @user_id, @status, @volume_size, @volume_type_id, @name, @description, @metadata)
RETURNING *;

-- name: GetSnapshot :one
SELECT * FROM snapshots WHERE id = @id;

-- name: shareSnapshot :one
SELECT * FROM snapshots WHERE id = @id AND status = ANY (@accepts::text[]) FOR SHARE;

-- name: beginDeleteSnapshot :one
UPDATE snapshots SET status = @to_status, updated_at = now()
WHERE id = @id AND status = ANY (@accepts::text[]) AND group_snapshot_id IS NULL
RETURNING *;

-- name: finishSnapshot :execrows
UPDATE snapshots SET status = @to_status, progress = @progress, updated_at = now()
WHERE id = @id AND status = ANY (@running::text[]);

-- name: deleteSnapshot :one
DELETE FROM snapshots WHERE id = @id RETURNING *;

-- name: updateSnapshotText :one
UPDATE snapshots SET
    name = CASE WHEN @set_name::boolean THEN sqlc.narg('name') ELSE name END,
    description = CASE WHEN @set_description::boolean THEN sqlc.narg('description') ELSE description END,
    updated_at = now()
WHERE id = @id RETURNING id;

-- name: mergeSnapshotMetadata :one
UPDATE snapshots SET metadata = metadata || @added::jsonb, updated_at = now() WHERE id = @id RETURNING metadata;

-- name: replaceSnapshotMetadata :one
UPDATE snapshots SET metadata = @metadata, updated_at = now() WHERE id = @id RETURNING metadata;

-- name: removeSnapshotMetadata :one
UPDATE snapshots SET metadata = metadata - @key::text, updated_at = now() WHERE id = @id RETURNING metadata;

-- name: resetSnapshot :execrows
UPDATE snapshots SET status = @status, updated_at = now() WHERE id = @id;
