-- name: insertAttachment :one
INSERT INTO attachments (id, volume_id, project_id, attach_status, attach_mode, instance_uuid)
VALUES (@id, @volume_id, @project_id, @attach_status, @attach_mode, @instance_uuid)
RETURNING *;

-- name: GetAttachment :one
SELECT * FROM attachments WHERE id = @id;

-- name: AttachmentsOf :many
SELECT * FROM attachments WHERE volume_id = @volume_id ORDER BY created_at, id;

-- name: lockAttachment :one
SELECT * FROM attachments WHERE id = @id FOR UPDATE;

-- name: connectAttachment :execrows
UPDATE attachments SET attach_status = @to_status, connector = @connector, connection_info = @connection_info,
       attached_host = sqlc.narg('attached_host'), mountpoint = coalesce(sqlc.narg('mountpoint'), mountpoint),
       attach_mode = @attach_mode, attach_time = now(), updated_at = now()
WHERE id = @id AND attach_status = ANY (@accepts::text[]);

-- name: moveAttachment :execrows
UPDATE attachments SET attach_status = @to_status, updated_at = now()
WHERE id = @id AND attach_status = ANY (@accepts::text[]);

-- name: deleteAttachment :execrows
DELETE FROM attachments WHERE id = @id;

-- name: deleteAttachmentsOf :many
DELETE FROM attachments WHERE volume_id = @volume_id RETURNING id;

-- exportsOn lists what a worker must export before it accepts a connection: to
-- attachments, and to those that initialized a connection without one.
-- name: ExportsOn :many
SELECT e.id, e.volume_id, e.connector, e.connection_info, v.size, v.host, v.name_id
FROM (SELECT a.id, a.volume_id, a.connector, a.connection_info, a.created_at FROM attachments a WHERE a.connection_info IS NOT NULL
      UNION ALL
      SELECT c.id, c.volume_id, c.connector, c.connection_info, c.created_at FROM volume_connections c) e
JOIN volumes v ON v.id = e.volume_id
WHERE v.host = sqlc.arg('backend')::text OR v.host LIKE sqlc.arg('backend')::text || '#%'
ORDER BY e.volume_id, e.created_at, e.id;

-- name: setAttachMode :exec
UPDATE volumes SET admin_metadata = admin_metadata || jsonb_build_object('attached_mode', @mode::text) WHERE id = @id;
