-- The events that a transaction tells of, written at its end or where a row is
-- about to go. "at" says in whose name: of the pool or the backend where the
-- resource is, or with '' of this process.

-- noteVolumes leaves out the end of volumes that the user never had.
-- name: noteVolumes :exec
INSERT INTO notifications (resource, publisher_id, event_type, context, payload)
SELECT 'volume ' || v.id,
       'volume.' || coalesce(CASE sqlc.arg('at')::text WHEN 'pool' THEN v.host WHEN 'backend' THEN split_part(v.host, '#', 1) END, sqlc.arg('host')::text),
       'volume.' || CASE WHEN v.status = 'unmanaging' THEN replace(sqlc.arg('suffix')::text, 'delete.', 'unmanage.') ELSE sqlc.arg('suffix')::text END,
       sqlc.arg('context')::jsonb,
       jsonb_build_object(
           'tenant_id', v.project_id, 'host', v.host, 'user_id', v.user_id, 'availability_zone', v.availability_zone,
           'volume_id', v.id, 'volume_type', v.volume_type_id, 'display_name', v.name,
           'launched_at', iso_time(coalesce(v.launched_at, now())), 'created_at', iso_time(v.created_at),
           'status', CASE v.status WHEN 'error_managing_deleting' THEN 'deleting' ELSE v.status END,
           'snapshot_id', v.snapshot_id, 'size', v.size, 'replication_status', v.replication_status,
           'replication_extended_status', NULL, 'replication_driver_data', NULL,
           'metadata', (SELECT coalesce(jsonb_agg(jsonb_build_object('key', m.key, 'value', m.value) ORDER BY m.key), '[]')
                        FROM jsonb_each_text(v.metadata) m),
           'volume_attachment', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'id', a.id, 'volume_id', a.volume_id, 'instance_uuid', a.instance_uuid, 'attached_host', a.attached_host,
                        'mountpoint', a.mountpoint, 'attach_time', iso_time(a.attach_time), 'detach_time', iso_time(a.detach_time),
                        'attach_status', a.attach_status, 'attach_mode', a.attach_mode, 'created_at', iso_time(a.created_at),
                        'updated_at', iso_time(a.updated_at), 'deleted_at', NULL, 'deleted', false) ORDER BY a.created_at, a.id), '[]')
                        FROM attachments a WHERE a.volume_id = v.id))
       || CASE WHEN v.image_metadata IS NULL THEN '{}' ELSE jsonb_build_object('glance_metadata',
              (SELECT coalesce(jsonb_agg(jsonb_build_object('volume_id', v.id, 'key', m.key, 'value', m.value) ORDER BY m.key), '[]')
               FROM jsonb_each_text(v.image_metadata) m)) END
       || sqlc.arg('extra')::jsonb
FROM volumes v
WHERE (v.id = ANY (sqlc.arg('ids')::text[]::uuid[]) OR v.group_id = sqlc.narg('group_id')::uuid)
  AND (v.consumes_quota OR NOT starts_with(sqlc.arg('suffix')::text, 'delete.'));

-- name: noteSnapshots :exec
INSERT INTO notifications (resource, publisher_id, event_type, context, payload)
SELECT 'volume ' || s.volume_id,
       'snapshot.' || coalesce(CASE sqlc.arg('at')::text WHEN 'pool' THEN v.host WHEN 'backend' THEN split_part(v.host, '#', 1) END, sqlc.arg('host')::text),
       'snapshot.' || sqlc.arg('suffix')::text,
       sqlc.arg('context')::jsonb,
       jsonb_build_object(
           'tenant_id', s.project_id, 'user_id', s.user_id, 'availability_zone', v.availability_zone, 'volume_id', s.volume_id,
           'volume_size', s.volume_size, 'snapshot_id', s.id, 'display_name', s.name, 'created_at', iso_time(s.created_at),
           'status', s.status, 'deleted', '', 'metadata', python_dict(s.metadata))
       || sqlc.arg('extra')::jsonb
FROM snapshots s JOIN volumes v ON v.id = s.volume_id
WHERE (s.id = ANY (sqlc.arg('ids')::text[]::uuid[]) OR s.group_snapshot_id = sqlc.narg('group_snapshot_id')::uuid
       OR s.volume_id = sqlc.narg('volume_id')::uuid)
  AND (s.consumes_quota OR NOT starts_with(sqlc.arg('suffix')::text, 'delete.'));

