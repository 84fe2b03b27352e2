-- serversOf: which servers of the compute service are attached to a volume.
-- name: serversOf :many
SELECT DISTINCT instance_uuid::text AS server FROM attachments
WHERE volume_id = @volume_id AND instance_uuid IS NOT NULL ORDER BY 1;

-- insertCopy makes the volume that a server is to change another for. It has
-- the migration's id, and costs its project nothing.
-- name: insertCopy :exec
INSERT INTO volumes (id, project_id, user_id, size, status, name, description, bootable, multiattach, availability_zone, volume_type_id,
                     metadata, admin_metadata, image_metadata, encryption_key_id, host, migration_status, consumes_quota)
SELECT @copy_id, v.project_id, v.user_id, v.size, @status, v.name, v.description, v.bootable, t.multiattach, v.availability_zone, t.type_id,
       v.metadata, v.admin_metadata - 'attached_mode', v.image_metadata,
       CASE WHEN @reencrypts::boolean THEN sqlc.narg('key_id')::uuid ELSE v.encryption_key_id END, @host, 'target:' || v.id, false
FROM volumes v,
     LATERAL (SELECT coalesce(sqlc.narg('volume_type_id')::uuid, v.volume_type_id) AS type_id,
                     CASE WHEN sqlc.narg('volume_type_id')::uuid IS NULL THEN v.multiattach ELSE @multiattach::boolean END AS multiattach) t
WHERE v.id = @volume_id
ON CONFLICT (id) DO NOTHING;

-- finishCopy: the copy can be attached.
-- name: finishCopy :execrows
UPDATE volumes SET status = @to_status, launched_at = now(), updated_at = now(), service_uuid = @service_uuid, availability_zone = @availability_zone
WHERE id = @id AND status = ANY (@running::text[]);

-- awaitJob puts a running job into a line of its own: the volume's other jobs
-- need not wait for what somebody else does.
-- name: awaitJob :execrows
UPDATE jobs SET state = 'queued', volume_id = @line, args = @args, owner = NULL, lease_until = NULL, attempts = 0,
       not_before = now() + make_interval(secs => @delay_seconds::float8)
WHERE id = @id AND owner = @owner AND attempts = @attempts AND state = 'running';

-- endAwait removes a job that waits for what has happened now; one that runs ends itself.
-- name: endAwait :exec
DELETE FROM jobs WHERE id = @id AND state = 'queued';

-- name: now :one
SELECT now()::timestamptz AS now;
