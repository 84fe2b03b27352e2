-- name: insertLooseKey :exec
INSERT INTO loose_keys (key_id, project_id, due)
VALUES (@key_id, @project_id, now() + make_interval(secs => @due_seconds::float8))
ON CONFLICT (key_id) DO UPDATE SET project_id = excluded.project_id, due = excluded.due;

-- name: deleteLooseKey :execrows
DELETE FROM loose_keys WHERE key_id = @key_id;

-- name: looseKeys :many
SELECT k.key_id FROM loose_keys k WHERE k.project_id = @project_id AND k.due <= now()
  AND NOT EXISTS (SELECT 1 FROM volumes v WHERE v.encryption_key_id = k.key_id)
ORDER BY k.due LIMIT @at_most::int;

-- lockKey lets one transaction at a time ask who uses a key.
-- name: lockKey :exec
SELECT pg_advisory_xact_lock(hashtextextended('key ' || @key_id::text, 0));

-- keyUsed: the copy that a move makes has the key of its volume.
-- name: keyUsed :one
SELECT EXISTS (SELECT 1 FROM volumes WHERE encryption_key_id = @key_id::uuid AND id IS DISTINCT FROM sqlc.narg('but')::uuid)::boolean;

-- takeVolumeKey says that the key of a volume has gone, unless it has another by now.
-- name: takeVolumeKey :exec
UPDATE volumes SET encryption_key_id = NULL WHERE id = @id AND encryption_key_id = @key_id::uuid;

-- name: swapVolumeKey :execrows
UPDATE volumes SET encryption_key_id = @new_key_id, updated_at = now() WHERE id = @id AND encryption_key_id = @old_key_id;

-- holdJob keeps a job that nobody has claimed from beginning for a while.
-- name: holdJob :exec
UPDATE jobs SET not_before = now() + make_interval(secs => @hold_seconds::float8) WHERE id = @id AND state = 'queued';

-- releaseJob ends the hold.
-- name: releaseJob :one
UPDATE jobs SET not_before = now() WHERE id = @id AND state = 'queued' RETURNING queue;

-- cancelJob removes a job that has not begun.
-- name: cancelJob :one
DELETE FROM jobs WHERE id = @id AND state = 'queued' RETURNING queue;

-- name: failSnapshotDeletes :exec
UPDATE snapshots SET status = @to_status, updated_at = now() WHERE volume_id = @volume_id AND status = @running;

-- groupCloneSources are the volumes that a new group is copied from.
-- name: groupCloneSources :many
SELECT v.* FROM volumes v
WHERE v.group_id = sqlc.narg('group_id')::uuid
   OR v.id IN (SELECT s.volume_id FROM snapshots s WHERE s.group_snapshot_id = sqlc.narg('group_snapshot_id')::uuid);

-- name: setVolumeKey :exec
UPDATE volumes SET encryption_key_id = sqlc.narg('key_id') WHERE id = @id;
