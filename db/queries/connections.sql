-- name: ConnectionOf :one
SELECT * FROM volume_connections WHERE volume_id = @volume_id AND initiator = @initiator;

-- name: ConnectionsOf :many
SELECT * FROM volume_connections WHERE volume_id = @volume_id ORDER BY created_at, id;

-- name: hasConnections :one
SELECT EXISTS (SELECT 1 FROM volume_connections WHERE volume_id = @volume_id);

-- storeConnection writes nothing for a volume that is gone.
-- name: storeConnection :execrows
INSERT INTO volume_connections (id, volume_id, initiator, connector, connection_info)
SELECT @id, v.id, @initiator, @connector, @connection_info FROM volumes v WHERE v.id = @volume_id
ON CONFLICT (volume_id, initiator) DO UPDATE
SET connector = excluded.connector, connection_info = excluded.connection_info;

-- name: deleteConnections :exec
DELETE FROM volume_connections WHERE id = ANY (sqlc.arg('ids')::text[]::uuid[]);

-- name: deleteConnectionsOf :many
DELETE FROM volume_connections WHERE volume_id = @volume_id RETURNING id;

-- connectionsHeldBy lists what ends with an attachment that came without a
-- connection of its own: the connections to its host, and all of them when it
-- is the last such attachment.
-- name: ConnectionsHeldBy :many
SELECT c.id FROM volume_connections c JOIN attachments a ON a.volume_id = c.volume_id
WHERE a.id = @attachment_id AND a.connection_info IS NULL AND a.attach_status IN ('attached', 'detaching', 'error_detaching')
  AND (NOT EXISTS (SELECT 1 FROM attachments o WHERE o.volume_id = a.volume_id AND o.id <> a.id AND o.connection_info IS NULL
                   AND o.attach_status IN ('attached', 'detaching', 'error_detaching'))
       OR c.connector ->> 'host' = a.attached_host
          AND NOT EXISTS (SELECT 1 FROM attachments o WHERE o.volume_id = a.volume_id AND o.id <> a.id AND o.attached_host = a.attached_host));

-- lockVolumeRow holds a volume whatever its state.
-- name: lockVolumeRow :one
SELECT * FROM volumes WHERE id = @id FOR UPDATE;

-- ownAttachment finds what makes a second attach of the same instance, or
-- without one of the same host, a repetition.
-- name: ownAttachment :one
SELECT EXISTS (SELECT 1 FROM attachments
               WHERE volume_id = @volume_id AND attach_status = ANY (@accepts::text[])
                 AND CASE WHEN sqlc.narg('instance_uuid')::uuid IS NULL THEN attached_host = sqlc.narg('attached_host')
                          ELSE instance_uuid = sqlc.narg('instance_uuid') END);

-- beginAttachVolume takes a volume that nothing has, and notes its mode; the
-- status follows with the attachment.
-- name: beginAttachVolume :execrows
UPDATE volumes SET updated_at = now(),
       admin_metadata = '{"readonly": "False"}'::jsonb || admin_metadata || jsonb_build_object('attached_mode', @mode::text)
WHERE id = @id AND status = ANY (@accepts::text[])
  AND (multiattach OR attach_status <> 'attached' OR coalesce(migration_status, '') <> '');

-- name: insertAttached :one
INSERT INTO attachments (id, volume_id, project_id, attach_status, attach_mode, instance_uuid, attached_host, mountpoint, attach_time)
VALUES (@id, @volume_id, @project_id, @attach_status, @attach_mode, @instance_uuid, @attached_host, @mountpoint, now())
RETURNING *;

-- settleVolume ends a detach that found nothing to detach.
-- name: settleVolume :exec
UPDATE volumes v SET status = 'available', attach_status = 'detached', admin_metadata = v.admin_metadata - 'attached_mode', updated_at = now()
WHERE v.id = @id AND v.status = ANY (@accepts::text[]) AND NOT EXISTS (SELECT 1 FROM attachments a WHERE a.volume_id = v.id);
