-- name: insertTransfer :one
INSERT INTO transfers (id, volume_id, name, salt, key_hash, no_snapshots, source_project_id)
VALUES (@id, @volume_id, @name, @salt, @key_hash, @no_snapshots, @source_project_id) RETURNING *;

-- lockTransfer makes two who accept or end the same offer come one after the other.
-- name: lockTransfer :one
SELECT * FROM transfers WHERE id = @id AND NOT accepted FOR UPDATE;

-- name: acceptTransfer :exec
UPDATE transfers SET accepted = true, destination_project_id = @destination_project_id::text, updated_at = now() WHERE id = @id;

-- name: deleteTransfer :exec
DELETE FROM transfers WHERE id = @id;

-- snapshotNotIn finds a snapshot of the volume, of the same project, that an operation does not accept or
-- that a group snapshot holds, whose owner could delete it later.
-- name: snapshotNotIn :one
SELECT id, group_snapshot_id IS NOT NULL AS grouped FROM snapshots WHERE volume_id = @volume_id AND project_id = @project_id AND (status <> ALL (@accepts::text[]) OR group_snapshot_id IS NOT NULL)
ORDER BY created_at, id LIMIT 1;

-- name: giveVolumeTo :one
UPDATE volumes SET status = @to_status, project_id = @project_id, user_id = @user_id, updated_at = now()
WHERE id = @id AND status = ANY (@accepts::text[]) RETURNING *;

-- giveSnapshotsTo leaves those that a third project has from an offer without snapshots.
-- name: giveSnapshotsTo :many
UPDATE snapshots SET project_id = @project_id, user_id = @user_id, updated_at = now()
WHERE volume_id = @volume_id AND project_id = @from_project_id AND status = ANY (@accepts::text[]) AND group_snapshot_id IS NULL RETURNING *;
