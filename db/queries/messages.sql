-- name: insertMessage :exec
INSERT INTO messages (project_id, request_id, resource_type, resource_uuid, action_id, detail_id, message_level, expires_at)
VALUES (@project_id, @request_id, @resource_type, @resource_uuid, @action_id, @detail_id, @message_level, now() + make_interval(secs => @ttl_seconds::float8));

-- name: purgeMessages :execrows
DELETE FROM messages WHERE expires_at < now();

-- name: deleteMessage :execrows
DELETE FROM messages WHERE id = @id;
