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

-- exportsOn lists what a worker must export before it accepts a connection.
-- name: ExportsOn :many
SELECT a.id, a.volume_id, a.attach_mode, a.connector, a.connection_info, v.size, v.host, v.name_id
FROM attachments a JOIN volumes v ON v.id = a.volume_id
WHERE a.connection_info IS NOT NULL AND (v.host = sqlc.arg('backend')::text OR v.host LIKE sqlc.arg('backend')::text || '#%')
ORDER BY a.volume_id, a.created_at, a.id;

-- name: setAttachMode :exec
UPDATE volumes SET admin_metadata = admin_metadata || jsonb_build_object('attached_mode', @mode::text) WHERE id = @id;