-- name: noteGroup :exec
INSERT INTO notifications (resource, publisher_id, event_type, context, payload)
SELECT 'group ' || g.id, 'group.' || coalesce(split_part(g.host, '#', 1), sqlc.arg('host')::text), 'group.' || sqlc.arg('suffix')::text,
       sqlc.arg('context')::jsonb,
       jsonb_build_object('tenant_id', g.project_id, 'user_id', g.user_id, 'availability_zone', g.availability_zone, 'group_id', g.id,
           'group_type', g.group_type_id, 'name', g.name, 'created_at', iso_time(g.created_at), 'status', g.status)
       || sqlc.arg('extra')::jsonb
FROM groups g WHERE g.id = sqlc.arg('id')::uuid;

-- name: noteGroupSnapshot :exec
INSERT INTO notifications (resource, publisher_id, event_type, context, payload)
SELECT 'group ' || s.group_id, 'group_snapshot.' || coalesce(split_part(g.host, '#', 1), sqlc.arg('host')::text),
       'group_snapshot.' || sqlc.arg('suffix')::text, sqlc.arg('context')::jsonb,
       jsonb_build_object('tenant_id', s.project_id, 'user_id', s.user_id, 'group_snapshot_id', s.id, 'name', s.name,
           'group_id', s.group_id, 'group_type', s.group_type_id, 'created_at', iso_time(s.created_at), 'status', s.status)
       || sqlc.arg('extra')::jsonb
FROM group_snapshots s JOIN groups g ON g.id = s.group_id WHERE s.id = sqlc.arg('id')::uuid;

-- name: noteEviction :exec
INSERT INTO notifications (resource, publisher_id, event_type, context, payload)
SELECT 'image ' || e.image_id, 'volume.' || sqlc.arg('host')::text, 'image_volume_cache.evict', sqlc.arg('context')::jsonb,
       jsonb_build_object('image_id', e.image_id, 'host', v.host)
FROM image_volume_cache_entries e JOIN volumes v ON v.id = e.volume_id WHERE e.volume_id = sqlc.arg('volume_id')::uuid;

-- name: noteOther :exec
INSERT INTO notifications (resource, publisher_id, event_type, priority, context, payload)
VALUES (@resource, @publisher_id, @event_type, @priority, sqlc.arg('context')::jsonb, sqlc.arg('payload')::jsonb);

-- claimNotifications takes the oldest that no other sender holds, and of a
-- resource only what does not overtake an older one that another sender holds.
-- name: claimNotifications :many
WITH free AS (
    SELECT * FROM notifications ORDER BY id LIMIT sqlc.arg('most') FOR UPDATE SKIP LOCKED)
SELECT * FROM free f
WHERE NOT EXISTS (SELECT 1 FROM notifications o WHERE o.resource = f.resource AND o.id < f.id AND o.id NOT IN (SELECT id FROM free))
ORDER BY id;

-- name: deleteNotifications :execrows
DELETE FROM notifications WHERE id = ANY (sqlc.arg('ids')::bigint[]);

-- dropNotifications removes the oldest beyond so many.
-- name: dropNotifications :execrows
DELETE FROM notifications WHERE id IN (
    SELECT n.id FROM notifications n
    WHERE n.id <= (SELECT l.id FROM notifications l ORDER BY l.id DESC LIMIT 1 OFFSET sqlc.arg('keep'))
    ORDER BY n.id LIMIT 10000 FOR UPDATE SKIP LOCKED);

-- name: WaitingNotifications :one
SELECT count(*) FROM notifications;

-- What existed in a period, page by page.
-- name: auditVolumes :many
SELECT id, created_at FROM volumes WHERE created_at < sqlc.arg('ending') AND id > sqlc.arg('after')::uuid ORDER BY id LIMIT sqlc.arg('most');

-- name: auditSnapshots :many
SELECT id, created_at FROM snapshots WHERE created_at < sqlc.arg('ending') AND id > sqlc.arg('after')::uuid ORDER BY id LIMIT sqlc.arg('most');
